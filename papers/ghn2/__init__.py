"""Graph HyperNetworks: the parameters of unseen networks, predicted in one pass."""
