"""The four neural models of the benchmark (Fig. 2), in PyTorch's default initialisation.

A signal is (..., 40); every model returns (..., 10) logits. Their forwards keep to operations that
ignore leading axes, so `harness.training.ensemble` can stack many seeds of one model.
"""

from __future__ import annotations

from torch import Tensor, nn

from harness.training import device

SIGNAL, CLASSES = 40, 10


class Logistic(nn.Module):
    """Multinomial logistic regression: one linear layer, 410 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(SIGNAL, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        logits: Tensor = self.out(x)
        return logits


class MLP(nn.Module):
    """Two hidden layers of 100 units, the second one residual: 15,210 parameters."""

    def __init__(self, hidden: int = 100) -> None:
        super().__init__()
        self.first = nn.Linear(SIGNAL, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        h = self.first(x).relu()
        h = h + self.second(h).relu()
        logits: Tensor = self.out(h)
        return logits


class CNN(nn.Module):
    """Three convolutions of stride 2 (lengths 40, 19, 10, 5), then linear: 5,210 parameters."""

    def __init__(self, channels: int = 25) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, channels, 5, stride=2, padding=1)
        self.second = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.third = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.out = nn.Linear(5 * channels, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        h = self.first(x.unsqueeze(-2)).relu()
        h = self.second(h).relu()
        h = self.third(h).relu()
        logits: Tensor = self.out(h.flatten(-2))
        return logits


class GRU(nn.Module):
    """A bidirectional GRU of 6 units; its 40 outputs feed one linear layer: 5,134 parameters."""

    def __init__(self, hidden: int = 6) -> None:
        super().__init__()
        self.recurrent = nn.GRU(1, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(SIGNAL * 2 * hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals (..., 40) to logits (..., 10)."""
        outputs, _ = self.recurrent(x.unsqueeze(-1))
        logits: Tensor = self.out(outputs.flatten(-2))
        return logits


MODELS: dict[str, type[nn.Module]] = {"logistic": Logistic, "mlp": MLP, "cnn": CNN, "gru": GRU}


def build(name: str, seed: int) -> nn.Module:
    """Return the model of that name, its weights drawn from a stream of their own."""
    with device.seeded(seed):
        return MODELS[name]()
