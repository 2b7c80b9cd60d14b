"""Windows of text in a row: what stands in them, their dropout masks, the state they go on from.

A batch is B streams read side by side. The hidden state at the end of a window is where the next
one starts, detached. Lengths and masks are drawn on the CPU by the streams' own generator, so
that they are the same on every device; they stand in the window, so that all passes of one step
see the same masks.

Shapes: T time steps, B streams, D width, V words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harness.training import text
from papers.text.cell import CellMasks


@dataclass(frozen=True)
class DropoutRates:
    """Dropout rates (DARTS, App. A.1.2): of whole words, embeddings, x, states, outputs."""

    word: float
    embedding: float
    x: float
    hidden: float
    output: float


@dataclass(frozen=True)
class Masks:
    """Inverted-dropout masks of one window: word (V), the others (B, D), the same at every t."""

    word: Tensor
    embedding: Tensor
    cell: CellMasks
    output: Tensor


@dataclass(frozen=True)
class Lengths:
    """How long windows are: `usual`, and half of it with probability `short`.

    With a `spread` above 0 that is a mean, and the length is drawn around it, within the bounds.
    """

    usual: int
    short: float
    spread: float = 0.0
    shortest: int = 1
    longest: int = 1_000_000

    def draw(self, stream: torch.Generator) -> int:
        """Return the length of the next window."""
        length = self.usual if torch.rand((), generator=stream) >= self.short else self.usual / 2
        if self.spread:
            length += self.spread * float(torch.randn((), generator=stream))
        return max(self.shortest, min(int(length), self.longest))


@dataclass
class TextWindow:
    """Inputs and targets (T, B) int64, the state before (B, D), masks; `after` once it was read.

    `beta` weights temporal activation regularisation in the loss of this window.
    """

    inputs: Tensor
    targets: Tensor
    before: Tensor
    masks: Masks
    beta: float
    after: Tensor | None = None


@dataclass(frozen=True)
class Reading:
    """How a text is read: streams side by side, lengths of windows, dropout, regularisation."""

    batch: int
    lengths: Lengths
    rates: DropoutRates
    beta: float
    width: int
    words: int


class Reader:
    """Reads one text window by window, from its start again where it ends, with h = 0."""

    def __init__(self, encoded: Tensor, reading: Reading, seed: int) -> None:
        self.reading = reading
        self.streams = text.streams(encoded, reading.batch)
        self.position, self.epoch = 0, 0
        self.hidden = torch.zeros(reading.batch, reading.width, device=encoded.device)
        self.drawn = torch.Generator().manual_seed(seed)

    def next(self) -> TextWindow:
        """Return the next window; `carry` it when all passes over it are done."""
        last = len(self.streams) - 1
        if self.position >= last:
            self.position, self.epoch = 0, self.epoch + 1
            self.hidden = torch.zeros_like(self.hidden)
        start = self.position
        stop = self.position = min(start + self.reading.lengths.draw(self.drawn), last)
        inputs, targets = self.streams[start:stop], self.streams[start + 1 : stop + 1]
        return TextWindow(inputs, targets, self.hidden, self._masks(), self.reading.beta)

    def carry(self, window: TextWindow) -> None:
        """Go on from the state that the window ended with."""
        if window.after is not None:
            self.hidden = window.after

    def state_dict(self) -> dict[str, Any]:
        """Return position, state and generator."""
        return {
            "position": self.position,
            "epoch": self.epoch,
            "hidden": self.hidden,
            "drawn": self.drawn.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another reader of the same text was."""
        self.position, self.epoch = state["position"], state["epoch"]
        self.hidden = state["hidden"].to(self.hidden.device)
        self.drawn.set_state(state["drawn"])

    def _masks(self) -> Masks:
        reading, rates = self.reading, self.reading.rates
        size = (reading.batch, reading.width)
        draw: Callable[..., Tensor] = self._mask
        return Masks(
            word=draw(rates.word, reading.words),
            embedding=draw(rates.embedding, *size),
            cell=CellMasks(draw(rates.x, *size), draw(rates.hidden, *size)),
            output=draw(rates.output, *size),
        )

    def _mask(self, rate: float, *size: int) -> Tensor:
        """Return a mask: 0 with probability `rate`, else 1 / (1 - rate)."""
        kept = torch.empty(size).bernoulli_(1 - rate, generator=self.drawn)
        return (kept / (1 - rate)).to(self.hidden.device)
