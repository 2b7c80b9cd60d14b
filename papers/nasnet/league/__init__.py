"""Reinforcement learning in the cell league, where the truth is known."""
