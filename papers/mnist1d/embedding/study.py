"""What the paper claims of t-SNE maps of MNIST-1D and MNIST and of learned features.

The paper shows pictures; we compare label purities, by margins of our own.
"""

from typing import Any

from harness.checks import Direction, Effect, Value
from harness.paper import Claim, Experiment, Phase, Published, Task
from papers.mnist1d.embedding.config import Learned, Raw
from papers.mnist1d.margins import near

MAPS = Task(
    "mnist1d-embedding",
    "mnist1d",
    "t-SNE, perplexity 30, from PCA; share of the 10 nearest points with the same label",
    "purity",
)
SMALL: dict[str, Any] = {"points": 160, "perplexity": 10.0, "iterations": 260, "drawn": 20}
POINTS: dict[str, dict[str, Any]] = {
    "check": SMALL,
    "smoke": {"points": 1000},
    "nightly": {"points": 2000},
}

EXPERIMENTS = [
    Experiment(
        "embedding/mnist1d",
        MAPS,
        Raw(),
        run="embedding.raw:run",
        deterministic=True,
        reduced=POINTS,
        expected={"check": 1, "smoke": 3, "nightly": 11, "paper": 30},
    ),
    Experiment(
        "embedding/mnist",
        MAPS,
        Raw(dataset="mnist"),
        run="embedding.raw:run",
        reduced={**POINTS, "check": {**SMALL, "dataset": "digits"}},
        expected={"check": 1, "nightly": 18, "paper": 40},
        seeds={"nightly": 3, "paper": 3},
        skipped=("smoke",),
    ),
    Experiment(
        "embedding/contrastive",
        MAPS,
        Learned(),
        run="embedding.learned:run",
        phases={"train": Phase("epochs", cost="epoch_steps")},
        replicates="members",
        independent=True,
        reduced={
            "check": {**SMALL, "epochs": 2, "members": 2},
            "smoke": {"points": 1000, "epochs": 20, "members": 1},
            "nightly": {"points": 2000, "epochs": 100},
        },
        expected={"check": 1, "smoke": 5, "nightly": 79, "paper": 150},
    ),
]

CLAIMS = [
    Claim(
        "T1",
        "t-SNE finds clusters in MNIST and none in MNIST-1D",
        "t-SNE figure",
        Published("no such number: two pictures"),
        Effect("embedding/mnist", "embedding/mnist1d", "purity", at_least=0.20),
        unit="points",
        measure="share of the 10 nearest points on the map with the same label: MNIST's less ours",
        note="on equally many points; 20 points were chosen before any run",
    ),
    Claim(
        "T2.near",
        "How well a map of all MNIST-1D keeps neighbourhoods: the final divergence",
        "notebook, t-SNE",
        Published("2.528", 2.528, source_kind="notebook", unit="nats", dataset="mnist1d"),
        Value("embedding/mnist1d", "divergence", *near(2.528, 0.05)),
        ("paper",),
        unit="nats",
        measure="Kullback-Leibler divergence of the map of 5,000 signals at the end",
        note="a twentieth to either side; openTSNE there, scikit-learn here; a timing run of ours "
        "had given 2.50",
    ),
    Claim(
        "T3",
        "Learned without labels: digits 0, 3, 6 and 8 stand apart from the others",
        "case study 'self-supervised learning', figure",
        Published("no such number: one picture"),
        Effect(
            "embedding/contrastive",
            "embedding/contrastive",
            "isolated",
            at_least=0.10,
            other="others",
        ),
        unit="points",
        measure="mean label purity of digits 0, 3, 6, 8 less that of the other six",
        note="10 points were chosen before any purity had been measured",
    ),
    Claim(
        "T4",
        "MNIST is too easy to tell models apart: neighbours alone solve it, not MNIST-1D",
        "introduction and table, MNIST beside MNIST-1D",
        Published("no such number for nearest neighbours on MNIST"),
        Direction("embedding/mnist", "embedding/mnist1d", "neighbour_accuracy"),
        unit="points",
        measure="accuracy of 10 nearest neighbours, each point left out: MNIST's less ours",
        note="declared after runs of both experiments had shown it",
    ),
]

DEVIATIONS = [
    "t-SNE: scikit-learn's takes the place of openTSNE, with the same perplexity, iterations, "
    "exaggeration and learning rate, from an exact PCA; it minimises the same divergence.",
    "t-SNE: MNIST's map has as many points as MNIST-1D's (5,000 train images, three random "
    "choices), as purity depends on the number of points; the published one has 70,000.",
    "t-SNE: MNIST-1D's map has nothing random in it, so one trial is the whole population.",
    "t-SNE of learned features: the default head, trained as in contrastive/default; all 5,000 "
    "signals are mapped, by cosine distance of z.",
]
