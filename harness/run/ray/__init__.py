"""Trials as tasks of Ray, on a cluster or on this machine; a process of its own talks to it."""
