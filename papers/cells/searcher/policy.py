"""What LSTM controllers are made of: logits, decisions, attention over earlier states.

Pham et al. 2018, arXiv:1802.03268, Sec. 2; `papers.cells.searcher.controller` walks through the
spaces. Logits are tau tanh(score / T): tau caps how sure a decision can be, T slows learning down.

Shapes: N architectures, D decisions of each, K choices, H hidden units, O operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.paper import Refused

HIDDEN = 64
WIDTH = 0.1  # initial weights are uniform between -WIDTH and WIDTH
State = tuple[Tensor, Tensor]  # h, c, each (N, H)


@dataclass(frozen=True)
class Preset:
    """How scores become logits.

    `index` and `op` are tau for states (and skips) and for operations. `bias` is where the
    learned biases of separable convolutions begin, `fixed` what those have ahead in the normal
    cell, and the other operations behind.
    """

    index: float = 2.5
    op: float = 2.5
    temperature: float = 1.0
    bias: float = 0.0
    fixed: float = 0.0


PRESETS = {
    # tanh(10) is 1 in float32 with gradient 0: separable convolutions are fixed at +.44, so this
    # controller cannot settle on an architecture
    "release": Preset(1.1, 1.1 / 2.5, bias=10.0, fixed=0.25),
    "paper": Preset(temperature=5.0),
    "free": Preset(),
}
PLAIN = {**PRESETS, "release": Preset(1.5, 1.5)}  # for spaces in which no operation is favoured


@dataclass(frozen=True)
class Draw:
    """Architectures (N, D) int64, and of each decision log-probability and entropy (N, D)."""

    codes: Tensor
    log_probs: Tensor
    entropies: Tensor

    @property
    def log_prob(self) -> Tensor:
        """Return the log-probability of each architecture (N)."""
        return self.log_probs.sum(1)

    @property
    def entropy(self) -> Tensor:
        """Return the entropies of each trajectory's decisions (N), the true ones, summed."""
        return self.entropies.sum(1)


class Choices:
    """Decides again and again: draws from a stream, or follows the decisions given (N, D)."""

    def __init__(self, count: int, given: Tensor | None, stream: torch.Generator | None) -> None:
        self.count, self._given, self._stream = count, given, stream
        self._made: list[tuple[Tensor, Tensor, Tensor]] = []
        self._done = 0

    def take(self, logits: Tensor) -> Tensor:
        """Make M independent decisions between K, logits (N, M, K): return them (N, M)."""
        log_p = logits.log_softmax(-1)
        many, self._done = log_p.shape[1], self._done + log_p.shape[1]
        if self._given is None:
            flat = log_p.detach().exp().flatten(0, 1)
            chosen = torch.multinomial(flat, 1, generator=self._stream).view(self.count, many)
        else:
            chosen = self._given[:, self._done - many : self._done]
        own = log_p.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
        self._made.append((chosen, own, -(log_p.exp() * log_p).sum(-1)))
        return chosen

    def one(self, logits: Tensor) -> Tensor:
        """Make one decision, logits (N, K): return it (N)."""
        return self.take(logits.unsqueeze(1)).squeeze(1)

    def draw(self, order: Tensor) -> Draw:
        """Return what was decided; `order` says which decision stands at each place of a code."""
        codes, own, entropies = (torch.cat(parts, 1) for parts in zip(*self._made, strict=True))
        return Draw(codes[:, order], own[:, order], entropies[:, order])


class Policy(nn.Module):
    """LSTM without bias, first input, and operations: their embeddings and their scores."""

    def __init__(self, ops: int, preset: Preset, hidden: int) -> None:
        super().__init__()
        self.preset, self.hidden = preset, hidden
        self.lstm = nn.LSTMCell(hidden, hidden, bias=False)
        self.start = nn.Parameter(torch.empty(1, hidden))
        self.embedding = nn.Parameter(torch.empty(ops, hidden))
        self.scores = nn.Parameter(torch.empty(hidden, ops))

    def first(self, count: int) -> Tensor:
        """Return the learned first input (N, H)."""
        return self.start.expand(count, -1)

    def rest(self, count: int) -> State:
        """Return the state before the first step: zeros."""
        zeros = torch.zeros_like(self.first(count))
        return zeros, zeros

    def step(self, x: Tensor, state: State) -> State:
        """Return the next state."""
        h, c = self.lstm(x, state)
        return h, c

    def ops(self, h: Tensor, bias: Tensor | float = 0.0) -> Tensor:
        """Return the logits of operations (N, O)."""
        return shaped(h @ self.scores + bias, self.preset.op, self.preset)


class Attention(nn.Module):
    """Scores of earlier states j against the present one: v tanh(W1 h_j + W2 h)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.empty(hidden, hidden))
        self.w2 = nn.Parameter(torch.empty(hidden, hidden))
        self.v = nn.Parameter(torch.empty(hidden))

    def key(self, h: Tensor) -> Tensor:
        """Return what a state is found by: W1 h (N, H)."""
        return h @ self.w1

    def forward(self, keys: Sequence[Tensor], h: Tensor) -> Tensor:
        """Return a score for each earlier state (N, len(keys))."""
        scores: Tensor = (torch.stack(tuple(keys), 1) + (h @ self.w2).unsqueeze(1)).tanh() @ self.v
        return scores


def shaped(scores: Tensor, tau: float, preset: Preset) -> Tensor:
    """Return tau tanh(score / T)."""
    return tau * (scores / preset.temperature).tanh()


def initialise(module: nn.Module, seed: int) -> None:
    """Draw every weight uniformly from an own stream."""
    stream = torch.Generator().manual_seed(seed)
    for weight in module.parameters():
        nn.init.uniform_(weight, -WIDTH, WIDTH, generator=stream)


class Controller(nn.Module):
    """What every controller can do, once it says how it walks through its decisions."""

    order: Tensor

    def sample(self, count: int, stream: torch.Generator) -> Draw:
        """Draw architectures; the stream is on the controller's device."""
        return self._follow(Choices(count, None, stream))

    def evaluate(self, codes: Tensor) -> Draw:
        """Return what given architectures (N, D) int64 would have been drawn with.

        Raises:
            Refused: another number of decisions than an architecture has.
        """
        if codes.shape[1:] != self.order.shape:
            raise Refused(f"codes of {tuple(codes.shape)}: must be (N, {len(self.order)})")
        decided = codes[:, self.order.argsort()]
        return self._follow(Choices(len(codes), decided, None))

    def _follow(self, choices: Choices) -> Draw:
        self.walk(choices)
        return choices.draw(self.order)

    def walk(self, choices: Choices) -> None:
        """Take every decision of an architecture, in the controller's order."""
        raise NotImplementedError
