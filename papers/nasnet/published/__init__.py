"""NASNet-A: how large its networks are."""
