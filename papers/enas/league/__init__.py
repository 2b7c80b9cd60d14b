"""ENAS in the cell league of MNIST-1D, where the truth about every cell is known."""
