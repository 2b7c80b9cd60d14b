"""Teaching networks on CIFAR-10, and the search of the authors' own space."""
