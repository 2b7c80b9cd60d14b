"""Median and quartiles over single searches, as pictures."""
