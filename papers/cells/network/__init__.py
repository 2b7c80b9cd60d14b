"""Networks of cells, and the operations that they are made of."""
