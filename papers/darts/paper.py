"""DARTS (arXiv:1806.09055v2, ICLR 2019).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper

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
)
