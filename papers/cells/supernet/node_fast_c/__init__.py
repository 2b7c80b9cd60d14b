"""The compiled form of `papers.cells.supernet.node_fast`, which `--kernels c` puts in its place."""
