"""The micro space on MNIST-1D's signals: the controller against its controls."""
