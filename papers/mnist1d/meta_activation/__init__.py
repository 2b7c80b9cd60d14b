"""Meta-learning an activation function by gradient descent through the training run."""
