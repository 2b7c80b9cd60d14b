"""GHN-2 (arXiv:2110.13100, NeurIPS 2021), with GHN-1 (arXiv:1810.05749) as it stands there.

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper

PAPER = Paper(
    title="Parameter Prediction for Unseen Deep Architectures",
    authors="Boris Knyazev, Michal Drozdzal, Graham W. Taylor and Adriana Romero-Soriano",
    year=2021,
    url="https://arxiv.org/abs/2110.13100",
    studies=("signals", "league", "images", "imagenet", "published"),
)
