"""Cell spaces, networks, supernets and the ground truth that all search papers share."""
