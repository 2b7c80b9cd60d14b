"""Cells of the league as learners: the light network, a function of its weights.

Shapes: N rows, O classes; weights have a member axis of 1, as those of other learners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

from harness.paper import Refused
from papers.cells.league.league import League
from papers.cells.network.light import build_light
from papers.cells.space.edge import Code, EdgeSpace
from papers.gtn.learner import Tensors
from papers.gtn.meta import Course
from papers.gtn.teaching import Teacher


@dataclass(frozen=True)
class CellLearner:
    """The light network around a cell without `none`; batch norms take each batch's statistics."""

    space: EdgeSpace
    code: Code

    @property
    def weight_norm(self) -> bool:
        """The league's networks have none."""
        return False

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """The weights of all parameters."""
        return [tuple(p.shape) for p in self._network.parameters()]

    @property
    def centred(self) -> Sequence[int]:
        """Nothing is remembered from batch to batch."""
        return []

    @cached_property
    def _network(self) -> nn.Module:
        return self._built(0)

    def _built(self, seed: int) -> nn.Module:
        network = build_light(self.space, self.code, seed)
        for part in network.modules():
            if isinstance(part, nn.BatchNorm1d):
                part.track_running_stats = False
                part.running_mean = part.running_var = part.num_batches_tracked = None
        return network

    def start(self, seed: int, device: str) -> Tensors:
        """Return the league's initial weights for a seed."""
        return tuple(p.detach()[None].to(device) for p in self._built(seed).parameters())

    def forward(
        self, weights: Tensors, x: Tensor, held: Tensors | None = None
    ) -> tuple[Tensor, Tensors]:
        """Return logits (1, N, O) of signals (N, L)."""
        names = [name for name, _ in self._network.named_parameters()]
        own = {name: weight[0] for name, weight in zip(names, weights, strict=True)}
        logits: Tensor = functional_call(self._network, own, (x,))
        return logits[None], ()


class CellTeacher(Teacher):
    """A teacher whose learner is another random cell in each outer step."""

    def __init__(self, *given: Any, codes: Sequence[Code], space: EdgeSpace) -> None:
        super().__init__(*given)
        self.codes, self.space = codes, space

    def student(self, turn: int) -> tuple[Course, Tensors]:
        """Return a random cell, and its initial weights."""
        drawn = Random(self.stream("cell", turn))
        learner = CellLearner(self.space, self.codes[drawn.randrange(len(self.codes))])
        (seed,) = self.fresh(turn)
        return self.course.of(learner), learner.start(seed, self.device)


def apart(league: League, judged: Sequence[Code]) -> list[Code]:
    """Return the codes that a search may return and that are equal to none of some cells.

    Raises:
        Refused: nothing is left to meta-train on.
    """
    known = {league.classes.of(code) for code in judged}
    left = [code for code in league.allowed.codes if league.classes.of(code) not in known]
    if not left:
        raise Refused(f"ranked={len(judged)}: no other cell of {league.space.name} is left")
    return left
