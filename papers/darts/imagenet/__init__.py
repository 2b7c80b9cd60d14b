"""The cell that was found on CIFAR-10, on ImageNet (Sec. 3.3, Table 4)."""
