"""Case study on deep double descent: error against width, with and without label noise."""
