"""Lottery tickets by iterative magnitude pruning, and what they carry to other data."""
