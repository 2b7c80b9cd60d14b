"""The tasks that search papers share, as declarations: what makes their numbers comparable."""

from harness.paper import Task

PROTOCOL = "light network, 3,000 training signals, 300 SGD steps of 50, cosine from .1 to 0"
LIMIT = 2  # convolutions of a cell at most: without it the largest cell is nearly the best one
STAND_INS = ("largest", "deepest", "parameters", "constant", "mean_random")
LEAGUE = Task(
    "mnist1d-cells-capped",
    "mnist1d",
    f"{PROTOCOL}; cells without none and with at most {LIMIT} convolutions",
    "regret",
    "points",
    "min",
    standings=True,
    stand_ins=tuple(f"randomnas/league/{name}" for name in STAND_INS),
)
SWEPT = Task(  # the league's cells, for searches that are no method of their own
    "mnist1d-cells-swept",
    "mnist1d",
    f"{PROTOCOL}; regret in the capped task, in the plain one and at a price a convolution",
    "regret",
    "points",
    "min",
    stand_ins=LEAGUE.stand_ins,
)

LEAGUE_SPACES = ("T0", "T0b", "T1", "T2")  # those whose truth is known
CHILD_STEPS = 300  # what one training from scratch is charged

EVALUATED = (
    "20 cells on 36 channels, 600 epochs of 96, SGD .025 to 0 by a cosine, second classifier .4, "
    "drop path .2, cutout 16"
)
CIFAR = Task(
    "cifar10-cells",
    "cifar10",
    f"{EVALUATED}; 50,000 training images, the last epoch's error on the 10,000 others",
    "test_error",
    direction="min",
)
CIFAR_8K = Task(  # a sixth of the images and of the test set: not to be read as CIFAR-10
    "cifar8k-cells",
    "cifar10_subset",
    "8,068 training images of CIFAR-10's, 1,017 others to test on; recipe as each config says",
    "test_error",
    direction="min",
)
NODES = Task(
    "mnist1d-darts",
    "mnist1d",
    "two cells of DARTS's space in a network of 3 cells and 8 channels, trained from scratch on "
    "3,000 signals by DARTS's recipe in batches of 100; choices on 1,000 others; error of the "
    "last step on the 1,000 test signals",
    "test_error",
    direction="min",
    standings=True,
    stand_ins=("darts/signals/published", "darts/signals/largest"),
)
