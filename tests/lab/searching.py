"""A paper whose claim about a search may hold of what does not search, and rows of all three."""

from __future__ import annotations

from pathlib import Path

from harness.plan import discover
from harness.plan.discover import Folder
from harness.record.journal import Result
from tests.lab.measured import result
from tests.lab.throwaway import make_paper

CLAIM = 'AtLeast(EXPERIMENTS[0], "loss", 0.0)'


def searching(home: Path, stand_in: str = "{name}/largest") -> Folder:
    """Return a paper whose claim 'loss' says that 'fit' is below 'more'; 'largest' is constant."""
    folder = make_paper(home, experiments=("fit", "more", "largest"), seeds={"smoke": 3})
    text = (folder / "paper.py").read_text()
    for old, new in (
        ('"", "min")', f'"", "min", stand_ins=("{stand_in.format(name=folder.name)}",))'),
        ("seeds=SEEDS", 'seeds=SEEDS, deterministic=name == "largest"'),
        (CLAIM, 'Direction("more", "fit", "loss")'),
        ("import AtLeast", "import Direction"),
        ('kind="headline"', 'kind="headline", subject="fit"'),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "paper.py").write_text(text)
    return discover.load(folder)


def searched(found: Folder, largest: float | None) -> list[Result]:
    """Return trials in which 'fit' is .2 below 'more', and one of what does not search."""
    made = [result(found.path, seed, 0.3 + seed / 1000) for seed in range(3)]
    made += [
        result(found.path, seed, 0.5 + seed / 500, experiment="more", trial=f"m{seed}")
        for seed in range(3)
    ]
    constant = [] if largest is None else [largest]
    return made + [result(found.path, 0, at, experiment="largest", trial="l") for at in constant]
