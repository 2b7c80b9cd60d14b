"""The DARTS cell space on CIFAR-10 and on a part of it: search, evaluation (Sec. 3)."""
