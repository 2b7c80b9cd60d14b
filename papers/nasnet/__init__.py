"""NASNet: reinforcement learning of cells, every child trained (arXiv:1707.07012, 1611.01578)."""
