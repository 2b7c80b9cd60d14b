"""How one cell is trained from scratch: protocols on MNIST-1D and on CIFAR."""
