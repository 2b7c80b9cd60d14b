"""NASNet-A, counted: declarations."""

from harness.paper import Experiment, Task
from papers.cells.network.sizes_task import SHORT, SIZES, exact
from papers.nasnet.published.config import Sizes

COUNTED = Task(
    "nasnet-sizes",
    "pixels",
    "networks of NASNet-A at full size, counted from shapes",
    "own_cifar_parameters",
    "",
    "min",
)
EXPERIMENTS = [
    Experiment(
        SIZES,
        COUNTED,
        Sizes(),
        run="published.sizes:run",
        reduced={"check": {**SHORT, "large": 24, "side": 64}},
        expected={"check": 4, "smoke": 5, "nightly": 5, "paper": 5},
        deterministic=True,
    ),
]

NONE = "no such number"
LISTED = "NASNet-A as DARTS lists it in DARTS's network"
SLIM = "NASNet-A as its authors' code lists it in DARTS's network"
CIFAR = "for CIFAR-10 (36 channels, 20 cells)"
IMAGENET = "for ImageNet (48 channels, 14 cells)"
SEARCH = "of a search (16 channels, 8 cells)"

CLAIMS = [
    exact("P.own.cifar", "own_cifar_parameters", 3_346_538,
          "NASNet-A in the paper's network for CIFAR-10 (6 @ 768)", "3.3 M (Table 1)"),
    exact("P.own.mobile", "own_mobile_parameters", 5_289_978,
          "NASNet-A in the paper's network for ImageNet (4 @ 1056)",
          "5.3 M (Table 3); Keras's NASNetMobile has 5,289,978 trainable weights"),
    exact("P.own.mobile.macs", "own_mobile_multiply_adds", 563_638_816,
          "NASNet-A in the paper's network for ImageNet (4 @ 1056)", "564 M (Table 3)"),
    exact("P.own.large", "own_large_parameters", 88_757_183,
          "NASNet-A in the paper's network for ImageNet (6 @ 4032)", "88.9 M (Table 2)"),
    exact("P.own.large.macs", "own_large_multiply_adds", 23_783_418_690,
          "NASNet-A in the paper's network for ImageNet (6 @ 4032)", "23.8 B (Table 2)"),
    exact("P.listed.32", "listed_darts_own_parameters", 3_061_738,
          "NASNet-A as DARTS lists it in DARTS's network for CIFAR-10 (32 channels, 20 cells)",
          "3.1 M (DARTS's Table 1, retrained there)"),
    exact("P.own.cifar.macs", "own_cifar_multiply_adds", 544_333_312,
          "NASNet-A in the paper's network for CIFAR-10 (6 @ 768)", NONE),
    exact("P.listed.36", "listed_darts_cifar_parameters", 3_830_950, f"{LISTED} {CIFAR}",
          f"{NONE}; in its own network 3.3 M"),
    exact("P.listed.36.macs", "listed_darts_cifar_multiply_adds", 603_452_448,
          f"{LISTED} {CIFAR}", NONE),
    exact("P.listed.48", "listed_darts_imagenet_parameters", 5_564_320, f"{LISTED} {IMAGENET}",
          f"{NONE}; in its own network 5.3 M"),
    exact("P.listed.48.macs", "listed_darts_imagenet_multiply_adds", 604_031_616,
          f"{LISTED} {IMAGENET}", f"{NONE}; in its own network 564 M"),
    exact("P.listed.16", "listed_darts_search_parameters", 333_946, f"{LISTED} {SEARCH}", NONE),
    exact("P.listed.16.macs", "listed_darts_search_multiply_adds", 56_224_896,
          f"{LISTED} {SEARCH}", NONE),
    exact("P.slim.36", "slim_darts_cifar_parameters", 4_168_054, f"{SLIM} {CIFAR}",
          f"{NONE}; in its own network 3.3 M"),
    exact("P.slim.48", "slim_darts_imagenet_parameters", 6_159_520, f"{SLIM} {IMAGENET}",
          f"{NONE}; in its own network 5.3 M"),
    exact("P.slim.16", "slim_darts_search_parameters", 357_882, f"{SLIM} {SEARCH}", NONE),
]  # fmt: skip

DEVIATIONS = [
    "NASNet-A: pools and convolutions pad on both sides, TensorFlow's at stride 2 on even sizes "
    "at the end alone. Which states are concatenated is data: TF-slim's and DARTS's listings "
    "differ.",
]
