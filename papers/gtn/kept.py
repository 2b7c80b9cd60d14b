"""Curricula that stand in this folder, by name: what made each, and what it is worth.

`keep` measures a curriculum anew as its files have it, on fresh learners of the study that it
comes from, so that the number beside it is that of what one gets.

Shapes: K learners.
"""

from __future__ import annotations

from pathlib import Path

import torch

from harness.paper import Refused, nearest, require
from papers.gtn import exported, users
from papers.gtn.exported import Bundle
from papers.gtn.images import study as images
from papers.gtn.images import teach
from papers.gtn.learner import Learner, SignalLearner, draw
from papers.gtn.meta import Course

CURRICULA = Path(__file__).parent / "curricula"
FRESH = 16  # learners that an accuracy is the mean of; their seeds are 0 to 15
LARGEST = 4 * 2**20  # bytes


def names() -> list[str]:
    """Return the names of what is kept."""
    return sorted(path.stem for path in CURRICULA.glob("*.npz"))


def find(name: str) -> Path:
    """Return the file of a kept curriculum, or the file of that path.

    Raises:
        Refused: it is neither.
    """
    path = Path(name)
    if path.suffix == ".npz":
        return path
    if name not in names():
        raise Refused(f"curriculum={name}: is no file and none that is kept; "
                      + nearest(name, names()))  # fmt: skip
    return CURRICULA / f"{name}.npz"


def learner_of(made: Bundle) -> Learner:
    """Return the learners that a curriculum is measured on: those of the small studies.

    Raises:
        Refused: none of them is of its data set.
    """
    learners: dict[str, Learner] = {
        "mnist1d": SignalLearner(),
        "mnist": teach.learner(images.LONG),
    }
    return learners[require(made.said["dataset"], learners, "dataset")]


def measured(made: Bundle) -> dict[str, float | int]:
    """Return the test accuracy of fresh learners: its mean, standard deviation and number."""
    own, real = learner_of(made), users.tested(made)
    course = Course(own, made.said["steps"], made.said["statistics"])
    lesson = made.numbers(), made.batches()
    reached = torch.cat(
        [course.taught(draw(own, [seed]), *lesson, real)[-1] for seed in range(FRESH)]
    )
    return {
        "accuracy": round(reached.mean().item(), 4),
        "accuracy_sd": round(reached.std().item(), 4),
        "learners": FRESH,
    }


def keep(path: Path, name: str, command: str) -> Bundle:
    """Put a curriculum among those that are kept, with the command that made it.

    Raises:
        Refused: its file is larger than 4 MB.
    """
    if path.stat().st_size > LARGEST:
        raise Refused(f"curriculum={path}: has {path.stat().st_size} bytes; must be at most 4 MB")
    made = exported.load(path)
    said = {name: value for name, value in made.said.items() if name != "sha256"}
    kept = Bundle(made.arrays, {**said, **measured(made), "command": command})
    CURRICULA.mkdir(exist_ok=True)
    exported.save(CURRICULA / f"{name}.npz", kept)
    return kept
