"""Generative teaching networks (arXiv:1912.07768): a generator learns to make training data."""
