"""Networks that hold every cell of a space at once, on edges or on nodes, with shared weights."""
