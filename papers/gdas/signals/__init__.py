"""The DARTS cell space on MNIST-1D's signals, searched by samples."""
