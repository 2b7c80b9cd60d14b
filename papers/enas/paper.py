"""ENAS (arXiv:1802.03268, ICML 2018).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from harness.spent import Spent

PAPER = Paper(
    title="Efficient Neural Architecture Search via Parameter Sharing",
    authors="Hieu Pham, Melody Y. Guan, Barret Zoph, Quoc V. Le and Jeff Dean",
    year=2018,
    url="https://arxiv.org/abs/1802.03268",
    studies=("league", "signals", "images", "recurrent"),
    spent=(Spent("league/enas", 0.45, "GTX 1080 Ti", "micro search (from memory)"),),
)
