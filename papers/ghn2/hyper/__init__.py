"""The hypernetwork: features of nodes, propagation along the graph, and decoders."""
