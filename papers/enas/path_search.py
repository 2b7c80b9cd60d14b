"""The search of image and signal networks: paths of a supernet, and what they score.

A path is scored with the statistics of the batch that scores it.

Shapes: N rows, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from statistics import fmean
from typing import Any, Generic

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from harness.training import optim
from papers.cells.rows import BatchStream, Part, Rows, Seed
from papers.cells.searcher.policy import Controller
from papers.enas.learning import Searching
from papers.enas.policy import Code, Score, Uniform, policy_of
from papers.enas.reinforce import Penalty
from papers.enas.rounds import Arch, Rounds
from papers.enas.schedule import restarted

EVAL_ROWS = {1: 500, 2: 250}  # at most, at a time, when scoring, for each number of dimensions
SHOWN, SHOWN_ROWS = 8, 250  # architectures that a row tells of, and on how many validation rows
COUNTED = 10  # architectures whose multiply-adds are averaged


@dataclass(frozen=True)
class Space(Generic[Arch]):
    """What a search needs to know of a space of architectures.

    `uniform` draws a code; `controller` takes preset and seed; `macs` are an architecture's
    multiply-adds for one row; `told` are a row's values of some architectures.
    """

    supernet: nn.Module  # (rows, architecture) -> logits (N, K)
    decode: Callable[[Sequence[int]], Arch]
    uniform: Callable[[Random], Sequence[int]]
    controller: Callable[[str, int], Controller]
    macs: Callable[[Arch], float]
    told: Callable[[Sequence[Arch]], dict[str, float]]
    penalty: Callable[[Controller], Penalty | None] = lambda controller: None


class PathSearch(Rounds[Arch]):
    """Shared weights, the policy that proposes paths, and what has come of both."""

    def __init__(self, space: Space[Arch], config: Searching, rows: Rows, seed: Seed) -> None:
        where = rows.train.x.device

        def controller() -> Controller:
            return space.controller(config.preset, seed("theta")).to(where)

        policy = policy_of(config, space.uniform, controller, seed, space.penalty)
        super().__init__(config, policy, space.decode)
        self.space, self.config, self.rows, self.seed = space, config, rows, seed
        self.supernet = space.supernet
        self.optimizer = optim.unfused_sgd(
            self.supernet.parameters(),
            config.lr,
            config.momentum,
            config.weight_decay,
            nesterov=True,
        )
        self.streams = {
            "train": BatchStream(
                rows.train, config.batch, seed("train", "order"), rows.augment, seed("augment")
            ),
            "scored": BatchStream(rows.val, config.score_batch, seed("scored", "order")),
        }
        self._look: dict[str, float] = {}

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        streams = {f"{name}_rows": stream for name, stream in self.streams.items()}
        own = {name: getattr(self, name) for name in ("supernet", "optimizer")}
        return {**super().stateful, **own, **streams}

    # -- training and scoring ---------------------------------------------------------------------

    def train(self, code: Code, turn: int, horizon: int) -> None:
        """Take a step; what the path does not run has no gradient, hence neither decay."""
        config, (x, y) = self.config, next(self.streams["train"])
        self._look = {}
        lr = restarted(turn, horizon, config.cycles, config.lr, config.lowest_lr)
        optim.set_rate(self.optimizer, lr)
        loss = F.cross_entropy(self.supernet(x, self.decode(code)), y)
        optim.clipped_step(loss, self.supernet.parameters(), self.optimizer, config.clip)

    def common(self) -> Score:
        """Return what scores architectures on the next validation rows, the same for all."""
        part = Part(*next(self.streams["scored"]))
        return lambda codes: torch.tensor([self.accuracy(code, part) for code in codes])

    def worth(self, code: Code) -> float:
        """Return a candidate's accuracy on all validation rows."""
        return self.accuracy(code, self.rows.val)

    @torch.no_grad()
    def accuracy(self, code: Code, part: Part) -> float:
        """Return the accuracy of a path on a part, with the statistics of each piece: a proxy."""
        path = self.decode(code)
        pieces = -(-len(part.y) // EVAL_ROWS[self.rows.dim])  # nearly equal ones
        right = [
            (self.supernet(self.rows.plain(x), path).argmax(1) == y).sum()
            for x, y in zip(part.x.chunk(pieces), part.y.chunk(pieces), strict=True)
        ]
        return int(torch.stack(right).sum()) / len(part.y)

    # -- what it has come to ----------------------------------------------------------------------

    def look(self) -> dict[str, float]:
        """Return the accuracies of paths that the policy draws now, and of uniform ones."""
        if not self._look:
            val, seed = self.rows.val, self.seed("shown")
            part = Part(val.x[:SHOWN_ROWS], val.y[:SHOWN_ROWS])
            own = self.policy.shown(SHOWN, seed)
            others = Uniform(self.space.uniform, seed).draw(SHOWN)
            scores = [self.accuracy(code, part) for code in own]
            self._look = {
                "sampled_accuracy": fmean(scores),
                "sampled_best": max(scores),
                "uniform_accuracy": fmean(self.accuracy(code, part) for code in others),
                **self.space.told([self.decode(code) for code in own]),
            }
        return self._look

    def row(self) -> dict[str, float]:
        """Return how far it has come: proxies, and how sure the controller is."""
        return {**self.look(), **self.policy.row()}

    def error(self) -> float:
        """Return the mean error of paths that the policy draws, with shared weights."""
        return 1 - self.look()["sampled_accuracy"]

    def discrete_error(self) -> float:
        """Return the best candidate's error with shared weights; before the end, the best seen."""
        return 1 - (max(self.found["scores"]) if self.found else self.look()["sampled_best"])

    @cached_property
    def mean_macs(self) -> float:
        """The multiply-adds of a row along a uniform path, in the mean over some."""
        stream = Random(0)
        codes = [self.space.uniform(stream) for _ in range(COUNTED)]
        return fmean(self.space.macs(self.decode(code)) for code in codes)

    @property
    def flops(self) -> float:
        """FLOPs of a step in the mean, with its share of scoring; the controller's are left out.

        A training step is three forward passes, and a score is one.
        """
        config = self.config
        passes = 3.0 * config.batch * config.steps + config.candidates * len(self.rows.val.y)
        if config.policy == "controller":
            rounds = min(config.rounds, config.steps)
            passes += rounds * config.updates * config.samples * config.score_batch
        return 2 * self.mean_macs * passes / config.steps
