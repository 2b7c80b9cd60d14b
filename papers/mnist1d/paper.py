"""MNIST-1D's paper (arXiv:2011.14439v5, ICML 2024).

Each study has a folder with its own `study.py`: experiments, claims and deviations as data. Here
is what trains nothing: the frozen data set and the human answers.
"""

from harness.checks import Exact, Value
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


def quick(study: str, experiment: str, minutes: int, theirs: str, measure: str) -> Claim:
    """Claim that a part of a study takes no longer than the paper says of the whole."""
    return Claim(
        f"C1.{study}",
        f"Cheap enough for a CPU: {study.replace('_', ' ')} within minutes",
        f"abstract, 'within minutes'; the paper's list of run times: {theirs}",
        Published(theirs),
        Value(experiment, "seconds", 0.0, 60.0 * minutes),
        ("paper",),
        unit="s",
        measure=measure,
        kind="headline",
        margin_from="paper",
        note="on the machine that the rows name: another load or machine has other seconds",
    )


CLAIMS = [
    Claim(
        "D1",
        "The frozen data set follows from its seed",
        "the released data file, by hash",
        Published("no such number: the arrays themselves are published"),
        Exact("frozen", "mismatched_arrays", 0),
        ALL,
        unit="arrays",
        measure="arrays whose hash differs from the released file's",
        kind="self-check",
    ),
    Claim(
        "H1",
        "The recorded human answers give what the paper prints",
        "table, 96 ± 1 % of 500 answers; five published quizzes, one of them twice",
        Published("383 of 400 distinct answers are right", source_kind="measured"),
        Exact("human", "correct", 383),
        ALL,
        unit="answers",
        measure="right answers among the 400 distinct ones",
        kind="self-check",
    ),
    Claim(
        "H2",
        "People fail on shuffled signals",
        "table",
        Published("about 30 ± 10 %", 0.30, 0.10, unit="%", dataset="mnist1d"),
        Value("human", "shuffled_test_accuracy", 0.0, 0.60),
        ("paper",),
        measure="share of shuffled test signals that people name rightly",
        kind="headline",
        margin_from="paper",
        blocked="no answers to shuffled signals were published; three people who take the quiz of "
        "100 test signals in permutation B would unblock it",
        note="three of the printed deviations above the printed mean",
    ),
    quick(
        "lottery",
        "lottery/tickets",
        30,
        "30 minutes on a GPU, two trials",
        "device seconds of one trial on one CPU core",
    ),
    quick(
        "double_descent",
        "double_descent/cnn/noisy",
        60,
        "60 minutes, MLPs and CNNs",
        "device seconds of the CNNs' sweep on one CPU core",
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
