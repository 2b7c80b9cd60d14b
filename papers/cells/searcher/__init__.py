"""Searchers that several papers use: controllers with their policies, populations."""
