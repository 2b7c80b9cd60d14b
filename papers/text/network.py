"""The language model around a recurrent cell: one embedding, used for reading and for predicting.

    e = embedding of the words, masked      h_1 ... h_T = cell(e)      logits = h E^T + b

Shapes: T time steps, B streams, D width, V words.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.training import device, text
from papers.text.cell import RecurrentCell
from papers.text.windows import Masks, TextWindow


class LanguageModel(nn.Module):
    """Embedding (V, D), which is the decoder too, its bias (V), and a cell."""

    def __init__(self, words: int, width: int, cell: RecurrentCell) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(words, width))
        self.bias = nn.Parameter(torch.zeros(words))
        self.cell = cell

    def forward(
        self, words: Tensor, hidden: Tensor, masks: Masks | None, *mixture: Tensor | bool
    ) -> tuple[Tensor, Tensor]:
        """Return logits (T B, V) and states (T, B, D) of words (T, B) int64 from h_0 (B, D).

        Without masks nothing is dropped. `mixture` is what a search cell takes besides: its
        weights of operations, and whether they are a sample of which only what has weight runs.
        """
        x = F.embedding(words, self.embedding)
        if masks is not None:
            x = x * masks.word[words][..., None] * masks.embedding
        states = self.cell(x, hidden, None if masks is None else masks.cell, *mixture)
        out = states if masks is None else states * masks.output
        return torch.addmm(self.bias, out.flatten(0, 1), self.embedding.T), states

    def loss(self, window: TextWindow, *mixture: Tensor | bool) -> Tensor:
        """Return the mean cross-entropy of a window in nats, regularised; keep its last state.

        Temporal activation regularisation adds beta times the mean squared h_t - h_{t-1}.
        """
        logits, states = self(window.inputs, window.before, window.masks, *mixture)
        window.after = states[-1].detach()
        value = F.cross_entropy(logits, window.targets.flatten())
        if window.beta and len(states) > 1:
            value = value + window.beta * (states[1:] - states[:-1]).square().mean()
        return value

    def pass_flops(self, words: int) -> float:
        """Return the FLOPs of a forward and backward pass over so many words.

        Matrix products only; backward is twice forward, also where alpha alone has a gradient.
        """
        width = self.embedding.shape[1]
        products = self.embedding.numel() + (2 + self.cell.products) * 2 * width**2
        return 3.0 * 2 * words * products


def build(model: LanguageModel, reach: float, seed: int, where: str) -> LanguageModel:
    """Draw all weights from U(-reach, reach), but the bias, which stays 0; move the model."""
    with device.seeded(seed), torch.no_grad():
        for name, parameter in model.named_parameters():
            if name != "bias":
                parameter.uniform_(-reach, reach)
    return model.to(where)


@torch.no_grad()
def cross_entropy(
    model: LanguageModel, encoded: Tensor, batch: int, length: int, *mixture: Tensor | bool
) -> float:
    """Return the mean cross-entropy in nats of a text (T), read in `batch` streams, no dropout.

    Perplexity is its exponential. The state goes on from window to window.
    """
    streams = text.streams(encoded, batch)
    hidden = model.embedding.new_zeros(batch, model.embedding.shape[1])
    total = torch.zeros((), dtype=torch.float64, device=encoded.device)
    for inputs, targets in text.windows(streams, length):
        logits, states = model(inputs, hidden, None, *mixture)
        hidden = states[-1]
        total += F.cross_entropy(logits, targets.flatten(), reduction="sum").double()
    return float(total) / (streams[1:].numel())
