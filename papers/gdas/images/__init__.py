"""GDAS on CIFAR-10 and on a part of it: both searches, and the published cells retrained."""
