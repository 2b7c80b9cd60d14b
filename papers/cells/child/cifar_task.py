"""A published cell on CIFAR-10 as a declaration: trained from scratch at budget paper."""

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
