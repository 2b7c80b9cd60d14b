"""A published cell on ImageNet as a declaration: the task, and its experiment."""

from harness.paper import Experiment, Phase, Task
from papers.cells.child.imagenet_config import PIXELS, ImageNetPublished


def published(task: str, config: ImageNetPublished, seeds: int) -> Experiment:
    """Declare the training of a cell by DARTS's recipe; networks of one `task` are as wide."""
    return Experiment(
        "imagenet/published",
        Task(
            task,
            "imagenet",
            f"14 cells on {config.channels} channels, 250 epochs of 128, SGD .1 times .97 an "
            "epoch, labels smoothed by .1, second classifier .4; 1,281,167 training images, the "
            "last epoch's top-1 error on the central crops of the 50,000 of val",
            "test_error",
            direction="min",
        ),
        config,
        run="papers.cells.child.imagenet:run",
        distributed=("child_network",),  # what `papers.cells.child.imagenet` registers it as
        phases={"retrain": Phase("steps")},
        reduced={
            "check": {
                "dataset": PIXELS, "side": 32, "channels": 8, "layers": 3, "batch": 8, "steps": 4,
                "workers": 0, "every": 2,
            }
        },
        expected={"check": 3, "paper": 86_400 * 680},
        seeds={"paper": seeds},
        skipped=("smoke", "nightly"),
    )  # fmt: skip
