"""Trials run: sessions, workers on this machine or others, one trial, the contract of a paper."""
