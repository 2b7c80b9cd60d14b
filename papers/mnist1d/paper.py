"""MNIST-1D's paper (arXiv:2011.14439v5, ICML 2024): its studies joined.

Each study has a folder with its own `study.py`: experiments, claims and deviations as data. Here
is what trains nothing: the frozen data set and the human answers.
"""

from harness.checks import Exact
from harness.paper import ALL, Claim, Experiment, Paper, Published, Task
from papers.mnist1d.benchmark import study as benchmark
from papers.mnist1d.config import Frozen, Human
from papers.mnist1d.contrastive import study as contrastive
from papers.mnist1d.double_descent import study as double_descent
from papers.mnist1d.embedding import study as embedding
from papers.mnist1d.lottery import study as lottery
from papers.mnist1d.meta_activation import study as meta_activation
from papers.mnist1d.meta_lr import study as meta_lr
from papers.mnist1d.pooling import study as pooling

STUDIES = (
    benchmark,
    lottery,
    double_descent,
    meta_lr,
    meta_activation,
    pooling,
    contrastive,
    embedding,
)

DATA = Task(
    "mnist1d-data", "mnist1d", "default arguments, seed 42", "mismatched_arrays", "", "min"
)
EXPERIMENTS = [
    Experiment("frozen", DATA, Frozen(), run="frozen:run", deterministic=True),
    Experiment("human", benchmark.CLASSIFY, Human(), run="human:run", deterministic=True),
]

CLAIMS = [
    Claim(
        "D1",
        "The frozen data set follows from its seed",
        "the released data file",
        Published("0 arrays differ", 0, provenance="measured"),
        Exact("frozen", "mismatched_arrays", 0),
        ALL,
        unit="arrays",
    ),
    Claim(
        "H1",
        "People solve the task",
        "Table 1; five published quizzes",
        Published("96 ± 1 %; 383 of 400 distinct answers are right", 383),
        Exact("human", "correct", 383),
        ALL,
        unit="answers",
    ),
]

PAPER = Paper(
    title="Scaling Down Deep Learning with MNIST-1D",
    authors="Samuel Greydanus and Dmitry Kobak",
    year=2024,
    url="https://arxiv.org/abs/2011.14439",
    experiments=[*EXPERIMENTS, *(e for study in STUDIES for e in study.EXPERIMENTS)],
    claims=[*CLAIMS, *(claim for study in STUDIES for claim in study.CLAIMS)],
    deviations=[text for study in STUDIES for text in study.DEVIATIONS],
)
