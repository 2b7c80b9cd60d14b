"""The published cells, counted: declarations."""

from harness.paper import Experiment, Task
from papers.amoebanet.published.config import Sizes
from papers.cells.network.sizes_task import SHORT, SIZES, exact

COUNTED = Task(
    "amoebanet-sizes",
    "pixels",
    "networks of the published cells at full size, counted from shapes",
    "a_tpu_36_parameters",
    "",
    "min",
)
EXPERIMENTS = [
    Experiment(
        SIZES,
        COUNTED,
        Sizes(),
        run="published.sizes:run",
        reduced={"check": {**SHORT, "cells": 3, "large": (), "imagenet": 48, "side": 64}},
        expected={"check": 5, "smoke": 6, "nightly": 6, "paper": 6},
        deterministic=True,
    ),
]

OWN = "AmoebaNet-A in the paper's network"
LISTED = "AmoebaNet-A as DARTS lists it in DARTS's network"
MEMORY = "from memory"
CLAIMS = [
    exact("P.a.tpu.36", "a_tpu_36_parameters", 3_218_266,
          f"{OWN} (N=6, F=36)", f"3.2 M (Table 1, {MEMORY})"),
    exact("P.a.tpu.36.macs", "a_tpu_36_multiply_adds", 509_668_992,
          f"{OWN} (N=6, F=36)", "not printed"),
    exact("P.a.tpu.32", "a_tpu_32_parameters", 2_567_754,
          f"{OWN} (N=6, F=32)", f"2.6 M (Table 1, {MEMORY})"),
    exact("P.a.tpu.448", "a_tpu_imagenet_parameters", 468_158_353,
          f"{OWN} for ImageNet (N=6, F=448)",
          f"469 M (Table 2, {MEMORY})"),
    exact("P.a.tpu.448.macs", "a_tpu_imagenet_multiply_adds", 103_887_701_136,
          f"{OWN} for ImageNet (N=6, F=448)", f"104 B (Table 2, {MEMORY})"),
    exact("P.b.tpu.36", "b_tpu_36_parameters", 2_839_186,
          "AmoebaNet-B in the paper's network (N=6, F=36)",
          "2.8 M (DARTS's Table 1)"),
    exact("P.b.tpu.80", "b_tpu_80_parameters", 13_716_250,
          "AmoebaNet-B in the paper's network (N=6, F=80)",
          f"13.7 M ({MEMORY})"),
    exact("P.b.tpu.128", "b_tpu_128_parameters", 34_874_506,
          "AmoebaNet-B in the paper's network (N=6, F=128)", f"34.9 M ({MEMORY})"),
    exact("P.a.listed.36", "a_listed_darts_cifar_parameters", 3_145_078,
          f"{LISTED} for CIFAR-10 (36 channels, 20 cells)",
          "3.1 M (DARTS's Table 1, retrained there)"),
    exact("P.a.listed.36.macs", "a_listed_darts_cifar_multiply_adds", 488_931_552,
          f"{LISTED} for CIFAR-10 (36 channels, 20 cells)", "not printed"),
    exact("P.a.listed.48", "a_listed_darts_imagenet_parameters", 4_627_360,
          f"{LISTED} for ImageNet (48 channels, 14 cells)",
          "no such number; in its own network 5.1 M (DARTS's Table 3)"),
    exact("P.a.listed.48.macs", "a_listed_darts_imagenet_multiply_adds", 526_746_624,
          f"{LISTED} for ImageNet (48 channels, 14 cells)",
          "no such number; in its own network 555 M (DARTS's Table 3)"),
    exact("P.a.listed.16", "a_listed_darts_search_parameters", 326_330,
          f"{LISTED} (16 channels, 8 cells)",
          "no such number"),
    exact("P.a.listed.16.macs", "a_listed_darts_search_multiply_adds", 52_873_088,
          f"{LISTED} (16 channels, 8 cells)", "no such number"),
]  # fmt: skip

DEVIATIONS = [
    "Published cells: pools pad on both sides, TensorFlow's at stride 2 on even sizes at the end "
    "alone. AmoebaNet-A for ImageNet's mobile setting (N=4, F=50) and the first large size "
    "(F=190) are not counted: factorized reductions at a quarter and half of these widths have an "
    "odd number of channels, which the released code refuses, too.",
    "Cell A's first listing, the paper's figure and the code for TPUs differ; the authors called "
    "the figure a mistake in drawing. Both that are here are named: `_tpu` and `_listed`.",
    "The evolved space has `dil_sep_conv_3x3`, the separable convolution with dilation, as lists "
    "of the space in later code have it; no published cell of it has either dilated operation. "
    "`dil_sep_conv_5x5` of cell B runs without dilation, as in the code for TPUs.",
]
