"""What a step and a whole search cost, beside DARTS's first order on the same network."""
