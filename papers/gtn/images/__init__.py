"""Teaching networks on MNIST, and toward the authors' own protocol."""
