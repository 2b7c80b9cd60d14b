"""Searching for architectures with a differentiable sampler (arXiv:1910.04465)."""
