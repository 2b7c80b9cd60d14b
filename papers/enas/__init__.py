"""ENAS: efficient neural architecture search by sharing parameters (arXiv:1802.03268)."""
