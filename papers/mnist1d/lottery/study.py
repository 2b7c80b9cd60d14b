"""What the paper claims of lottery tickets and what its authors ran.

Margins are those of the replication's protocol, written before any run of ours. Differences are
paired: both sides come from one trial, hence from the same initial weights and the same data.
"""

from harness.checks import AtLeast, Effect, Value
from harness.paper import ALL, DEEP, Claim, Experiment, Phase, Published, Task
from papers.mnist1d.lottery.config import Lottery

NAME = "lottery/tickets"

SPARSE = Task(
    "mnist1d-lottery",
    "mnist1d",
    "MLP of 500 hidden units, about 92 % of its parameters pruned, frozen 4,000 / 1,000 split, "
    "batches in stored order; the last step of the round at that sparsity",
    "test_accuracy",
)

EXPERIMENTS = [
    Experiment(
        NAME,
        SPARSE,
        Lottery(),
        run="lottery.tickets:run",
        phases={
            "magnitude": Phase("steps", each="levels"),
            "random": Phase("steps", each="random_levels"),
            "transfer": Phase("transfer_steps", each="transfers"),
        },
        reduced={
            "check": {
                "levels": (0.0, 0.6, 0.92, 1.0),
                "random_levels": (0.92,),
                "steps": 12,
                "eval_every": 5,
                "transfers": ("original_dense", "flipped_reinit", "shuffled_ticket",
                              "chunks_random"),
                "transfer_steps": 6,
                "transfer_eval_every": 3,
                "fresh_rows": 100,
            },
            "smoke": {
                "levels": (0.0, 0.45, 0.68, 0.80, 0.87, 0.92),
                "random_levels": (0.92,),
                "steps": 700,
                "transfers": (),
            },
            "nightly": {
                "levels": (0.0, 0.20, 0.36, 0.49, 0.59, 0.67, 0.74, 0.79, 0.83, 0.87, 0.90, 0.92),
                "random_levels": (0.36, 0.67, 0.79, 0.87, 0.92),
                "steps": 1000,
                "transfer_steps": 600,
                "transfer_eval_every": 20,
            },
        },
        expected={"check": 1, "smoke": 9, "nightly": 70, "paper": 1050},
        seeds={"smoke": 3, "nightly": 4, "paper": 3},
    ),
]  # fmt: skip


def gap(high: str, low: str, at_least: float) -> Effect:
    """Compare two metrics of the study, trial by trial."""
    return Effect(NAME, NAME, high, at_least, other=low)


def plateau(high: str, low: str, at_least: float) -> Effect:
    """Compare the accuracy of two conditions on new data."""
    reading = "plateau_accuracy"
    return gap(f"{high}_{reading}", f"{low}_{reading}", at_least)


CLAIMS = [
    Claim(
        "L1.dense",
        "A ticket of 92 % sparsity beats the dense network",
        "case study 'lottery tickets'; notebook, highest of all evaluations",
        Published("76.1, 74.4 against 66.4, 65.4 %", 0.0935, n=2, source_kind="notebook"),
        gap("ticket_best_accuracy", "dense_best_accuracy", 0.04),
        ALL,
        unit="points",
    ),
    Claim(
        "L1.random",
        "A ticket of 92 % sparsity beats a random mask of the same sparsity",
        "case study 'lottery tickets'; notebook, highest of all evaluations",
        Published("76.1, 74.4 against 61.1, 62.4 %", 0.135, n=2, source_kind="notebook"),
        gap("ticket_best_accuracy", "random_best_accuracy", 0.08),
        ALL,
        unit="points",
    ),
    Claim(
        "L2",
        "The ticket beats the dense network on new data of the same distribution",
        "case study 'lottery tickets'",
        Published("70.6 against 63.7 %", 0.069, source_kind="figure"),
        plateau("original_ticket", "original_dense", 0.02),
        DEEP,
        unit="points",
        note="the 2024 notebook, which never rewinds, has 1.7 points",
    ),
    Claim(
        "L3.shuffled",
        "Shuffled positions: the ticket has no advantage",
        "case study 'lottery tickets'",
        Published("63 against 64.6 %", -0.016, source_kind="figure"),
        Value(NAME, "shuffled_plateau_gain", -0.04, 0.02),
        DEEP,
        unit="points",
    ),
    Claim(
        "L3.spatial",
        "The advantage is larger on data in order than on shuffled data",
        "case study 'lottery tickets'",
        Published("6.9 against -1.6 points", 0.085, source_kind="figure"),
        gap("original_plateau_gain", "shuffled_plateau_gain", 0.02),
        DEEP,
        unit="points",
    ),
    Claim(
        "L3.flipped",
        "Flipped positions: the ticket keeps its advantage",
        "case study 'lottery tickets'",
        Published("69 against 65 %", 0.04, source_kind="figure"),
        plateau("flipped_ticket", "flipped_dense", 0.02),
        DEEP,
        unit="points",
        expected=False,
        note="the 2024 notebook prints -1.2 and +0.7 points for its two trials",
    ),
    Claim(
        "L4.reinit",
        "The ticket's mask on other initial weights still beats the dense network",
        "case study 'lottery tickets'",
        Published("67.3 against 64 %", 0.033, source_kind="figure"),
        plateau("original_reinit", "original_dense", 0.0),
        DEEP,
        unit="points",
    ),
    Claim(
        "L4.rewound",
        "The ticket on its own initial weights beats the same mask on other ones",
        "case study 'lottery tickets'",
        Published("70.6 against 67.3 %", 0.033, source_kind="figure"),
        plateau("original_ticket", "original_reinit", 0.0),
        DEEP,
        unit="points",
        expected=False,
        note="open: the 2024 notebook has 65.9 against 65.5 %, without rewinding",
    ),
    Claim(
        "L4.rewound.fresh",
        "The same on 10,000 fresh test signals, at the last step",
        "case study 'lottery tickets'",
        Published("70.6 against 67.3 %", 0.033, source_kind="figure"),
        gap("original_ticket_fresh_accuracy", "original_reinit_fresh_accuracy", 0.0),
        DEEP,
        unit="points",
        expected=False,
        note="declared after the nightly runs, as 1,000 test signals left the question open",
    ),
    Claim(
        "L5.ticket",
        "The ticket's first layer keeps neighbours: A2 over independence",
        "case study 'lottery tickets': adjacency of surviving weights",
        Published(".0086 against .0072 of the random mask, not normalised", source_kind="figure"),
        AtLeast(NAME, "adjacency_2_ticket_ratio", 1.5),
        ALL,
        unit="",
    ),
    Claim(
        "L5.random",
        "A random mask keeps neighbours by chance alone: A2 over independence",
        "case study 'lottery tickets': adjacency of surviving weights",
        Published("1, by definition", 1.0, source_kind="measured"),
        Value(NAME, "adjacency_2_random_ratio", 0.8, 1.4),
        ALL,
        unit="",
    ),
]

DEVIATIONS = [
    "Lottery: survivors return to initial weights kept in memory. The authors' notebook seeds "
    "again, which since January 2024 no longer touches the weights: its tickets on new data were "
    "never rewound. `faithful=True` draws fresh weights for every condition there, too.",
    "Lottery: the weights that the next round prunes are those at the end of a round; the "
    "notebook takes its last checkpoint, step 1000 of 1501 (`faithful=True` as well). Its A4 "
    "takes the last factor from the random mask; ours does so only with `faithful=True`.",
    "Lottery: weight and bias of a layer are pruned in one pool, and random masks are drawn anew "
    "in every round and not nested, as in the notebook. The round at sparsity 0 is trained once: "
    "both prunings begin with it.",
    "Lottery: the published numbers are the highest of all test evaluations in pruning (we claim "
    "with the same reading and report the last step beside it) and the level of a curve on new "
    "data (ours: the mean of the last 10 evaluations).",
    "Lottery: hidden units that a mask has cut off are left out of training; this is exact. "
    "Re-initialised tickets on flipped data are ours; so are three trials (nightly: four), where "
    "they have two.",
]
