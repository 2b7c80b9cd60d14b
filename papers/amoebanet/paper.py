"""AmoebaNet (arXiv:1802.01548, AAAI 2019).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="Regularized Evolution for Image Classifier Architecture Search",
    authors="Esteban Real, Alok Aggarwal, Yanping Huang and Quoc V. Le",
    year=2018,
    url="https://arxiv.org/abs/1802.01548",
    studies=("league", "onemax", "published", "images"),
    spent=(Spent("league/aging", 3150, "K40", "450 K40s for seven days (from memory)"),),
)
