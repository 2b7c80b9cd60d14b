"""Hypernetworks on images: small networks on small images, and the paper's own configurations."""
