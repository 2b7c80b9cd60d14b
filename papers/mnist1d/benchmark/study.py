"""What the paper claims of its benchmark (Fig. 2) and what its authors ran.

Intervals are those of the replication's protocol, written before any run of ours: they are the
authors' own notebook outputs widened by the spread over seeds. Where the paper prints another
number than its notebooks, the printed one is a claim of its own.
"""

from harness.checks import AtLeast, Effect, Ordering, Same, Value
from harness.paper import ALL, DEEP, Claim, Experiment, Phase, Published, Task
from papers.mnist1d.benchmark.config import Fit, Training

STORED = "frozen 4,000 / 1,000 split, batches in stored order, 6,001 Adam steps, no early stopping"

CLASSIFY = Task("mnist1d", "mnist1d", STORED, "test_accuracy")
SHUFFLED = {
    order: Task(f"mnist1d-shuffled-{order}", "mnist1d", f"{STORED}; permutation {order.upper()}",
                "test_accuracy")
    for order in ("a", "b", "c")
}  # fmt: skip

TRAIN = {"train": Phase("steps")}
TINY = {"steps": 12, "eval_every": 5, "members": 2, "fresh_rows": 0}

# members, SGD steps where reduced, and device seconds as measured on one core of the machine that
# reports/ names; orders A and C have half the members at nightly
SIZES = {
    #           smoke: members, steps, s · nightly: members, s · paper: members, s
    "logistic": ((4, 6001, 1), (8, 2), (16, 3)),
    "mlp": ((8, 2001, 3), (16, 14), (32, 28)),
    "cnn": ((4, 1501, 3), (8, 26), (16, 53)),
    "gru": ((4, 1001, 7), (8, 93), (16, 176)),
}


def neural(model: str, order: str = "none") -> Experiment:
    """Declare one model on one order of the positions."""
    (few, steps, fast), (some, medium), (many, long) = SIZES[model]
    if order in ("a", "c"):
        some, medium = some // 2, round(0.6 * medium)
    return Experiment(
        f"benchmark/{model}" if order == "none" else f"benchmark/shuffled_{order}/{model}",
        CLASSIFY if order == "none" else SHUFFLED[order],
        Training(model, order, members=many),
        run="benchmark.training:run",
        phases=TRAIN,
        replicates="members",
        reduced={
            "check": TINY,
            "smoke": {"members": few, "steps": steps},
            "nightly": {"members": some},
        },
        expected={"check": 1, "smoke": fast, "nightly": medium, "paper": long},
        skipped=() if order == "none" else ("smoke",),
    )


def fit(config: Fit, seconds: float, deterministic: bool = True) -> Experiment:
    """Declare one non-neural classifier."""
    return Experiment(
        f"benchmark/{config.method}",
        CLASSIFY,
        config,
        run="benchmark.baselines:run",
        reduced={"check": {"trees": 5}},
        expected=dict.fromkeys(("check", *ALL), seconds),
        seeds={} if deterministic else {"smoke": 3, "nightly": 5, "paper": 5},
        deterministic=deterministic,
    )


EXPERIMENTS = [
    *(neural(model, order) for order in ("none", "a", "b", "c") for model in SIZES),
    fit(Fit("knn"), 1),
    fit(Fit("linear_svm", penalty=1.0), 1),
    fit(Fit("rbf_svm"), 1),
    fit(Fit("random_forest"), 8, deterministic=False),
]

CLAIMS = [
    Claim(
        "B1.final",
        "Logistic regression, at the last step",
        "Fig. 2; benchmark notebook",
        Published("31.5 to 31.7 %", 0.316, source_kind="notebook"),
        Value("benchmark/logistic", "test_accuracy", 0.310, 0.322),
        ALL,
    ),
    Claim(
        "B1.best",
        "Logistic regression, best of 25 test evaluations",
        "Fig. 2",
        Published("32 ± 1 %", 0.32, 0.01, 3),
        Value("benchmark/logistic", "best_test_accuracy", 0.323, 0.335),
        ALL,
    ),
    Claim(
        "B2",
        "The residual MLP, at the last step",
        "benchmark notebook",
        Published("64.2 to 65.1 %", 0.646, source_kind="notebook"),
        Value("benchmark/mlp", "test_accuracy", 0.638, 0.672, bands={"smoke": (0.60, 0.66)}),
        ALL,
    ),
    Claim(
        "B2.printed",
        "The residual MLP, as the paper prints it",
        "Fig. 2",
        Published("68 ± 2 %", 0.68, 0.02, 3),
        Value("benchmark/mlp", "best_test_accuracy", 0.66, 0.70),
        DEEP,
        expected=False,
        note="the authors' own notebooks end at 64.2 to 65.1 %",
    ),
    Claim(
        "B3",
        "The CNN, at the last step",
        "Fig. 2; benchmark notebook 92.3 to 94.2 %",
        Published("94 ± 2 %", 0.94, 0.02, 3),
        Value("benchmark/cnn", "test_accuracy", 0.922, 0.950, bands={"smoke": (0.86, 0.95)}),
        ALL,
    ),
    Claim(
        "B4",
        "The bidirectional GRU, at the last step",
        "Fig. 2; benchmark notebook 89.1 to 92.1 %",
        Published("91 ± 2 %", 0.91, 0.02, 3),
        Value("benchmark/gru", "test_accuracy", 0.88, 0.93, bands={"smoke": (0.82, 0.93)}),
        ALL,
    ),
    Claim(
        "B5.order",
        "Logistic < nearest neighbours and MLP < GRU < CNN",
        "Fig. 2; building notebook",
        Published("32 < 60, 68 < 91 < 94 %"),
        Ordering(
            (
                ("benchmark/logistic",),
                ("benchmark/knn", "benchmark/mlp"),
                ("benchmark/gru",),
                ("benchmark/cnn",),
            ),
            "test_accuracy",
        ),
        ALL,
        unit="points",
    ),
    Claim(
        "B5.gap",
        "The CNN beats the MLP: the spatial prior pays",
        "Fig. 2",
        Published("+26 points", 0.26),
        Effect("benchmark/cnn", "benchmark/mlp", "test_accuracy", at_least=0.24),
        ALL,
        unit="points",
    ),
    Claim(
        "B6.cnn",
        "Shuffled positions: the CNN, at the last step",
        "Fig. 2; benchmark notebook 57.9 to 58.7 %",
        Published("56 ± 2 %", 0.56, 0.02, 3),
        Value("benchmark/shuffled_b/cnn", "test_accuracy", 0.54, 0.61),
    ),
    Claim(
        "B6.gru",
        "Shuffled positions: the GRU, at the last step",
        "benchmark notebook",
        Published("50.8 to 54.1 %", 0.527, source_kind="notebook"),
        Value("benchmark/shuffled_b/gru", "test_accuracy", 0.49, 0.59),
    ),
    Claim(
        "B6.gru.printed",
        "Shuffled positions: the GRU, as the paper prints it",
        "Fig. 2",
        Published("57 ± 2 %", 0.57, 0.02, 3),
        Value("benchmark/shuffled_b/gru", "best_test_accuracy", 0.55, 0.59),
        note="declared after the first runs, with the paper's own ± as its band",
    ),
    Claim(
        "B6.mlp",
        "Shuffled positions leave the MLP where it was",
        "Fig. 2",
        Published("68 ± 2 % both", 0.0),
        Same("benchmark/mlp", "benchmark/shuffled_b/mlp", "test_accuracy", 0.03),
        unit="points",
    ),
    Claim(
        "B6.drop",
        "Shuffled positions cost the CNN its lead",
        "Fig. 2",
        Published("38 points", 0.38),
        Effect("benchmark/cnn", "benchmark/shuffled_b/cnn", "test_accuracy", at_least=0.19),
        unit="points",
    ),
    Claim(
        "B7",
        "Every non-linear model fits the shuffled training set completely",
        "benchmark section",
        Published("100 %", 1.0),
        AtLeast("benchmark/shuffled_b/cnn", "train_accuracy", 0.995),
        expected=False,
        note="judged on the shuffled CNN; the notebooks print 91 to 95 %",
    ),
]

DEVIATIONS = [
    "Members of an ensemble see the same batches in the same order and differ in their "
    "initial weights alone, as the authors' repeated runs do.",
    "The paper reports early stopping without a validation set; we report the last step, and "
    "the best of 25 test evaluations under its own name: it is chosen on the test set.",
    "Three permutations circulate under the name 'shuffled': A from the generation stream, B "
    "from seed 42 (the benchmark notebook and Fig. 2; the claims use it), C from seed 0 (the "
    "lottery notebook). They are kept apart.",
    "Quiz 2 of the human answers is a copy of quiz 1: the published 500 answers are 400 "
    "distinct ones, 383 of them right.",
    "The fresh test set (10,000 rows, seed 1234) is standardised by its own mean and "
    "deviation, as the generator does; no claim rests on it.",
    "Subnormal numbers are flushed to zero, which keeps late steps fast.",
]
