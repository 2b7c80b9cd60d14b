"""CIFAR-10 at budget paper as a declaration: what it waits for; a published cell, trained."""

from harness.paper import Experiment, Phase, Task
from papers.cells.child.config import TINY_IMAGES


def published(name: str, task: Task, config: object, run: str, seeds: int) -> Experiment:
    """Declare the training of a cell by the protocol of its `task`."""
    return Experiment(
        name,
        task,
        config,
        run=run,
        distributed=("child_network",),  # what `papers.cells.child.cifar` registers it as
        phases={"retrain": Phase("child_steps")},
        reduced={"check": TINY_IMAGES},
        expected={"check": 3, "paper": 86_400 * 74},
        seeds={"paper": seeds},
        skipped=("smoke", "nightly"),
    )


def absent(paper: str, experiment: str = "cifar10") -> str:
    """Return what a paper's claims of CIFAR-10 wait for, and how they are judged then."""
    return (
        "CIFAR-10, which is not stored, and a GPU; `data pull cifar10` brings its archive, then: "
        f"run papers/{paper} --experiment {experiment} --budget paper --device cuda"
    )
