"""t-SNE of raw signals, of MNIST and of what contrastive learning makes of the signals."""
