"""Hypernetworks on ImageNet: the paper's own configuration, from the user's own folder."""
