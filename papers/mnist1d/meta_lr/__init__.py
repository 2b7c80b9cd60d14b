"""Sec. 4.3: meta-learning a learning rate by gradient descent through the training run."""
