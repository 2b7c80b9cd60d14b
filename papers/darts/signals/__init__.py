"""The DARTS cell space on MNIST-1D's signals: search, training from scratch (Sec. 3)."""
