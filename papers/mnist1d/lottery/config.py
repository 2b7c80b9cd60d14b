"""What the authors chose for the lottery-ticket study, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, rising, within

LEVELS = tuple(round(i / 99, 4) for i in range(100))
VARIANTS = ("original", "flipped", "shuffled", "chunks")
CONDITIONS = ("dense", "ticket", "random")
TRANSFERS = tuple(
    f"{variant}_{condition}"
    for variant in VARIANTS
    for condition in (*CONDITIONS, *(("reinit",) if variant in ("original", "flipped") else ()))
)


@dataclass(frozen=True)
class Lottery:
    """One trial: iterative pruning, random pruning, and the tickets on new data."""

    hidden: int = 500  # [N] the benchmark's MLP with wider layers: 276,010 parameters
    levels: tuple[float, ...] = LEVELS  # [N] sparsity of each pruning round: i / 99, rounded
    random_levels: tuple[float, ...] = LEVELS[1:]  # [N]; at 0 both prunings are the same training
    steps: int = 1501  # [N] of each round: 1500 and the one that an inclusive loop adds
    lr: float = 2e-2  # [N] Adam, betas .9 and .999, eps 1e-8, no weight decay
    batch_size: int = 100  # [N] rows in stored order, never shuffled
    eval_every: int = 100  # [N] on the test set
    ticket: float = 0.919  # [P] "92 % sparse": the ticket is that of the nearest level
    transfers: tuple[str, ...] = TRANSFERS  # [N] variant_condition; flipped_reinit is [ours]
    transfer_steps: int = 6001  # [N]
    transfer_batch_size: int = 500  # [N]
    transfer_eval_every: int = 100  # [N]
    transfer_seed: int = 43  # [N] of the new data set, train and test
    plateau: int = 10  # [ours] evaluations at the end whose mean is a transfer's accuracy
    fresh_rows: int = 10_000  # [ours] one more test set, seed 1234, seen at the last step only
    faithful: bool = False  # the notebook's slips too: see study.DEVIATIONS
    checkpoint_every: int = 1000  # [N] with `faithful`, the last checkpoint is what goes on

    def __post_init__(self) -> None:
        self._check_levels()
        for name in self.transfers:
            require(name, TRANSFERS, "transfer")
        positive(self, "hidden", "steps", "batch_size", "eval_every", "transfer_steps")
        positive(self, "transfer_batch_size", "transfer_eval_every", "plateau", "checkpoint_every")
        within(self, "lr", 0, 10, ends="none")
        within(self, "ticket", 0, 1, ends="none")
        if self.fresh_rows < 10 or self.fresh_rows % 10:
            raise Refused(f"fresh_rows={self.fresh_rows}: must be a multiple of 10 (classes)")
        if self.faithful and self.steps <= self.checkpoint_every:
            rule = f"with faithful=True, must exceed checkpoint_every={self.checkpoint_every}"
            raise Refused(f"steps={self.steps}: {rule}")

    def _check_levels(self) -> None:
        for name in ("levels", "random_levels"):
            rising(self, name, 0, 1)
        if self.levels[:1] != (0.0,):
            raise Refused(f"levels={self.levels}: must begin with 0.0, the dense network")
        if self.ticket_level not in self.random_levels:
            rule = f"must hold the ticket's level, {self.ticket_level}"
            raise Refused(f"random_levels={self.random_levels}: {rule}")

    @property
    def ticket_level(self) -> float:
        """The level nearest to `ticket`."""
        return min(self.levels, key=lambda level: abs(level - self.ticket))


def refuse_seed(config: Lottery) -> None:
    """Refuse what seeds no generator."""
    within(config, "transfer_seed", 0, 2**32 - 1)


REFUSALS = {Lottery: refuse_seed}  # asked by the plan, before any work
