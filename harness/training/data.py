"""Named data sets as tensors that stay on the device, their splits, and batch samplers.

`load("mnist", "train", device)` gives every row at once: no worker process, no copy per step.
Papers tell the trial what they train on: `trial.uses(split.dataset, split.digest)`.

Shapes: N rows, C channels, H W space, L length.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.training import readers

PARTS = ("train", "val", "test")
FILES: dict[str, Callable[[Path, str], readers.Arrays]] = {
    "mnist": readers.mnist,
    "fashion_mnist": readers.mnist,
    "cifar10": readers.cifar10,
    "cifar10_subset": readers.cifar_records,
    "mnist1d": readers.mnist1d,
}
DATASETS = (*FILES, "digits")
DIGITS_TEST = (0.2, 0)  # share and seed: digits come without a test split; ours never changes

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Rows of one data set: x uint8 (N, C, H, W) or float32 (N, L), y int64 (N), on the device.

    `rows` (N) are the places of these rows in the stored part that they come from; `digest` is
    the whole data set's.
    """

    dataset: str
    part: str
    x: Tensor
    y: Tensor
    digest: str
    rows: Indices
    seed: int
    fraction: float

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs and labels of rows (N) int64, as the samplers give them."""
        return self.x.index_select(0, rows), self.y.index_select(0, rows)  # faster than x[rows]

    def describe(self) -> dict[str, Any]:
        """Return what records the split: two runs with equal records saw the same rows."""
        indices = hashlib.sha256(self.rows.astype("<i8").tobytes()).hexdigest()
        return {
            "dataset": self.dataset,
            "digest": self.digest,
            "part": self.part,
            "rows": len(self),
            "fraction": self.fraction,
            "seed": self.seed,
            "indices": indices,
        }


def load(name: str, part: str, device: str = "cpu", fraction: float = 0.1, seed: int = 0) -> Split:
    """Return a split of a data set, whole, on the device.

    `val` is `fraction` of each class of the stored training rows, chosen by `seed`; `train` is the
    rest of them, so all of them when the fraction is 0. `test` depends on neither.

    Raises:
        ValueError: no such data set or part, or the fraction leaves one of the two empty.
    """
    _known(name, DATASETS, "data set")
    _known(part, PARTS, "split")
    if not 0 <= fraction < 1 or (part == "val" and not fraction):
        raise ValueError(f"fraction={fraction:g}: must lie between 0 and 1, above 0 for val")
    x, y, digest = _stored(name, "test" if part == "test" else "train")
    rows = np.arange(len(y))
    if part != "test":
        kept, cut = stratified(y, fraction, seed)
        rows = cut if part == "val" else kept
    inputs = torch.from_numpy(x[rows]).to(device)
    labels = torch.from_numpy(y[rows].astype(np.int64)).to(device)
    return Split(name, part, inputs, labels, digest, rows, seed, fraction)


def stratified(labels: NDArray[Any], fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Return (rows kept, rows cut), both in stored order: `fraction` of every class is cut."""
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = []
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        chosen.append(rows[: round(fraction * len(rows))])
    cut = np.zeros(len(labels), bool)
    cut[np.concatenate(chosen)] = True
    return np.flatnonzero(~cut), np.flatnonzero(cut)


def locate(name: str) -> tuple[Path, str]:
    """Return where a data set's verified files are and its hash; pulls what is not there."""
    from harness.data import store  # needed only where data is pulled

    return store.ensure(name), store.digest(name)


def _stored(name: str, part: str) -> tuple[NDArray[Any], NDArray[Any], str]:
    """Return inputs, labels and the data set's digest, as they are stored."""
    if name != "digits":
        path, digest = locate(name)
        return *FILES[name](path, part), digest
    x, y = readers.digits()
    digest = hashlib.sha256(x.tobytes() + y.astype("<i8").tobytes()).hexdigest()
    kept, cut = stratified(y, *DIGITS_TEST)
    rows = cut if part == "test" else kept
    return x[rows], y[rows], digest


def _known(word: str, choices: tuple[str, ...], what: str) -> None:
    from harness.paper import require

    require(word, choices, what)


class Epochs:
    """Batches of row numbers, epoch by epoch, in a new order each; iterating gives one epoch.

    The order is drawn on the CPU by an own generator, so it is the same on every device. After
    `load_state_dict`, iterating gives what was left of the epoch that was interrupted.
    """

    def __init__(
        self, rows: int, batch: int, seed: int, device: str = "cpu", drop_last: bool = False
    ) -> None:
        if rows < 1 or batch < 1 or (drop_last and batch > rows):
            raise ValueError(f"batch={batch}: must be at least 1, and fit into the {rows} rows")
        self.rows, self.batch, self.device, self.drop_last = rows, batch, device, drop_last
        self._generator = torch.Generator().manual_seed(seed)
        self._used = rows - rows % batch if drop_last else rows
        self.epoch, self._position = -1, self._used  # the epoch under way, and rows of it given
        self._before = self._generator.get_state()  # the generator's, before this epoch's order
        self._order = torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return math.ceil(self._used / self.batch)

    def __iter__(self) -> Iterator[Tensor]:
        """Yield the epoch's batches, each (batch) int64, the last one short unless dropped."""
        if self._position >= self._used:
            self._shuffle()
        while self._position < self._used:
            yield self._take(self.batch)

    def state_dict(self) -> dict[str, Any]:
        """Return what continues in the middle of the epoch: the batches given so far count."""
        return {
            "rows": self.rows,
            "batch": self.batch,
            "epoch": self.epoch,
            "position": self._position,
            "generator": self._before,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another sampler of the same rows and batch was.

        Raises:
            ValueError: the state is of another number of rows or another batch size.
        """
        for name in ("rows", "batch"):
            if state[name] != getattr(self, name):
                raise ValueError(f"{name}={getattr(self, name)}: the state has {state[name]}")
        self._generator.set_state(state["generator"])
        self._before = state["generator"]
        if state["epoch"] >= 0:
            self._shuffle()
        self.epoch, self._position = state["epoch"], state["position"]

    def _shuffle(self) -> None:
        self._before = self._generator.get_state()
        self._order = torch.randperm(self.rows, generator=self._generator).to(self.device)
        self.epoch, self._position = self.epoch + 1, 0

    def _take(self, rows: int) -> Tensor:
        start = self._position
        self._position = min(start + rows, self._used)  # counted before it is given: see state
        return self._order[start : self._position]


class Endless(Epochs):
    """Full batches without end: where an epoch's rows run out, the next epoch's fill the batch.

    So every row comes once in each stretch of `rows` draws, whatever the batch size.
    """

    def __init__(self, rows: int, batch: int, seed: int, device: str = "cpu") -> None:
        super().__init__(rows, batch, seed, device)

    def __iter__(self) -> Iterator[Tensor]:
        """Return itself: `next` never ends."""
        return self

    def __next__(self) -> Tensor:
        """Return the next batch (batch) int64."""
        parts: list[Tensor] = []
        missing = self.batch
        while missing:
            if self._position >= self.rows:
                self._shuffle()
            parts.append(self._take(missing))
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else torch.cat(parts)
