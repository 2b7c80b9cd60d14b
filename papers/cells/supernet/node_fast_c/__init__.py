"""The compiled form of `papers.cells.supernet.node_fast`: `--kernels c` puts it in its place."""
