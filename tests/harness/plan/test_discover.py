"""A paper is a folder: found by its path, and known to nothing else."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.plan import discover
from tests.lab.commands import call
from tests.lab.reports import rows as reported
from tests.lab.throwaway import make_paper

ROOT = Path(__file__).resolve().parents[3]

SIXTH = '''
"""The sixth paper, in twenty lines."""
from dataclasses import dataclass

from harness.checks import AtLeast
from harness.paper import Claim, Experiment, Paper, Phase, Published, Task


@dataclass(frozen=True)
class Config:
    """What its authors chose."""

    steps: int = 30


TASK = Task("coins", "coins", "toss them all", "heads")
TOSS = Experiment("toss", TASK, Config(), "tossing:run", {"train": Phase("steps")},
                  seeds={"smoke": 3})
MANY = Claim("C1", "Heads come up now and then", "Sec. 2",
             Published("> 10 %", 0.1, unit="%", dataset="coins"),
             AtLeast("toss", "heads", 0.1), ("smoke",), measure="share of heads", kind="headline")
PAPER = Paper("Tossing coins", "A. Nobody", 2001, "https://example.org", [TOSS], [MANY])
'''.lstrip()

TOSSING = """
import random


class Coin(random.Random):
    def state_dict(self):
        return {"state": self.getstate(), "heads": self.heads}

    def load_state_dict(self, kept):
        self.setstate(kept["state"])
        self.heads = kept["heads"]


def run(config, trial):
    coin = Coin(trial.stream("coin"))
    coin.heads = 0
    trial.uses("coins", "c01n")
    trial.restore(coin=coin)
    for turn in trial.meter.steps("train"):
        coin.heads += coin.random() < 0.6
        if turn % 10 == 0:
            yield {"heads": coin.heads / (turn + 1)}
    yield {"heads": coin.heads / config.steps}
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "README.md").write_text("# A paper\n")
    return folder


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as refused:
        discover.load(path)
    return str(refused.value)


# -- finding and loading --------------------------------------------------------------------------


def test_a_folder_becomes_a_paper_with_the_folders_name(tmp_path):
    folder = make_paper(tmp_path, experiments=("fit", "fit_more"))
    found = discover.load(str(folder))
    assert (found.name, found.path) == (folder.name, folder)
    assert [experiment.name for experiment in found.paper.experiments] == ["fit", "fit_more"]
    function = found.function(found.paper.experiments[0])
    assert (function.__module__, function.__name__) == (f"{folder.name}.method", "run")


def test_every_folder_with_a_paper_file_is_found_and_no_other(tmp_path):
    first, second = make_paper(tmp_path, "second"), make_paper(tmp_path, "first")
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "space.py").write_text("")
    assert discover.folders(tmp_path) == sorted([first, second])
    assert [found.path for found in discover.load_all(tmp_path)] == sorted([first, second])


def test_an_unknown_folder_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = refusal(Path("papers/mnist1"))
    assert "papers/mnist1:" in said
    assert "did you mean 'papers/mnist1d'?" in said


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "paper.py").write_text(SIXTH)
    assert "no such folder" in refusal(tmp_path / "paper.py")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "has no paper.py"),
        ("TITLE = 'none'\n", "has no PAPER"),
        ("PAPER = 'a title'\n", "has no PAPER"),
        ("\n\nraise KeyError('learning rate')\n", "KeyError: 'learning rate' (paper.py:3)"),
        ("import there_is_no_such_module\n", "there_is_no_such_module"),
        ("PAPER = (\n", "SyntaxError"),
        (
            SIXTH.replace('AtLeast("toss"', 'AtLeast("tos"'),
            "experiment in claim 'C1' 'tos'; did you mean 'toss'?",
        ),
        (SIXTH.replace('("smoke",)', '("smokey",)'), "did you mean 'smoke'?"),
        (SIXTH.replace("[TOSS]", "[TOSS, TOSS]"), "'toss' is declared twice"),
        (SIXTH.replace('"tossing:run"', '"tossing"'), "'tossing' is not 'module:function'"),
        (
            SIXTH.replace("seeds={", "shows='cell.txt', seeds={"),
            "'cell.txt' is not 'module:",
        ),
        (SIXTH.replace('Phase("steps")', 'Phase("step")'), "did you mean 'steps'?"),
        (SIXTH.replace("seeds={", "seeds={'smok': 1,"), "did you mean 'smoke'?"),
        (SIXTH.replace("Config(),", "Config,"), "config must be a frozen dataclass instance"),
    ],
)
def test_a_folder_that_is_no_paper_says_why(tmp_path, text, told):
    name = f"bad_{zlib.crc32(str(tmp_path).encode())}"  # Python keeps one module per name
    folder = write(tmp_path / name, **({} if text is None else {"paper": text}))
    said = refusal(folder)
    assert str(folder) in said
    assert told in said


def test_two_folders_of_one_name_are_not_taken_for_each_other(tmp_path):
    write(tmp_path / "here" / "namesake", paper=SIXTH)
    other = write(tmp_path / "there" / "namesake", paper=SIXTH.replace("Tossing", "Flipping"))
    discover.load(tmp_path / "here" / "namesake")
    said = refusal(other)
    assert str(tmp_path / "here" / "namesake") in said


# -- studies --------------------------------------------------------------------------------------

JOINED = SIXTH.replace("[TOSS], [MANY])", "[TOSS], [MANY], ['ours'], ('tails', 'dice'))")
TAILS = """
from harness.checks import AtLeast
from harness.paper import Claim, Experiment, Phase, Published
from NAME.paper import TASK, Config

EXPERIMENTS = [Experiment("tails", TASK, Config(), "tossing:run", {"train": Phase("steps")})]
OFTEN = AtLeast("toss", "heads", 0.1)
CLAIMS = [Claim("C2", "Tails too", "Sec. 3", Published("> 10 %"), OFTEN, measure="tails")]
DEVIATIONS = ["theirs"]
"""
FIGURES = "FIGURES = {KEY: lambda rows, curves: None}\n"
BENCH = """
from harness.pair import Pair


def pairs():
    return [Pair("NAME", list, list, list, 1.0)]


def lr_range():
    return {"NAME": list}
"""


def joined(tmp_path: Path, text: str = JOINED, tails: str = TAILS) -> Path:
    name = f"joined_{zlib.crc32(str(tmp_path).encode())}"
    folder = write(tmp_path / name, paper=text, tossing=TOSSING, bench=BENCH)
    write(folder / "tails", study=tails.replace("NAME", name), bench=BENCH.replace("NAME", "b"))
    (folder / "tails" / "figures.py").write_text(FIGURES.replace("KEY", "'b'"))
    write(folder / "dice", study="", figures=FIGURES.replace("KEY", "'c'"))
    return folder


def test_a_papers_own_declarations_come_first_and_then_its_studies(tmp_path):
    folder = joined(tmp_path)
    (folder / "figures.py").write_text(FIGURES.replace("KEY", "'a'") + "STANDINGS = {'s': len}\n")
    found = discover.load(folder)
    assert [e.name for e in found.paper.experiments] == ["toss", "tails"]
    assert [c.id for c in found.paper.claims] == ["C1", "C2"]
    assert list(found.paper.deviations) == ["ours", "theirs"]
    assert found.studies == ("tails", "dice")
    assert found.origins == {"C2": "tails"}  # C1 stands in paper.py
    assert found.paper.studies == ()
    assert list(found.figures()) == ["a", "b", "c"]
    assert list(found.standings()) == ["s"]
    assert [pair.name for pair in found.pairs()] == ["NAME", "b"]
    assert list(found.lr_ranges()) == ["NAME", "b"]


def test_a_claim_of_the_paper_may_read_a_studys_experiment(tmp_path):
    text = JOINED.replace('AtLeast("toss"', 'AtLeast("tails"')
    assert discover.load(joined(tmp_path, text)).paper.claims[0].check.experiments == ("tails",)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("('tails', 'dice')", "('tials', 'dice')", "has no tials/study.py; did you mean 'tails'?"),
        ("('tails', 'dice')", "('tails', 'tails')", "study 'tails' is declared twice"),
        ('AtLeast("toss"', 'AtLeast("tosses"', "'tosses'; did you mean 'toss'?"),
        ('Claim("C2"', 'Claim("C1"', "claim 'C1' is declared twice"),
        ('"tails", TASK', '"toss", TASK', "experiment 'toss' is declared twice"),
        ("DEVIATIONS =", "1 / 0 #", "tails/study.py raises ZeroDivisionError"),
    ],
)
def test_studies_that_do_not_join_are_refused(tmp_path, old, new, told):
    folder = joined(tmp_path, JOINED.replace(old, new), TAILS.replace(old, new))
    said = refusal(folder)
    assert str(folder) in said
    assert told in said


def test_two_figures_of_one_name_are_refused(tmp_path):
    folder = joined(tmp_path)
    (folder / "figures.py").write_text(FIGURES.replace("KEY", "'b'"))
    with pytest.raises(Refused, match="'b' stands twice in FIGURES"):
        discover.load(folder).figures()


# -- the sixth paper ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sixth_paper_is_a_folder_and_no_edit_anywhere_else(tmp_path, monkeypatch, capsys):
    assert len(SIXTH.splitlines()) <= 25
    folder = write(tmp_path / "papers" / "coins", paper=SIXTH, tossing=TOSSING)
    monkeypatch.chdir(tmp_path)  # where papers/ is, papers are found
    runs, reports = tmp_path / "runs", tmp_path / "reports"

    assert call("list") == 0
    assert "Tossing coins" in capsys.readouterr().out
    assert call("check", "papers/coins") == 1
    assert "python -m harness check --register papers/coins" in capsys.readouterr().out
    assert call("check", "--register", "papers/coins") == 0
    assert call("check", "papers/coins") == 0
    assert "1 experiments checked" in capsys.readouterr().out

    assert call("run", folder, "--runs", runs, "--jobs", "1", "--no-tracking") == 0
    said = capsys.readouterr().out
    assert "the paper" in said
    assert "C1" in said

    assert call("report", "--runs", runs, "--reports", reports) == 0
    rows = reported(tmp_path)
    assert [(row["paper"], row["seed"], row["data_hash"]) for row in rows] == [
        ("coins", str(seed), "c01n") for seed in range(3)
    ]
    page, comparison = ((reports / name).read_text() for name in ("coins.md", "comparison.md"))
    mean = sum(float(row["heads"]) for row in rows) / 3
    assert "# Tossing coins" in page
    assert "| C1: Heads come up now and then | 10.0 % |" in page
    assert f"{100 * mean:.1f}" in page
    assert "| coins: toss |" in comparison
    assert "Tossing coins" in (reports / "index.html").read_text()
    assert call("verify", folder, "--budget", "smoke", "--runs", runs, "--reports", reports) == 0


def test_a_folder_that_papers_share_is_timed_where_it_has_a_bench(tmp_path, monkeypatch):
    (root := tmp_path / "shelf").mkdir()
    (root / "__init__.py").write_text("")
    write(root / "alone", paper=SIXTH)
    write(root / "silent", something="")
    write(root / "shared", bench=BENCH)
    write(root / "rooms" / "speed", bench=BENCH)
    (root / "rooms" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover.timed([str(root)])
    assert [one.name for one in found] == ["alone", "rooms", "shared"]
    assert [len(one.pairs()) for one in found[1:]] == [1, 1]
    (one,) = discover.timed([str(root / "rooms")])
    assert one.name == "rooms"
    with pytest.raises(Refused, match="has no paper"):
        discover.timed([str(root / "silent")])
