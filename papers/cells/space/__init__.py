"""What a cell is: edge and node spaces, classes of equal cells, genotypes, published cells."""
