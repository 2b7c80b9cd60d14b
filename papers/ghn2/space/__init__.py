"""The space of networks: records drawn by seed, their graphs, and modules to run them."""
