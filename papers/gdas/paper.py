"""GDAS (arXiv:1910.04465, CVPR 2019).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="Searching for a Robust Neural Architecture in Four GPU Hours",
    authors="Xuanyi Dong and Yi Yang",
    year=2019,
    url="https://arxiv.org/abs/1910.04465",
    studies=("league", "signals", "cost", "images", "published", "imagenet", "recurrent"),
    spent=(Spent("league/gdas", 0.21, "V100", "(from memory)"),),
)
