"""Hypernetworks on MNIST-1D's signals, in a space of small networks."""
