"""NASNet-A on CIFAR-10, by the authors' own protocol and by DARTS's."""
