"""Networks to try the tools on: put your own in their place.

`papers.ghn2 predict` and `papers.gtn teach` take FILE.py:NAME. The layers are laid out as those of
the learners that the kept curricula `mnist1d` and `mnist` were made with; others learn less.
"""

from __future__ import annotations

from torch import Tensor, nn


class Signals(nn.Module):
    """A classifier of MNIST-1D: signals (N, 40) or (N, 1, 40) to logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 16, 5, padding=2),
            nn.MaxPool1d(3, 2, 1),
            nn.BatchNorm1d(16),
            nn.LeakyReLU(0.1),
            nn.Conv1d(16, 32, 5, padding=2),
            nn.MaxPool1d(3, 2, 1),
            nn.BatchNorm1d(32),
            nn.LeakyReLU(0.1),
        )
        self.classifier = nn.Linear(320, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return self.classifier(self.features(x.reshape(len(x), 1, -1)).flatten(1))


class Digits(nn.Sequential):
    """A classifier of MNIST: images (N, 1, 28, 28) to logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.1),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(1568, 10),
        )
