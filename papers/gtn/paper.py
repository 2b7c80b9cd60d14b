"""Generative teaching networks (arXiv:1912.07768, ICML 2020).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="Generative Teaching Networks: Accelerating Neural Architecture Search by Learning to "
    "Generate Synthetic Training Data",
    authors="Felipe Petroski Such, Aditya Rawal, Joel Lehman, Kenneth O. Stanley and Jeff Clune",
    year=2020,
    url="https://arxiv.org/abs/1912.07768",
    studies=("signals", "images", "league", "cifar", "cartpole"),
    spent=(Spent("league/gtn", 0.67, "", "Table 1"),),
)
