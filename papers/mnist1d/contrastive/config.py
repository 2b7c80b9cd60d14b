"""What the authors chose for self-supervised learning, with where they printed it.

[P] the paper (arXiv:2011.14439v5), [N] the authors' notebook, [ours] not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

# widths of the linear layers that follow the 125 outputs of the encoder [N]
HEADS: dict[str, tuple[int, ...]] = {
    "default": (125, 16),
    "none": (),
    "deep": (125, 125, 125, 16),
}
STORED_ROWS = {"train": 4000, "all": 5000}
SHORTEST = 10  # rows on which a probe of ten classes can be fitted


@dataclass(frozen=True)
class Contrastive:
    """One encoder and projection head, trained in `members` copies with streams of their own."""

    head: str  # [N] default, none or deep: see HEADS
    rows: str = "train"  # [N] trains on the train rows; [P] says train and test: "all"
    lr: float = 1e-2  # [N] Adam, betas .9 and .999, eps 1e-8, no weight decay
    batch_size: int = 100  # [N] signals per batch, reshuffled each epoch; two views of each
    epoch_steps: int = 40  # [N] batches that make an epoch; 50 for rows="all"
    epochs: int = 200  # [N]
    temperature: float = 0.5  # [N] tau
    shifts: int = 10  # [N] circular right shift by 0 to shifts - 1 positions
    slope_sd: float = 0.04  # [N] of the line added to a view, per position
    offset_sd: float = 0.3  # [N] of the line added to a view
    neighbours: int = 10  # [N] k of the nearest-neighbour probe, cosine distance, on z
    probe_epochs: tuple[int, ...] = (10, 20, 50, 100, 200)  # [ours] when the notebook is compared
    loss_every: int = 10  # [ours] epochs between two rows with the loss alone
    probe_rows: int = 4000  # [N] train rows on which probes are fitted
    members: int = 5  # [ours] stacked seeds; [N] has one run, seed 42

    def __post_init__(self) -> None:
        require(self.head, HEADS, "head")
        require(self.rows, STORED_ROWS, "rows")
        positive(self, "batch_size", "epochs", "shifts", "neighbours", "loss_every", "members")
        if self.epoch_steps != (whole := STORED_ROWS[self.rows] // self.batch_size):
            rule = f"an epoch of rows='{self.rows}' has {whole} batches of {self.batch_size}"
            raise Refused(f"epoch_steps={self.epoch_steps}: {rule}")
        within(self, "lr", 0, 10, ends="none")
        within(self, "temperature", 0, ends="none")
        within(self, "slope_sd", 0)
        within(self, "offset_sd", 0)
        within(self, "probe_rows", max(SHORTEST, self.neighbours), STORED_ROWS["train"])
