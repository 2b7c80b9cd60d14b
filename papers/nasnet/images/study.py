"""NASNet-A on CIFAR-10: declarations. Not run: the images are not stored."""

from harness.checks import Value
from harness.paper import Claim, Published, Task
from papers.cells.child.cifar_task import absent, published
from papers.cells.child.config import ImagePublished
from papers.cells.task import CIFAR
from papers.nasnet.images.config import NativePublished

NATIVE = Task(
    "cifar10-nasnet",
    "cifar10",
    "6 + 6 + 6 normal cells and two reductions, 600 epochs of 32, SGD .025 to 0 by a cosine, "
    "second classifier .4, drop path .4 in the last cell; 50,000 training images, the last "
    "epoch's error on the 10,000 others",
    "test_error",
    direction="min",
)
NARROW = Task(
    "cifar10-cells-32",
    "cifar10",
    CIFAR.protocol.replace("36 channels", "32 channels"),
    "test_error",
    direction="min",
)
CUT, WHOLE, LISTED = "cifar10/a_cutout", "cifar10/a", "cifar10/a_listed"

EXPERIMENTS = [
    published(CUT, NATIVE, NativePublished(), "images.published:run", 4),
    published(WHOLE, NATIVE, NativePublished(child_cutout=0), "images.published:run", 4),
    published(LISTED, NARROW, ImagePublished(cell="NASNet_A_darts", child_channels=32),
              "papers.cells.child.published_cell:run", 4),
]  # fmt: skip

ABSENT = absent("nasnet")


def row(
    id_: str, statement: str, experiment: str, error: float, source: str, doubted: str = ""
) -> Claim:
    """Declare a row of a table of errors; ours may lie .2 points from it."""
    kind = "from memory" if doubted else "printed"
    return Claim(
        id_,
        statement,
        source,
        Published(f"{100 * error:.2f} %", error, source_kind=kind, unit="%", dataset="cifar10"),
        Value(experiment, "test_error", round(error - 0.002, 4), round(error + 0.002, 4)),
        ("paper",),
        measure="test error of the cell, trained from scratch, the mean over trainings",
        kind="headline" if experiment == CUT else "supporting",
        doubted=doubted,
        blocked=ABSENT,
    )


CLAIMS = [
    row("A.cutout.cifar", "NASNet-A with cutout has 2.65 % error on CIFAR-10", CUT, 0.0265,
        "Table 1, as DARTS's Table 1 (arXiv:1806.09055) quotes it"),
    row("A.cifar", "NASNet-A has 3.41 % error on CIFAR-10", WHOLE, 0.0341, "Table 1",
        "the number is from memory"),
    row("A.listed.cifar", "NASNet-A, trained by DARTS's recipe, has 2.83 % error on CIFAR-10",
        LISTED, 0.0283, "DARTS's Table 1: retrained there"),
]  # fmt: skip

DEVIATIONS = [
    "CIFAR-10: the numbers of the recipe are those of TF-slim; momentum .9 without Nesterov.",
    "The authors' search on CIFAR-10 (20,000 children, 1,800 GPU-days) is not offered: the league "
    "takes its place.",
]
