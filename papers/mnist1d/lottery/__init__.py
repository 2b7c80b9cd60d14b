"""Sec. 4.1: lottery tickets by iterative magnitude pruning, and what they carry to other data."""
