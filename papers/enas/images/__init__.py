"""The micro and the macro space on images: a part of CIFAR-10, CIFAR-10 itself, and ImageNet."""
