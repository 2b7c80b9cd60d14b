"""Every row of every table can be run again, and the numbers are the same."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from harness.cli import replay
from harness.plan import processor
from harness.plan.specs import Spec
from harness.record import journal, tables
from harness.run import launch, runner
from tests.lab.commands import call
from tests.lab.measured import result
from tests.lab.throwaway import as_found, home, in_process, make_paper  # noqa: F401

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder with papers/, one measured trial in runs/ and in reports/results.csv."""
    folder = make_paper(tmp_path / "papers")
    monkeypatch.chdir(tmp_path)
    trial = home(folder, Path("runs"), budget_name="smoke", seed=3)
    assert runner.execute(trial).status == "completed"
    tables.store(tables.frame([journal.read(trial)]), Path("reports/results.csv"))
    return Spec.read(trial).trial


@pytest.mark.slow
def test_a_row_of_a_fresh_clone_is_replayed_and_agrees_until_it_is_tampered_with(
    lab, tmp_path, capsys
):
    assert call("report") == 0
    shutil.rmtree("runs")
    table = Path("reports/results.csv")
    kept = table.read_text()
    assert call("replay", lab) == 0
    said = capsys.readouterr().out
    assert f"replay of {lab}" in said
    assert "every number agrees" in said
    assert call("report") == 0
    assert table.read_text() == kept  # a replay repeats a row and makes none

    loss = str(tables.load(table)["loss"].item())
    measured = table.with_name(tables.MEASURED)
    assert measured.read_text().count(f",{loss}\n") == 1
    other = f",{float(loss) + 1e-12!r}\n"
    measured.write_text(measured.read_text().replace(f",{loss}\n", other))
    capsys.readouterr()
    assert call("replay", lab) == 1
    said = capsys.readouterr().out
    assert f"{measured}: trial {lab}, member 0: its numbers are not those" in said
    assert "numbers differ" in said
    assert "every number agrees" not in said

    content = tables.inspect(table).rows
    tables.store(tables.sealed(content), table)  # who knows how can hide it from a digest
    assert call("report") == 0
    capsys.readouterr()
    assert call("replay", lab) == 1  # and not from a replay
    assert "numbers differ" in capsys.readouterr().out


def edited(change: Callable[[pd.DataFrame], None]) -> None:
    """Change the committed table, as if its row came from elsewhere."""
    table = tables.load(Path("reports/results.csv"))
    change(table)
    tables.store(tables.sealed(table), Path("reports/results.csv"))


def test_a_row_of_another_instruction_set_is_replayed_under_its_own(lab, monkeypatch, capsys):
    if "avx2" not in processor.offered():
        pytest.skip("this processor has no AVX2")
    shutil.rmtree("runs")
    edited(lambda table: table.__setitem__("isa", "avx2"))
    assert call("replay", lab) == 0
    assert "every number agrees" in capsys.readouterr().out
    (again,) = (journal.read(folder) for folder in journal.find(Path("runs/replays")))
    assert (again.spec["isa"], again.provenance["isa"]) == ("avx2", "avx2")


def test_a_set_that_this_machine_lacks_is_named_and_nothing_runs(lab, capsys):
    shutil.rmtree("runs")
    edited(lambda table: table.__setitem__("isa", "sve256"))
    capsys.readouterr()
    assert call("replay", lab) == 2
    said = capsys.readouterr()
    here = processor.resolved("native")
    why = f"the row was measured under sve256, this machine has {here}"
    assert said.err == f"error: cannot replay here: {why}\n"
    assert not Path("runs").exists()


def test_where_the_row_does_not_say_its_set_the_replay_says_what_it_tries(lab, capsys):
    shutil.rmtree("runs")
    edited(lambda table: table.__setitem__("isa", ""))
    assert call("replay", lab) == 0
    first = processor.resolved(processor.offered()[0])
    said = capsys.readouterr().out
    assert f"the row does not say its instruction set; {first} is tried" in said


@pytest.mark.usefixtures("in_process")
def test_a_replay_that_cannot_run_does_not_say_that_numbers_differ(lab, monkeypatch, capsys):
    shutil.rmtree("runs")
    method = next(Path("papers").glob("*/method.py"))
    begin = "    model = Model("
    method.write_text(method.read_text().replace(begin, f"    raise OSError('no data')\n{begin}"))
    assert call("replay", lab) == 2
    said = capsys.readouterr().out
    assert "could not run: OSError: no data" in said
    assert "differ" not in said
    monkeypatch.setattr(launch, "find_gpus", tuple)
    edited(lambda table: table.__setitem__("device", "NVIDIA H100"))
    assert call("replay", lab) == 2
    assert "could not run: --device cuda: no usable GPU" in capsys.readouterr().err


def test_an_unknown_row_is_refused_with_the_nearest(lab, capsys):
    wrong = lab[:-1] + ("0" if lab[-1] != "0" else "1")
    capsys.readouterr()
    assert call("replay", wrong) == 2
    said = capsys.readouterr()
    assert said.err == f"error: no result has the trial id '{wrong}'; did you mean '{lab}'?\n"
    assert said.out == ""
    assert not Path("runs/replays").exists()


def test_a_row_becomes_the_spec_it_came_from(lab):
    row = tables.load(Path("reports/results.csv")).iloc[0].to_dict()
    (kept,) = (Spec.read(folder) for folder in journal.find(Path("runs")))
    again = replay.respecify(row, "native")
    assert again.config == kept.config
    assert (again.seed, again.budget, again.device, again.code) == (3, "smoke", "cpu", kept.code)
    assert again.trial == kept.trial
    assert (kept.guard, again.guard) == (60.0, None)
    assert again.seconds_cap is None  # 'length' ended it: a slower machine changes nothing


@pytest.mark.parametrize(
    ("budget_name", "cap"),
    [("smoke, 10 steps", (10, None)), ("nightly, 0.001 GPU-days", (None, 86.4))],
)
def test_a_capped_and_changed_row_keeps_cap_and_config(tmp_path, monkeypatch, budget_name, cap):
    folder = make_paper(tmp_path / "papers")
    monkeypatch.chdir(tmp_path)
    made = result(folder, 5, budget_name=budget_name, config={"eval_every": 7}, stopped_by="steps")
    spec = replay.respecify(tables.frame([made]).iloc[0].to_dict(), "native")
    assert (spec.steps_cap, spec.seconds_cap) == cap
    assert (spec.seed, spec.config["eval_every"]) == (5, 7)
    assert spec.trial == made.trial


def test_a_row_whose_paper_is_gone_is_refused(lab, capsys):
    (folder,) = Path("papers").iterdir()
    folder.rename("elsewhere")
    capsys.readouterr()
    assert call("replay", lab) == 2
    assert f"papers/{folder.name}" in capsys.readouterr().err


# -- number by number -----------------------------------------------------------------------------


@pytest.fixture
def paper(tmp_path):
    return make_paper(tmp_path)


def compare(recorded: pd.DataFrame, again: journal.Result) -> tuple[str, bool]:
    text = io.StringIO()
    table = replay.comparison("a trial", replay.numbers(recorded, again))
    Console(file=text, width=200).print(table)
    return text.getvalue(), replay.differences(recorded, again) == []


def test_equal_numbers_agree_and_the_last_bit_counts(paper):
    recorded = tables.frame([result(paper, 0, 0.1)])
    assert compare(recorded, result(paper, 0, 0.1))[1]
    assert not compare(recorded, result(paper, 0, 0.1 + 2e-17 + 1e-16))[1]


def test_metrics_of_other_rows_of_the_table_do_not_count(paper):
    other = result(paper, 1)
    other.rows[0]["values"] = {"accuracy": 0.9}
    both = tables.frame([result(paper, 0, 0.1), other])
    text, same = compare(both[both["seed"] == 0], result(paper, 0, 0.1))
    assert same
    assert "accuracy" not in text


@pytest.mark.parametrize("gone", ["recorded", "replayed"])
def test_a_metric_that_only_one_side_has_is_a_difference(paper, gone):
    few, many = result(paper, 0, 0.1), result(paper, 0, 0.1)
    many.rows[0]["values"] = {"loss": 0.1, "accuracy": 0.9}
    recorded, again = (few, many) if gone == "recorded" else (many, few)
    text, same = compare(tables.frame([recorded]), again)
    assert not same
    assert "accuracy" in text


def test_another_number_of_members_or_none_is_a_difference(paper):
    two = result(paper, 0, 0.1)
    two.rows = [{**two.rows[0], "values": {"loss": 0.1, "member": member}} for member in (0, 1)]
    one = result(paper, 0, 0.1)
    assert compare(tables.frame([two]), two)[1]
    assert not compare(tables.frame([two]), one)[1]
    assert not compare(tables.frame([one]), two)[1]
    nothing = result(paper, 0, status="failed")
    nothing.rows = []
    assert not compare(tables.frame([one]), nothing)[1]
