"""ENAS's search (Sec. 2.2): one path a minibatch for the shared weights, then theta, in turns.

A stretch of the search, a round, draws all its paths at once. Then theta is updated, each time on
architectures that are all scored on the same validation rows, with the statistics of that batch.
In the end candidates are drawn, all scored on the same rows, and the best one is the result: its
score is a proxy, and what it is worth is known when it was trained from scratch.

Shapes: N rows, K classes, D decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from statistics import fmean
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from harness.training import optim
from papers.cells.rows import BatchStream, Part, Rows, Seed
from papers.cells.searcher.policy import Controller
from papers.enas.learning import Searching
from papers.enas.policy import Code, Controlled, Policy, Score, Uniform
from papers.enas.reinforce import Penalty, Reinforce
from papers.enas.schedule import restarted

EVAL_ROWS = {1: 500, 2: 250}  # at most, at a time, when scoring, for each number of dimensions
SHOWN, SHOWN_ROWS = 8, 250  # architectures that a row tells of, and on how many validation rows
COUNTED = 10  # architectures whose multiply-adds are averaged
Arch = TypeVar("Arch")


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


def policy_of(space: Space[Arch], config: Searching, seed: Seed) -> Policy:
    """Return who proposes, as the config says."""
    if config.policy == "uniform":
        return Uniform(space.uniform, seed("paths"))
    controller = space.controller(config.preset, seed("theta"))
    where = next(space.supernet.parameters()).device
    learner = Reinforce(controller.to(where), config, seed("paths"), space.penalty(controller))
    return Controlled(learner, config.policy == "frozen")


class PathSearch(Generic[Arch]):
    """Shared weights, the policy that proposes paths, and what has come of both."""

    def __init__(self, space: Space[Arch], config: Searching, rows: Rows, seed: Seed) -> None:
        self.space, self.config, self.rows, self.seed = space, config, rows, seed
        self.supernet = space.supernet
        self.policy = policy_of(space, config, seed)
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
        self.paths: list[Code] = []  # of this round, that have not run yet
        self.found: dict[str, Any] = {}  # candidates' codes, and their accuracies
        self._look: dict[str, float] = {}

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        streams = {f"{name}_rows": stream for name, stream in self.streams.items()}
        names = ("supernet", "optimizer", "paths", "found")
        return {name: getattr(self, name) for name in names} | streams | self.policy.stateful

    # -- training ---------------------------------------------------------------------------------

    def step(self, turn: int, horizon: int) -> None:
        """Train w along the next path; at a round's end theta; at the search's end, derive."""
        config, length = self.config, -(-horizon // self.config.rounds)
        self._look = {}
        if not self.paths:
            self.paths += self.policy.draw(length)
        self._train(self.paths.pop(0), self._rate(turn, horizon))
        last = turn + 1 == horizon
        if (turn + 1) % length == 0 or last:
            self.policy.learn(self._common)
        if last:
            self.derive(config.candidates)

    def _rate(self, turn: int, horizon: int) -> float:
        config = self.config
        return restarted(turn, horizon, config.cycles, config.lr, config.lowest_lr)

    def _train(self, code: Code, lr: float) -> None:
        """Take a step; what the path does not run has no gradient, hence neither decay."""
        x, y = next(self.streams["train"])
        optim.set_rate(self.optimizer, lr)
        loss = F.cross_entropy(self.supernet(x, self.space.decode(code)), y)
        own = self.supernet.parameters()
        optim.clipped_step(loss, own, self.optimizer, self.config.clip)

    def _common(self) -> Score:
        """Return what scores architectures on the next validation rows, the same for all."""
        x, y = next(self.streams["scored"])
        part = Part(x, y)
        return lambda codes: torch.tensor([self.accuracy(code, part) for code in codes])

    # -- deriving ---------------------------------------------------------------------------------

    def derive(self, count: int) -> None:
        """Draw candidates and score them, all on all validation rows."""
        codes = self.policy.draw(count)
        self.found["scores"] = [self.accuracy(code, self.rows.val) for code in codes]
        self.found["codes"] = codes

    @property
    def best(self) -> Arch:
        """The candidate of the highest score, of equal ones the first."""
        if not self.found:  # time ran out before the search did
            self.derive(self.config.candidates)
        scores = self.found["scores"]
        return self.space.decode(self.found["codes"][scores.index(max(scores))])

    @torch.no_grad()
    def accuracy(self, code: Code, part: Part) -> float:
        """Return the accuracy of a path on a part, with the statistics of each piece: a proxy."""
        path = self.space.decode(code)
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
                **self.space.told([self.space.decode(code) for code in own]),
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
        return fmean(self.space.macs(self.space.decode(code)) for code in codes)

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
