"""Datasets by name: registry, verified store, DVC, official origins, the reader of CIFAR-10."""
