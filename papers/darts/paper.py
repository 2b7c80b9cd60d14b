"""DARTS (arXiv:1806.09055v2, ICLR 2019).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="DARTS: Differentiable Architecture Search",
    authors="Hanxiao Liu, Karen Simonyan and Yiming Yang",
    year=2019,
    url="https://arxiv.org/abs/1806.09055",
    studies=(
        "league",
        "signals",
        "images",
        "sizes",
        "robustness",
        "product",
        "recurrent",
        "imagenet",
    ),
    spent=(
        Spent(
            "league/second_order",
            4,
            "GTX 1080 Ti",
            "Table 1: four searches of a day each",
        ),
        Spent("league/first_order", 1.5, "GTX 1080 Ti", "Table 1: four searches"),
        Spent("league/random", 4, "GTX 1080 Ti", "Table 1: 24 cells, 100 epochs each"),
    ),
)
