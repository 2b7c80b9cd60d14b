"""Shared GPU training utilities: the only harness code that knows torch."""
