"""MNIST-1D's paper (arXiv:2011.14439v5, ICML 2024).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data. Here
is what trains nothing: the frozen data set and the human answers.
"""

from harness.checks import Exact
from harness.paper import ALL, Claim, Experiment, Paper, Published, Task
from papers.mnist1d.benchmark.study import CLASSIFY
from papers.mnist1d.config import Frozen, Human

DATA = Task(
    "mnist1d-data", "mnist1d", "default arguments, seed 42", "mismatched_arrays", "", "min"
)
EXPERIMENTS = [
    Experiment("frozen", DATA, Frozen(), run="frozen:run", deterministic=True),
    Experiment("human", CLASSIFY, Human(), run="human:run", deterministic=True),
]

CLAIMS = [
    Claim(
        "D1",
        "The frozen data set follows from its seed",
        "the released data file",
        Published("0 arrays differ", 0, source_kind="measured"),
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
    experiments=EXPERIMENTS,
    claims=CLAIMS,
    studies=(
        "benchmark",
        "lottery",
        "double_descent",
        "meta_lr",
        "meta_activation",
        "pooling",
        "contrastive",
        "embedding",
    ),
)
