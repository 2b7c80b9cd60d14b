"""The DARTS cell space: search, training from scratch, sizes of the full networks (Sec. 3)."""
