"""Searching with a teaching network in the cell league."""
