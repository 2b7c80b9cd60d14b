"""NASNet (arXiv:1707.07012, CVPR 2018), and the search that it takes over from arXiv:1611.01578.

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="Learning Transferable Architectures for Scalable Image Recognition",
    authors="Barret Zoph, Vijay Vasudevan, Jonathon Shlens and Quoc V. Le",
    year=2017,
    url="https://arxiv.org/abs/1707.07012",
    studies=("league", "fidelity", "published", "images"),
    spent=(
        Spent(
            "league/lstm_ppo",
            2000,
            "P100",
            "500 P100s, four days (from memory); others count 1,800",
        ),
    ),
)
