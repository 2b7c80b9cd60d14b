"""AmoebaNet on CIFAR-10: declarations. Not run: the images are not stored."""

from harness.checks import Value
from harness.paper import Claim, Published, Task
from papers.amoebanet.images.config import NativePublished
from papers.cells.child.cifar_task import absent, published
from papers.cells.child.config import ImagePublished
from papers.cells.task import CIFAR

NATIVE = Task(
    "cifar10-amoebanet",
    "cifar10",
    "6 + 6 + 6 normal cells and two reductions, 600 epochs of 128, SGD .024 to 0 by a cosine, "
    "second classifier .5, drop path .3; 50,000 training images, the last epoch's error on the "
    "10,000 others",
    "test_error",
    direction="min",
)
A, B, LISTED = "cifar10/a", "cifar10/b", "cifar10/a_listed"

EXPERIMENTS = [
    published(A, NATIVE, NativePublished(), "images.published:run", 5),
    published(B, NATIVE, NativePublished(cell="B", child_cutout=16), "images.published:run", 5),
    published(LISTED, CIFAR, ImagePublished(cell="AmoebaNet_A_darts"),
              "papers.cells.child.published_cell:run", 4),
]  # fmt: skip


ABSENT = absent("amoebanet")


def row(id_: str, statement: str, experiment: str, error: float, source: str) -> Claim:
    """Declare a row of a table of errors; ours may lie .2 points from it."""
    return Claim(
        id_,
        statement,
        source,
        Published(f"{100 * error:.2f} %", error, unit="%", dataset="cifar10"),
        Value(experiment, "test_error", round(error - 0.002, 4), round(error + 0.002, 4)),
        ("paper",),
        measure="test error of the cell, trained from scratch, the mean over trainings",
        kind="supporting" if experiment == LISTED else "headline",
        blocked=ABSENT,
    )


QUOTED = "Table 1, as DARTS's Table 1 (arXiv:1806.09055) quotes it"
CLAIMS = [
    row("A.cifar", "AmoebaNet-A has 3.34 % error on CIFAR-10", A, 0.0334, QUOTED),
    row("B.cifar", "AmoebaNet-B with cutout has 2.55 % error on CIFAR-10", B, 0.0255, QUOTED),
    row("A.listed.cifar", "AmoebaNet-A, trained by DARTS's recipe, has 3.12 % error on CIFAR-10",
        LISTED, 0.0312, "DARTS's Table 1: retrained there"),
]  # fmt: skip

DEVIATIONS = [
    "CIFAR-10: numbers of the authors' recipe are from memory; momentum .9 without Nesterov, and "
    "DARTS's clipping at 5. Cutout has 16 pixels, of cell B alone. Later cells drop paths more "
    "often, as NASNet's do; in the code for TPUs all of them alike.",
    "The authors' search on CIFAR-10 (20,000 models, 3,150 GPU-days) is not offered: the league "
    "takes its place.",
]
