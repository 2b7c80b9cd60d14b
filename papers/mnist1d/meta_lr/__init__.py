"""Meta-learning a learning rate by gradient descent through the training run."""
