"""ENAS's search (Sec. 2.2), whatever is searched: shared weights and theta in turns; deriving.

A stretch of the search, a round, draws all its paths at once, and the shared weights take a step
along each. Then theta is updated, each time on architectures that are all scored on the same
rows. In the end candidates are drawn, all scored on the same rows, and the best one is the
result. Its score is a proxy: what it is worth is known when it was trained from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from papers.enas.learning import Learning
from papers.enas.policy import Code, Policy, Score

Arch = TypeVar("Arch")


class Rounds(Generic[Arch]):
    """The turns of a search; what a step and a score are is the space's affair."""

    def __init__(
        self, config: Learning, policy: Policy, decode: Callable[[Sequence[int]], Arch]
    ) -> None:
        self.learning, self.policy, self.decode = config, policy, decode
        self.paths: list[Code] = []  # of this round, that have not run yet
        self.found: dict[str, Any] = {}  # candidates' codes, and their scores

    @property
    def stateful(self) -> dict[str, Any]:
        """Everything that a resumed trial restores, by name."""
        return {"paths": self.paths, "found": self.found, **self.policy.stateful}

    def step(self, turn: int, horizon: int) -> None:
        """Train w along the next path; at a round's end theta; at the search's end, derive."""
        length = -(-horizon // self.learning.rounds)
        if not self.paths:
            self.paths += self.policy.draw(length)
        self.train(self.paths.pop(0), turn, horizon)
        last = turn + 1 == horizon
        if (turn + 1) % length == 0 or last:
            self.policy.learn(self.common)
        if last:
            self.derive(self.learning.candidates)

    def derive(self, count: int) -> None:
        """Draw candidates and score them, all on the same rows."""
        codes = self.policy.draw(count)
        self.found["scores"] = [self.worth(code) for code in codes]
        self.found["codes"] = codes

    @property
    def best(self) -> Arch:
        """The candidate of the highest score, of equal ones the first."""
        if not self.found:  # time ran out before the search did
            self.derive(self.learning.candidates)
        scores = self.found["scores"]
        return self.decode(self.found["codes"][scores.index(max(scores))])

    def train(self, code: Code, turn: int, horizon: int) -> None:
        """Take a step of the shared weights along a path."""
        raise NotImplementedError

    def common(self) -> Score:
        """Return what scores architectures on the next rows, the same for all of them."""
        raise NotImplementedError

    def worth(self, code: Code) -> float:
        """Return a candidate's score."""
        raise NotImplementedError
