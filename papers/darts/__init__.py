"""DARTS: Differentiable Architecture Search (Liu, Simonyan & Yang 2019, arXiv:1806.09055)."""
