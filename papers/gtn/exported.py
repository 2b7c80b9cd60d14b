"""A curriculum as two files, for whoever wants to train a network of their own with it.

`curriculum.npz` has inputs (T, B, ...) in half precision, targets, rates and momenta;
`curriculum.json` beside it says how they are to be used (order, loss, statistics, normalisation),
what made them, and the hash of the npz. Synthetic data are worth little without all of these.

Shapes: T steps, B batch, O classes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.paper import Refused
from papers.gtn.config import STATISTICS
from papers.gtn.lessons import Batches
from papers.gtn.meta import Numbers

if TYPE_CHECKING:
    from papers.gtn.lessons import Rows
    from papers.gtn.teaching import Teacher

NAME = "curriculum.npz"
FORMAT = 1
ARRAYS = ("inputs", "targets", "rates", "momenta")
FIELDS = ("format", "sha256", "dataset", "steps", "batch", "classes", "shape", "statistics")
LOSS = "cross-entropy of soft targets, mean over the batch"


@dataclass(frozen=True)
class Bundle:
    """Inputs float16, targets, rates and momenta float32, and what is said of them."""

    arrays: dict[str, NDArray[Any]]
    said: dict[str, Any]

    def batches(self) -> Batches:
        """Return the batches as tensors, in the order in which they are to be used."""
        return Batches(self._tensor("inputs"), self._tensor("targets"))

    def numbers(self) -> Numbers:
        """Return rates and momenta as they stand in the file."""
        return Numbers(self._tensor("rates"), self._tensor("momenta"), "plain")

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name].astype(np.float32))


def bundle(teacher: Teacher, rows: Rows, turns: int) -> Bundle:
    """Return a teacher's curriculum after some outer steps; inputs in half precision."""
    batches = teacher.lesson("export")
    rates, momenta = teacher.numbers.values()
    arrays: dict[str, NDArray[Any]] = {
        "inputs": batches.inputs.cpu().numpy().astype(np.float16),
        "targets": batches.targets.cpu().numpy().astype(np.float32),
        "rates": rates.cpu().numpy().astype(np.float32),
        "momenta": momenta.cpu().numpy().astype(np.float32),
    }
    said = {
        "format": FORMAT,
        "dataset": rows.dataset,
        "steps": len(arrays["rates"]),
        "batch": arrays["inputs"].shape[1],
        "classes": arrays["targets"].shape[-1],
        "shape": list(arrays["inputs"].shape[2:]),
        "mean": rows.mean,
        "deviation": rows.deviation,
        "statistics": teacher.config.statistics,
        "loss": LOSS,
        "optimizer": "v <- momentum_t v + g; w <- w - rate_t v; v starts at 0",
        "treatment": teacher.config.treatment,
        "curriculum": teacher.config.curriculum,
        "outer_steps": turns,
    }
    return Bundle(arrays, said)


def save(path: Path, made: Bundle) -> None:
    """Write the two files; the same bundle gives the same bytes."""
    with path.open("wb") as handle:
        np.savez_compressed(handle, **made.arrays)  # type: ignore[arg-type]  # all are arrays
    said = {**made.said, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    text = json.dumps(said, indent=1, sort_keys=True)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Bundle:
    """Read the two files.

    Raises:
        Refused: one of them is missing, or they do not agree: hash, T, shapes or rule.
    """
    beside = path.with_suffix(".json")
    for file in (path, beside):
        if not file.exists():
            raise Refused(f"curriculum={path}: there is no {file.name}")
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refused(f"{beside}: is no JSON ({error})") from error
    missing = [name for name in FIELDS if name not in said]
    if missing:
        raise Refused(f"{beside}: lacks '{missing[0]}'")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != said["sha256"]:
        raise Refused(f"{path}: sha256={digest[:12]}..., but {beside.name} says "
                      f"{str(said['sha256'])[:12]}...")  # fmt: skip
    with np.load(path) as stored:
        lacking = [name for name in ARRAYS if name not in stored]
        if lacking:
            raise Refused(f"{path}: has no array '{lacking[0]}'")
        arrays = {name: stored[name] for name in ARRAYS}
    _agree(path, said, arrays)
    return Bundle(arrays, said)


def _agree(path: Path, said: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that are not what the JSON says of them."""
    if said["format"] != FORMAT:
        raise Refused(f"{path}: format={said['format']}: this code reads {FORMAT}")
    if said["statistics"] not in STATISTICS:
        choices = ", ".join(STATISTICS)
        raise Refused(f"{path}: statistics={said['statistics']}: choose from {choices}")
    steps, batch = said["steps"], said["batch"]
    expected = {
        "inputs": (steps, batch, *said["shape"]),
        "targets": (steps, batch, said["classes"]),
        "rates": (steps,),
        "momenta": (steps,),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise Refused(
                f"{path}: {name} has shape {arrays[name].shape}, but steps={steps}, batch={batch} "
                f"and shape={said['shape']} ask for {shape}"
            )
