"""Scaling Down Deep Learning with MNIST-1D (Greydanus & Kobak, arXiv:2011.14439)."""
