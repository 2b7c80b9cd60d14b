"""AmoebaNet: aging evolution of image classifiers (arXiv:1802.01548)."""
