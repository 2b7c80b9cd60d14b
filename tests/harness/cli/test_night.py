"""`night`: fresh seeds run, are compared with what is committed, and end in an exit status."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from harness.budget import standard
from harness.cli.night import Recorded, Request, is_lost
from harness.judge.bands import BROKEN, HEALTHY, Tonight, verdict
from harness.judge.samples import Evidence
from harness.plan import discover
from harness.record import journal, tables
from harness.record.journal import Result
from harness.run.home import NIGHTS
from harness.run.launch import DIED
from harness.show.report import read_results
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.throwaway import METHOD, as_found, in_process, make_paper  # noqa: F401

ROOT = Path(__file__).parents[3]
DATE = ("--date", "2026-12-01")
NATIVE = ("--isa", "native")  # for trials in this process
SEEDS = (2219853, 2219854, 2219855)
STEP = "0.1 * (self.weight - self.random.random())"
# gradient descent on a noisy parabola: a rate above 2 diverges
SOUND = METHOD.replace(STEP, "0.25 * (self.weight - 0.5 - 0.1 * self.random.random())")
PLANTED = SOUND.replace("0.25 *", "2.5 *")
CRASHES = SOUND.replace("    model = Model", '    raise RuntimeError("a bug")\n    model = Model')
NO_DATA = SOUND.replace(
    "    model = Model",
    "    from harness.paper import Refused\n\n"
    "    raise Refused(\"data 'mnist' is missing; tried dvc: no remote\")\n    model = Model",
)


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """Make a paper with such a method and eight committed seeds of it at `nightly`."""
    monkeypatch.chdir(tmp_path)

    def make(body: str = SOUND, seeds: int = 8, names=("fit",), **edits: str) -> Path:
        folder = make_paper(tmp_path / "papers", "sixth", body, names, {"nightly": seeds})
        text = (folder / "paper.py").read_text()
        for old, new in edits.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "paper.py").write_text(text)
        losses = 0.30 + 0.005 * np.random.default_rng(0).normal(size=seeds)
        made = [
            result(folder, seed, float(loss), budget_name="nightly", experiment=name)
            for seed, loss in enumerate(losses)
            for name in names
        ]
        tables.store(tables.frame(made), Path("reports/results.csv"))
        return folder

    return make


def test_a_dry_run_prints_seeds_trials_and_bands_and_runs_nothing(paper, capsys):
    assert call("night", paper(), *DATE, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "seeds 2219853 to 2219855, budget 'nightly'" in told
    assert "every watched experiment runs every night" in told
    assert all(str(seed) in told for seed in SEEDS)
    assert "0.2" in told
    assert "loss" in told
    assert not Path("runs").exists()


@pytest.mark.slow
def test_every_paper_has_a_night(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call("night", *DATE, "--dry-run") == 0
    told = capsys.readouterr().out
    assert all(f"\n{folder.parent.name}: " in told for folder in Path("papers").glob("*/paper.py"))


def test_a_dry_run_says_when_experiments_take_turns(paper, capsys):
    long = {"seeds=SEEDS": "seeds=SEEDS, expected={'nightly': 1000}", "AtLeast": "Same"}
    both = {'(EXPERIMENTS[0], "loss", 0.0)': '("fit", "beside", "loss", 1.0)'}
    folder = paper(names=("fit", "beside"), **long, **both)
    parts = []
    for day in ("2026-12-01", "2026-12-02"):
        assert call("night", folder, "--date", day, "--dry-run") == 0
        told = capsys.readouterr().out
        assert "every experiment runs once in 2 nights" in told
        parts += [1 if "part 1 of 2" in told else 2]
        assert (": beside" in told) == (parts[-1] == 2)
    assert sorted(parts) == [1, 2]


def test_without_a_band_it_is_neutral(paper, capsys):
    assert call("night", paper(seeds=4), *DATE) == 3
    assert "neutral: nothing has a band at budget 'nightly'" in capsys.readouterr().out
    assert not Path("runs").exists()


def test_seeds_that_are_not_beyond_the_committed_ones_are_refused(paper, capsys):
    folder = paper()
    known = tables.load(Path("reports/results.csv"))
    more = tables.frame([result(folder, SEEDS[0], 0.3, budget_name="nightly")])
    tables.store(tables.merge(known, more), Path("reports/results.csv"))
    assert call("night", folder, *DATE) == 2
    assert "is not beyond the committed ones, which end with 2219853" in capsys.readouterr().err


def test_rows_that_somebody_changed_are_no_band(paper, capsys):
    folder = paper()
    path = Path("reports/measured.csv")
    path.write_text(path.read_text().replace(",loss,0.3", ",loss,0.4", 1))
    assert call("night", folder, *DATE) == 2
    assert "not those that were measured" in capsys.readouterr().err


@pytest.mark.parametrize("given", [("--date", "tomorrow"), ("--budget", "paper"), ("--jobs", "0")])
def test_what_cannot_be_is_refused(paper, given):
    assert call("night", paper(), *given) == 2


@pytest.mark.slow
def test_a_healthy_night_ends_with_0_and_makes_no_result(paper, capsys):
    folder = paper()
    assert call("night", folder, *DATE, "--summary", "summary.md", "--jobs", 1) == 0
    told = capsys.readouterr().out
    assert "1 healthy" in told
    rows, problems = read_results(Path("runs"), Path("reports"))
    assert sorted(rows["seed"]) == list(range(8))
    assert problems == []
    home = Path("runs") / NIGHTS / "2026-12-01"
    done, _ = journal.read_all(home)
    assert sorted(r.spec["seed"] for r in done) == list(SEEDS)
    assert (home / f"{folder.name}.md").read_text() == Path("summary.md").read_text()
    assert "| experiment | metric | band |" in Path("summary.md").read_text()
    assert call("night", folder, *DATE, "--jobs", 1) == 0  # the same night again
    assert "3 of 3 trials are complete already" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_learning_rate_ten_times_as_large_is_red(paper, capsys):
    assert call("night", paper(PLANTED), *DATE, *NATIVE, "--jobs", 1) == 1
    told = capsys.readouterr().out
    assert "red: 3 of 3 outside" in told


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_code_that_fails_is_red(paper, capsys):
    assert call("night", paper(CRASHES), *DATE, *NATIVE, "--jobs", 1) == 1
    told = capsys.readouterr().out
    assert "3 ended in an error" in told
    assert "failed: " in told
    assert "RuntimeError: a bug" in told


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_data_that_is_missing_is_neutral(paper, capsys):
    assert call("night", paper(NO_DATA), *DATE, *NATIVE, "--summary", "all.md", "--jobs", 1) == 3
    assert "neutral: 3 of 3 seeds were lost" in capsys.readouterr().out
    assert "lost: " in Path("all.md").read_text()


@pytest.mark.parametrize(
    ("status", "error", "lost"),
    [
        ("failed", "Refused: data 'mnist' is missing; tried dvc: no remote (store.py:1)", True),
        ("failed", "MemoryError: the machine's memory is full", True),
        ("failed", "OSError: [Errno 28] No space left on device (x.py:1)", True),
        ("failed", DIED, True),
        ("refused", "it is to run under avx2", True),
        ("cut", "its guard stopped it", True),
        ("failed", "FloatingPointError: loss=nan at turn 3 of 'train'", False),
        ("failed", "Refused: lr=-1: must be more than 0 (config.py:3)", False),
        ("failed", "KeyError: 'loss' (method.py:9)", False),
    ],
)
def test_what_is_not_of_the_code_is_lost(status, error, lost):
    assert is_lost(Result(Path("x"), status=status, error=error)) is lost


@pytest.mark.nightly
def test_a_real_paper_is_healthy_and_red_with_ten_times_its_learning_rate(tmp_path, monkeypatch):
    """MNIST-1D's logistic regression, all 6,000 steps: seconds of training, nothing downloaded."""
    monkeypatch.chdir(ROOT)
    one = ("papers/mnist1d", "--experiment", "benchmark/logistic", "--budget", "nightly")
    where = ("--runs", tmp_path / "runs", "--jobs", 1)
    assert call("night", *one, *where, *DATE) == 0
    planted = ("--seed", SEEDS[0], "--set", "lr=0.1", "--isa", "avx2", "--no-tracking")
    assert call("run", *one, *where, *planted) == 0
    request = Request(date(2026, 12, 1), standard("nightly"), "avx2", None, one[2:3])
    recorded = Recorded.of([discover.load("papers/mnist1d")], request, ROOT / "reports")
    (watch,) = recorded.watches
    done, _ = journal.read_all(tmp_path / "runs" / "mnist1d")
    wrong = Evidence(tables.frame(done), {watch.experiment.name: watch.experiment}, "nightly")
    for finding in recorded.findings(watch):
        values = wrong.sample(watch.experiment.name, finding.metric).array
        assert verdict(finding.band, finding.metric, Tonight(values))[0] == BROKEN
        inside = np.full(3, (finding.band.low + finding.band.high) / 2)
        assert verdict(finding.band, finding.metric, Tonight(inside))[0] == HEALTHY
