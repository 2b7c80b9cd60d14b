"""Self-supervised learning: SimCLR-type training with three projection heads, and its probes."""
