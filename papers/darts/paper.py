"""DARTS (arXiv:1806.09055v2, ICLR 2019): its studies joined.

Each study has a folder with its own `study.py`: experiments, claims and deviations as data.
"""

from harness.paper import Paper
from papers.darts.league import study as league
from papers.darts.product import study as product
from papers.darts.recurrent import study as recurrent
from papers.darts.robustness import study as robustness
from papers.darts.space import study as space

STUDIES = (league, space, robustness, product, recurrent)

PAPER = Paper(
    title="DARTS: Differentiable Architecture Search",
    authors="Hanxiao Liu, Karen Simonyan and Yiming Yang",
    year=2019,
    url="https://arxiv.org/abs/1806.09055",
    experiments=[experiment for study in STUDIES for experiment in study.EXPERIMENTS],
    claims=[claim for study in STUDIES for claim in study.CLAIMS],
    deviations=[text for study in STUDIES for text in study.DEVIATIONS],
)
