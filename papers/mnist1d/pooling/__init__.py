"""Case study on spatial pooling: five ways to downsample, against the size of the training set."""
