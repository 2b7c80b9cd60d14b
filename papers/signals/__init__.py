"""MNIST-1D's signals, generated from their seed: the data that several papers train on."""
