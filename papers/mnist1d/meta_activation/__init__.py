"""Sec. 4.4: meta-learning an activation function by gradient descent through the training run."""
