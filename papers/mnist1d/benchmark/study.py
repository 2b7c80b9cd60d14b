"""What the paper claims of its benchmark (Fig. 2 and its table) and what its authors ran.

Bands follow from the authors' numbers by `papers.mnist1d.margins`. What the paper prints stops
early, which it does not define: we read it as the best of 25 evaluations on the test set. What
its notebooks print at the last step is a claim of its own.
"""

from harness.checks import AtLeast, Effect, Ordering, Same, Value
from harness.paper import ALL, DEEP, Claim, Experiment, Phase, Published, Task
from papers.mnist1d.benchmark.config import Fit, Training
from papers.mnist1d.margins import around, half

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
        independent=True,  # batches come in stored order: nothing else is random
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

NAMES = {
    "logistic": "Logistic regression",
    "mlp": "The residual MLP",
    "cnn": "The CNN",
    "gru": "The bidirectional GRU",
}
DATA = "mnist1d"
ORDERED, SHUFFLED_B = "benchmark", "benchmark/shuffled_b"
ENDS_LOWER = "the authors' own benchmark notebooks end at 64.2 to 65.1 %"


def table(model: str, value: float, sd: float, order: str = ORDERED, doubted: str = "") -> Claim:
    """Claim a number of the paper's table: the mean of three runs that stopped early."""
    shuffled = order != ORDERED
    return Claim(
        f"{'B9' if shuffled else 'B8'}.{model}",
        f"{NAMES[model]}{', positions shuffled' if shuffled else ''}: the table's accuracy",
        "Fig. 2 and its table, 'early stopping'",
        Published(f"{100 * value:.0f} ± {100 * sd:.0f} %", value, sd, 3, unit="%", dataset=DATA),
        Value(f"{order}/{model}", "best_test_accuracy", *around(value, sd)),
        measure="test accuracy, best of 25 evaluations on the test set",
        kind="headline",
        margin_from="paper",
        doubted=doubted,
        note="three of the printed deviations, at least 3 points; their n enters the error",
    )


def last(model: str, runs: str, value: float, sd: float, n: int, order: str = ORDERED) -> Claim:
    """Claim where single runs of the authors' notebooks ended."""
    shuffled = order != ORDERED
    return Claim(
        f"{'B9' if shuffled else 'B8'}.{model}.last",
        f"{NAMES[model]}{', positions shuffled' if shuffled else ''}: accuracy at the last step",
        "benchmark notebooks of 2020 and 2024, last step",
        Published(runs, value, sd, n, source_kind="notebook", unit="%", dataset=DATA),
        Value(f"{order}/{model}", "test_accuracy", *around(value, sd)),
        ALL if (model, order) == ("logistic", ORDERED) else DEEP,
        measure="test accuracy after 6,001 steps",
        margin_from="notebook",
        note="three deviations of their runs, at least 3 points",
    )


CLAIMS = [
    table("logistic", 0.32, 0.01),
    table("mlp", 0.68, 0.02, doubted=ENDS_LOWER),
    table("cnn", 0.94, 0.02),
    table("gru", 0.91, 0.02),
    last("logistic", "31.7, 31.5, 31.5, 31.5 %", 0.3155, 0.001, 4),
    last("mlp", "64.6, 65.1, 64.2, 64.6 %", 0.646, 0.0037, 4),
    last("cnn", "92.5, 92.3, 94.2, 92.3 %", 0.928, 0.0092, 4),
    last("gru", "91.1, 89.1, 90.8, 92.1 %", 0.908, 0.0125, 4),
    Claim(
        "B5.order",
        "The data set separates models: logistic < nearest neighbours and MLP < GRU < CNN",
        "abstract; Fig. 2 and its table (32, 68, 91, 94 %); building notebook (neighbours 60 %)",
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
        DEEP,
        unit="points",
        measure="smallest gap between neighbours in that order, at the last step",
        kind="headline",
        note="single runs of the notebooks have the GRU at 91.1 and a CNN at 92.3 %",
    ),
    Claim(
        "B5.prior",
        "The CNN beats the MLP: the spatial prior pays",
        "abstract; Fig. 2 and its table, 94 ± 2 against 68 ± 2 %",
        Published("26 points", 0.26, unit="points", dataset=DATA),
        Effect("benchmark/cnn", "benchmark/mlp", "best_test_accuracy", at_least=half(0.26)),
        ALL,
        unit="points",
        measure="best test accuracy of the CNN less the MLP's",
        kind="headline",
        note="half of the printed gap; smoke: 1,501 and 2,001 steps",
    ),
    table("logistic", 0.32, 0.01, SHUFFLED_B),
    table("mlp", 0.68, 0.02, SHUFFLED_B, "the authors' notebooks end at 63.7 to 66.5 %"),
    table("cnn", 0.56, 0.02, SHUFFLED_B),
    table("gru", 0.57, 0.02, SHUFFLED_B),
    last("cnn", "58.3, 58.7, 57.9 %", 0.583, 0.004, 3, SHUFFLED_B),
    last("gru", "54.1, 53.3, 50.8 %", 0.5273, 0.0172, 3, SHUFFLED_B),
    Claim(
        "B6.mlp",
        "Shuffled positions leave the MLP where it was",
        "Fig. 2 and its table, 68 ± 2 % both",
        Published("no difference", 0.0, unit="points", dataset=DATA),
        Same("benchmark/mlp", "benchmark/shuffled_b/mlp", "test_accuracy", 0.03),
        unit="points",
        measure="test accuracy on ordered less that on shuffled positions, last step",
        kind="headline",
        note="3 points: a quarter of the smallest effect that this study claims",
    ),
    Claim(
        "B6.drop",
        "Shuffled positions cost the CNN its lead",
        "Fig. 2 and its table, 94 ± 2 and 56 ± 2 %",
        Published("38 points", 0.38, unit="points", dataset=DATA),
        Effect("benchmark/cnn", "benchmark/shuffled_b/cnn", "test_accuracy", at_least=half(0.38)),
        unit="points",
        measure="test accuracy on ordered less that on shuffled positions, last step",
        kind="headline",
        note="half of the printed drop",
    ),
    Claim(
        "B6.drop.gru",
        "Shuffled positions cost the GRU its lead",
        "Fig. 2 and its table, 91 ± 2 and 57 ± 2 %",
        Published("34 points", 0.34, unit="points", dataset=DATA),
        Effect("benchmark/gru", "benchmark/shuffled_b/gru", "test_accuracy", at_least=half(0.34)),
        unit="points",
        measure="test accuracy on ordered less that on shuffled positions, last step",
        kind="headline",
        note="half of the printed drop; declared after the paper-budget runs that judge it",
    ),
    Claim(
        "B7",
        "Every non-linear model fits the shuffled training set completely",
        "benchmark section, 100 % training accuracy",
        Published("100 %", 1.0, unit="%", dataset=DATA),
        AtLeast("benchmark/shuffled_b/cnn", "train_accuracy", 0.995),
        measure="training accuracy of the CNN on shuffled positions, last step",
        doubted="the benchmark notebooks print 91 to 95 % for it",
        refuted=("8abde02732",),
        note="judged on the CNN alone; rounding allows 99.5 %",
    ),
]

DEVIATIONS = [
    "Members of an ensemble see the same batches in the same order and differ in their "
    "initial weights alone, as the authors' repeated runs do.",
    "The paper reports early stopping without a validation set and does not define it; its "
    "table's numbers are compared with the best of 25 test evaluations, chosen on the test set, "
    "those of its notebooks with the last step.",
    "Three permutations circulate under the name 'shuffled': A from the generation stream, B "
    "from seed 42 (the benchmark notebook and Fig. 2; the claims use it), C from seed 0 (the "
    "lottery notebook). They are kept apart.",
    "Quiz 2 of the human answers is a copy of quiz 1: the published 500 answers are 400 "
    "distinct ones, 383 of them right.",
    "The fresh test set (10,000 rows, seed 1234) is standardised by its own mean and "
    "deviation, as the generator does; no claim rests on it.",
    "Subnormal numbers are flushed to zero, which keeps late steps fast.",
]
