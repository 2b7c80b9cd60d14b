"""Fast forms of small networks: kernels, depthwise convolutions, many children side by side."""
