"""Teaching networks on MNIST-1D: every arm in seconds."""
