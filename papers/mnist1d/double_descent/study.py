"""What the paper claims of double descent, and what its authors ran.

The published numbers are those of the authors' notebook: one unseeded run at each width, two of
which differ by 1 to 2 points at the peak.
"""

from harness.checks import AtLeast, Direction, Effect, Value
from harness.paper import ALL, Claim, Experiment, Phase, Published, Task
from papers.mnist1d.double_descent.config import CHANNELS, Descent
from papers.mnist1d.margins import half

SWEEP = {"train": Phase("steps", each="widths")}
PROTOCOL = "4,000 / 12,000 rows, seed 42; SGD .01, momentum .9, 500 epochs; error at largest width"
CLASSIFY = Task("mnist1d-descent", "mnist1d", PROTOCOL, "test_error", direction="min")
NOISY = Task(
    "mnist1d-descent-noisy",
    "mnist1d",
    f"{PROTOCOL}; 15 % of training labels drawn anew",
    "test_error",
    direction="min",
)

TINY = {"widths": (9, 47, 61), "steps": 4, "eval_every": 3, "members": 2, "bottom": 9}
FEW = (9, 16, 21, 27, 36, 47, 61, 80, 300)
FAST = {  # not the paper's protocol: a higher rate makes up for a fifth of the epochs
    "widths": (21, 61, 300), "bottom": 21, "lr": 0.05, "steps": 4000, "eval_every": 4000,
    "members": 4,
}  # fmt: skip


def mlp(name: str, config: Descent, skipped: tuple[str, ...]) -> Experiment:
    """Declare an MLP's sweep over widths."""
    return Experiment(
        f"double_descent/{name}",
        NOISY if config.noise else CLASSIFY,
        config,
        run="double_descent.training:run",
        phases=SWEEP,
        replicates="members",
        independent=True,
        reduced={"check": TINY, "smoke": FAST, "nightly": {"widths": FEW}},
        expected={"check": 1, "smoke": 14, "nightly": 125, "paper": 270},
        skipped=skipped,
    )


CNN = Experiment(
    "double_descent/cnn/noisy",
    NOISY,
    Descent("cnn", CHANNELS, members=1, valley=(8, 12), peak=(16, 24), bottom=10, top=24),
    run="double_descent.training:run",
    phases=SWEEP,
    replicates="members",
    independent=True,
    reduced={
        "check": {"widths": (8, 10, 24), "steps": 4, "eval_every": 3},
        "nightly": {"widths": (10, 18, 24, 60), "steps": 12_000, "members": 4},
    },
    expected={"check": 1, "nightly": 150, "paper": 850},
    seeds={"paper": 3},
    skipped=("smoke",),
)

EXPERIMENTS = [
    mlp("mlp/clean", Descent("mlp", noise=0.0), ("smoke",)),
    mlp("mlp/noisy", Descent("mlp"), ()),
    CNN,
    # squared error is the mean over ten outputs: rate .1 is the paper's .01 on their sum
    mlp("mse/clean", Descent("mlp", noise=0.0, loss="mse", lr=0.1), ("smoke",)),
    mlp("mse/noisy", Descent("mlp", loss="mse", lr=0.1), ("smoke",)),
]

MLP_NOISY, MLP_CLEAN = "double_descent/mlp/noisy", "double_descent/mlp/clean"
CNN_NOISY = "double_descent/cnn/noisy"
DATA = "mnist1d"
NOTEBOOK = "double-descent figure; notebook, one run at each width"
GRID = 1.3  # the ratio of neighbouring widths in the notebook's sweep


def points(text: str, value: float) -> Published:
    """Return a difference of two of the notebook's test errors."""
    return Published(text, value, source_kind="notebook", unit="points", dataset=DATA)


def fitted(labels: str, experiment: str, width: float, text: str) -> Claim:
    """Claim the width at which an MLP fits its labels, from the notebook's train errors."""
    return Claim(
        f"DD3.{labels}.width",
        f"An MLP fits {labels} labels from about {width:.0f} units on",
        NOTEBOOK,
        Published(text, width, source_kind="notebook", unit="units", dataset=DATA),
        Value(experiment, "interpolation_width", width / GRID, width * GRID),
        unit="units",
        measure="width at which the train error falls to 0.5 %, on a line between two widths",
        margin_from="notebook",
        note="one step of the notebook's own widths to either side",
    )


CLAIMS = [
    Claim(
        "DD1.rise",
        "With label noise the MLP's test error rises to a peak near 50 units",
        f"abstract, 'observe deep double descent'; {NOTEBOOK}",
        points("54.1 % at 47 and 61 units, 47.2 % in the dip", 0.068),
        Effect(MLP_NOISY, MLP_NOISY, "peak_error", at_least=0.03, other="valley_error"),
        unit="points",
        measure="mean test error at 47 to 61 units less the lowest at 9 to 21",
        kind="headline",
    ),
    Claim(
        "DD1.descent",
        "Beyond the peak the MLP's test error falls again",
        f"abstract, 'observe deep double descent'; {NOTEBOOK}",
        points("54.1 % at 47 and 61 units, 45.5 % at 300", 0.086),
        Effect(MLP_NOISY, MLP_NOISY, "peak_error", at_least=0.05, other="end_error"),
        unit="points",
        measure="mean test error at 47 to 61 units less that at 300",
        kind="headline",
    ),
    Claim(
        "DD2",
        "Without label noise the MLP's test error has no bump",
        NOTEBOOK,
        points("at most 0.8 points above an earlier width", 0.008),
        Value(MLP_CLEAN, "bump", -0.02, 0.02),
        unit="points",
        measure="largest rise of test error above its running minimum, from 9 units on",
        note="2 points: two runs of the authors' differ by as much",
    ),
    fitted("noisy", MLP_NOISY, 59.7, "5.5 % train error at 47 units, 0 at 61: 59.7 units"),
    fitted("clean", MLP_CLEAN, 43.1, "1.4 % train error at 36 units, 0 at 47: 43.1 units"),
    Claim(
        "DD4.ratio.rise",
        "The noisy MLP's test loss peaks at 61 units",
        "double-descent notebook, one run at each width",
        Published("5.79 at 61 units, 1.32 at 16", 4.39, source_kind="notebook", dataset=DATA),
        AtLeast(MLP_NOISY, "loss_rise", half(4.39)),
        unit="",
        measure="test loss at 61 units over that at 16",
        note="half of the notebook's ratio",
    ),
    Claim(
        "DD4.ratio.fall",
        "The noisy MLP's test loss falls beyond its peak",
        "double-descent notebook, one run at each width",
        Published("5.79 at 61 units, 2.63 at 300", 2.2, source_kind="notebook", dataset=DATA),
        AtLeast(MLP_NOISY, "loss_fall", half(2.2)),
        unit="",
        measure="test loss at 61 units over that at 300",
        note="half of the notebook's ratio",
    ),
    *(
        Claim(
            f"DD4.{side}",
            f"The noisy MLP's test loss at 61 units is above that {what}",
            "double-descent notebook, one run at each width",
            Published(text, value, source_kind="notebook", unit="nats", dataset=DATA),
            Direction(MLP_NOISY, MLP_NOISY, "top_loss", other=f"{side}_loss"),
            ALL,
            unit="nats",
            measure=f"test loss at 61 units less that {what}",
            note="smoke: rate .05, 100 epochs, and 21 units for 16: the order alone can be told",
        )
        for side, what, text, value in (
            ("bottom", "at 16", "5.79 at 61 units, 1.32 at 16", 4.47),
            ("end", "at 300", "5.79 at 61 units, 2.63 at 300", 3.16),
        )
    ),
    Claim(
        "DD5.best",
        "With label noise the CNN is best near 10 channels",
        "double-descent notebook, one run at each width",
        points("19.6 % at 10 channels, 23.9 % at best elsewhere", 0.043),
        Direction(CNN_NOISY, CNN_NOISY, "elsewhere_error", other="valley_error"),
        ("paper",),
        unit="points",
        measure="lowest test error below 8 or above 12 channels less the lowest at 8 to 12",
    ),
    Claim(
        "DD5.rise",
        "With label noise the CNN's test error rises to a peak near 20 channels",
        NOTEBOOK,
        points("31.5 % over 16 to 24 channels, 19.6 % at 10", 0.119),
        Effect(CNN_NOISY, CNN_NOISY, "peak_error", at_least=0.08, other="valley_error"),
        unit="points",
        measure="mean test error at 16 to 24 channels less the lowest at 8 to 12",
        kind="headline",
        note="nightly: 300 epochs, four widths",
    ),
    Claim(
        "DD5.end",
        "Even wide CNNs stay above the dip",
        "double-descent notebook, one run at each width",
        points("27.7 % at 100 channels, 19.6 % at 10", 0.081),
        Effect(CNN_NOISY, CNN_NOISY, "end_error", at_least=0.04, other="valley_error"),
        unit="points",
        measure="test error at 100 channels less the lowest at 8 to 12",
        note="nightly: 60 channels, 300 epochs",
    ),
    Claim(
        "DD5.descent",
        "Beyond the peak the CNN's test error falls again",
        NOTEBOOK,
        points("31.5 % over 16 to 24 channels, 27.7 % at 100", 0.038),
        Effect(CNN_NOISY, CNN_NOISY, "peak_error", at_least=half(0.038), other="end_error"),
        ("paper",),
        unit="points",
        measure="mean test error at 16 to 24 channels less that at 100",
        kind="headline",
        note="half of the notebook's difference",
    ),
    *(
        Claim(
            f"DD6.{labels}.parameters",
            f"Squared error needs several times the parameters to fit {labels} labels",
            "first version of the paper (2020) and blog: thresholds at n and at 10 n parameters",
            Published("at n and at 10 n parameters, n training rows", source_kind="figure"),
            Effect(
                f"double_descent/mse/{labels}",
                f"double_descent/mlp/{labels}",
                "interpolation_parameters",
                at_least=half(9 * 4000),
            ),
            unit="parameters",
            measure="parameters at which the train error falls to 0.5 %, squared error less "
            "likelihood",
            margin_from="paper",
            doubted="the authors withdrew it: blog of January 2024 and the published version",
            note="half of 9 n, n = 4,000; on the 2024 protocol, as the one of 2020 is not public",
        )
        for labels in ("noisy", "clean")
    ),
]

DEVIATIONS = [
    "Double descent: the paper's text says one hidden layer, its notebook has two; we train two.",
    "Double descent: the authors ran each width once without a seed. Ours has several members, "
    "each with initial weights and an order of the rows of its own (another one in each epoch, "
    "the same at every width).",
    "Double descent: the notebook stores errors as whole per cents, cut off; ours are exact.",
    "Double descent: '15 % label noise' draws new labels for 15 % of the rows, one in ten of "
    "which is the old one: 577 labels change. The labels are the notebook's, bit for bit; its "
    "first version changed the clean labels too, by a shared array.",
    "Double descent with squared error is the withdrawn 2020 study on the 2024 protocol: its own "
    "is not public. Learning rate .1 on the mean over ten outputs is .01 on their sum.",
]
