"""Pairs of oracle and fast form, for `python -m harness bench`."""
