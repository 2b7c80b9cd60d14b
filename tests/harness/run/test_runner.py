"""One trial from its folder to its end, whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.paper import Refused
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Journal
from harness.run import home as home_of
from harness.run import runner
from harness.run.home import HEARTBEAT
from harness.run.runner import TRACEBACK, Outcome
from harness.training import device
from harness.trial import CHECKPOINT, Pace
from tests.lab.clocks import at_speed
from tests.lab.throwaway import METHOD, TORCH, as_found, home, make_paper, spec_for  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
ROOT = Path(runner.__file__).resolve().parents[2]
NEVER = 1e9
SEEN = Pace(NEVER, 0.0)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


def stop_after(turns: int) -> Pace:
    return Pace(NEVER, NEVER, stop_after=turns)


# -- how a trial ends ----------------------------------------------------------------------------


def test_completes(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs", steps=7)
    assert runner.execute(folder, SEEN) == Outcome("completed")
    result = journal.read(folder)
    assert (result.status, result.stopped_by, result.error) == ("completed", "length", "")
    assert [row["turn"] for row in result.rows] == [0, 3, 6, 7]
    assert [row["steps"] for row in result.rows] == [0, 6, 12, 14]
    assert result.total("steps") == 14
    assert result.total("seconds") > 0
    assert result.trial == spec_for(paper, steps=7).trial
    assert result.provenance["device"]
    assert result.provenance["isa"] == device.instruction_set() == result.spec["isa"]
    assert (result.attempts, result.lost_rows) == (1, 0)
    beat = json.loads((folder / HEARTBEAT).read_text())
    assert (beat["phase"], beat["turn"], beat["horizon"], beat["steps"]) == ("train", 7, 7, 14)
    assert beat["metrics"] == {"loss": result.rows[2]["values"]["loss"]}


def test_steps_cap_is_kept_and_told(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs", budget_name="check, 9 steps")
    assert runner.execute(folder).status == "completed"
    result = journal.read(folder)
    assert (result.total("steps"), result.stopped_by) == (8, "steps")


def test_same_seed_same_rows_other_seed_other_rows(paper: Path, tmp_path: Path) -> None:
    measured = []
    for runs, seed in (("a", 0), ("b", 0), ("c", 1)):
        folder = home(paper, tmp_path / runs, seed=seed)
        assert runner.execute(folder).status == "completed"
        measured.append(journal.measured(journal.read(folder)))
    assert measured[0] == measured[1]
    assert measured[0] != measured[2]


def test_pythons_global_stream_begins_with_the_seed(tmp_path: Path) -> None:
    body = 'import random\n\n\ndef run(config, trial):\n    yield {"loss": random.random()}\n'
    paper, drawn = make_paper(tmp_path, body=body), []
    for runs, seed in (("a", 0), ("b", 0), ("c", 1)):
        folder = home(paper, tmp_path / runs, seed=seed)
        assert runner.execute(folder).status == "completed"
        drawn.append(journal.read(folder).rows[0]["values"]["loss"])
    assert drawn[0] == drawn[1] != drawn[2]


def test_failed_experiment_tells_where_and_keeps_its_rows(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs", fail_at=5)
    source = (paper / "method.py").read_text().splitlines()
    line = 1 + source.index('        raise RuntimeError("this turn fails")')
    outcome = runner.execute(folder)
    text = f"RuntimeError: this turn fails (method.py:{line})"
    assert outcome == Outcome("failed", text)
    result = journal.read(folder)
    assert (result.status, result.stopped_by, result.error) == ("failed", "failed", text)
    assert [row["turn"] for row in result.rows] == [0, 3]
    assert result.total("steps") == 10
    trace = (folder / TRACEBACK).read_text()
    assert "RuntimeError: this turn fails" in trace
    assert f'method.py", line {line}' in trace


def test_failed_trial_is_tried_again(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs", fail_at=5)
    assert [runner.execute(folder).status for _ in range(2)] == ["failed", "failed"]
    result = journal.read(folder)
    assert (result.attempts, len(result.rows), result.lost_rows) == (2, 2, 2)


def test_row_that_is_no_number_fails_with_its_turn(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs", nan_at=4)
    outcome = runner.execute(folder)
    assert outcome.status == "failed"
    assert outcome.error.startswith("FloatingPointError: loss=nan at turn 4 of 'train'")
    assert len(journal.read(folder).rows) == 3  # the row itself is kept, as evidence


BODIES = {
    "nothing": ("return iter(())", "the experiment yielded no row"),
    "memory": ("raise MemoryError\n    yield", "MemoryError: the machine's memory is full"),
    "not JSON": ('yield {"loss": object()}', "TypeError: Object of type object is not JSON"),
    "no phase": ('yield from trial.meter.steps("trian")', "Refused: unknown phase 'trian'; did"),
    "no state": ("trial.restore(model=config)\n    yield", "Refused: restore(model=Config)"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bad_experiment_is_a_failed_trial(tmp_path: Path, kind: str) -> None:
    statement, error = BODIES[kind]
    paper = make_paper(tmp_path, body=f"def run(config, trial):\n    {statement}\n")
    folder = home(paper, tmp_path / "runs")
    outcome = runner.execute(folder)
    assert outcome.status == "failed"
    assert outcome.error.startswith(error)
    result = journal.read(folder)
    assert (result.status, result.error, result.rows) == ("failed", outcome.error, [])


def test_completed_trial_is_left_as_it_is(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    assert runner.execute(folder) == Outcome("completed")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert home_of.finished(folder)
    assert runner.execute(folder) == Outcome("completed")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_paper_that_went_away_is_refused(tmp_path: Path) -> None:
    paper = make_paper(tmp_path, "gone")
    folder = home(paper, tmp_path / "runs")
    paper.rename(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="no such folder"):
        runner.execute(folder)


def test_a_worker_of_another_instruction_set_is_refused_before_it_begins(paper, tmp_path):
    spec = spec_for(paper)
    folder = spec.home(tmp_path / "runs")
    replace(spec, isa="sve256").write(folder)
    with pytest.raises(Refused, match=f"under sve256, this worker computes with {spec.isa}"):
        runner.execute(folder)
    assert not (folder / journal.NAME).exists()


# -- stopped and resumed -------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["plain", "torch"])
def interruptible(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, journal.Result]:
    """A paper, and what its trial measures when nobody interrupts it."""
    parent = tmp_path_factory.mktemp(request.param)
    choice: dict[str, Any] = {"body": TORCH} if request.param == "torch" else {}
    paper = make_paper(parent, **choice)
    folder = home(paper, parent / "whole")
    assert runner.execute(folder) == Outcome("completed")
    return paper, journal.read(folder)


@pytest.mark.parametrize("turns", [1, 6, 12])
def test_resumed_equals_uninterrupted(
    interruptible: tuple[Path, journal.Result], tmp_path: Path, turns: int
) -> None:
    paper, whole = interruptible
    folder = home(paper, tmp_path / "runs")
    assert runner.execute(folder, stop_after(turns)).status == "stopped"
    stopped = journal.read(folder)
    assert (stopped.status, stopped.stopped_by) == ("stopped", "stopped")
    assert stopped.total("steps") == 2 * turns
    assert runner.execute(folder) == Outcome("completed")
    resumed = journal.read(folder)
    assert journal.measured(resumed) == journal.measured(whole)
    assert resumed.total("steps") == whole.total("steps") == 24
    assert (resumed.attempts, resumed.lost_rows) == (2, 0)


def test_stopped_again_and_again_equals_uninterrupted(
    interruptible: tuple[Path, journal.Result], tmp_path: Path
) -> None:
    paper, whole = interruptible
    folder = home(paper, tmp_path / "runs")
    for _ in range(4):
        assert runner.execute(folder, stop_after(3)).status == "stopped"
    assert runner.execute(folder) == Outcome("completed")
    assert journal.measured(journal.read(folder)) == journal.measured(whole)
    assert journal.read(folder).attempts == 5


def test_sigterm_saves_and_the_next_run_goes_on(paper: Path, tmp_path: Path) -> None:
    quiet = home(paper, tmp_path / "quiet")
    assert runner.execute(quiet) == Outcome("completed")
    folder = home(paper, tmp_path / "runs", term_at=7)
    outcome = runner.execute(folder, SEEN)
    assert outcome == Outcome("stopped", "stopped on request at turn 8 of train")
    assert (folder / CHECKPOINT).exists()
    assert journal.read(folder).status == "stopped"
    runner.asked_to_stop = False  # the next run is another process
    assert runner.execute(folder) == Outcome("completed")
    resumed, whole = journal.read(folder), journal.read(quiet)
    assert journal.measured(resumed) == journal.measured(whole)
    assert resumed.total("steps") == whole.total("steps")


def test_process_that_was_asked_to_stop_begins_nothing(paper: Path, tmp_path: Path) -> None:
    runner.execute(home(paper, tmp_path / "runs", term_at=2))
    other = home(paper, tmp_path / "runs", seed=1)
    assert runner.execute(other) == Outcome("stopped", "asked to stop before it began")
    assert not (other / journal.NAME).exists()


ASKED = METHOD.replace(
    "        model.update()\n",
    """        if (turn, trial.seed) == (7, 0):
            (trial.folder / "stop.asked").touch()
        model.update()
""",
)


def test_a_trial_that_is_asked_to_stop_saves_and_its_worker_goes_on(tmp_path: Path) -> None:
    paper = make_paper(tmp_path, body=ASKED)
    folder, other = (home(paper, tmp_path / "runs", seed=seed) for seed in (0, 1))
    outcome = runner.execute(folder, SEEN)
    assert outcome == Outcome("stopped", "stopped on request at turn 9 of train")
    assert runner.execute(other, SEEN) == Outcome("completed")
    began = journal.read(folder).attempts
    assert runner.execute(folder) == Outcome("stopped", "asked to stop before it began")
    assert journal.read(folder).attempts == began == 1
    home_of.go_on(folder)
    assert runner.execute(folder) == Outcome("completed")
    whole = home(make_paper(tmp_path, "quiet"), tmp_path / "whole")
    assert runner.execute(whole) == Outcome("completed")
    assert journal.measured(journal.read(folder)) == journal.measured(journal.read(whole))
    assert journal.read(folder).lost_rows == 0


# -- a slow machine and a guard -------------------------------------------------------------------


@pytest.fixture
def reference(paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> journal.Result:
    """What the machine that expected times are of measures at budget smoke."""
    folder = home(paper, tmp_path / "reference", budget_name="smoke")
    at_speed(monkeypatch, 1)
    assert runner.execute(folder, SEEN) == Outcome("completed")
    return journal.read(folder)


def test_a_machine_four_times_slower_measures_the_same(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: journal.Result
) -> None:
    folder = home(paper, tmp_path / "runs", budget_name="smoke")
    at_speed(monkeypatch, 4)
    assert runner.execute(folder, SEEN) == Outcome("completed")
    slow = journal.read(folder)
    assert journal.measured(slow) == journal.measured(reference)
    assert (slow.trial, slow.stopped_by) == (reference.trial, "length")
    assert slow.total("seconds") == pytest.approx(4 * reference.total("seconds"))


def test_a_cut_trial_goes_on_unguarded_to_the_same_numbers(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: journal.Result
) -> None:
    folder = home(paper, tmp_path / "runs", budget_name="smoke")
    at_speed(monkeypatch, 96)  # 10 turns and 4 rows are 67 s, beyond the guard of 60 s
    outcome = runner.execute(folder, SEEN)
    assert outcome.status == "cut"
    assert outcome.error == (
        "its guard of 60 s stopped it at turn 11 of train, expected were about 1 s in all; "
        "saved: the same command with --no-guard goes on"
    )
    cut = journal.read(folder)
    assert (cut.status, cut.stopped_by, cut.error) == ("cut", "cut", outcome.error)
    assert not home_of.finished(folder)
    assert not runner.asked_to_stop
    assert runner.execute(folder, SEEN).status == "cut"  # the same command: it says so again
    replace(Spec.read(folder), guard=None).write(folder)
    assert runner.execute(folder, SEEN) == Outcome("completed")
    resumed = journal.read(folder)
    assert journal.measured(resumed) == journal.measured(reference)
    assert (resumed.trial, resumed.stopped_by) == (reference.trial, "length")
    assert (resumed.attempts, resumed.lost_rows) == (3, 0)
    assert resumed.total("steps") == reference.total("steps")


def test_a_trial_whose_last_turn_is_beyond_the_guard_is_complete(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: journal.Result
) -> None:
    folder = home(paper, tmp_path / "runs", budget_name="smoke")
    at_speed(monkeypatch, 45.2)  # 59 s after 19 turns, 61 s after all 20
    assert runner.execute(folder, SEEN) == Outcome("completed")
    assert journal.measured(journal.read(folder)) == journal.measured(reference)


def test_a_trial_that_was_asked_to_stop_is_not_cut(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home(paper, tmp_path / "runs", budget_name="smoke", term_at=10)
    replace(Spec.read(folder), guard=60.0).write(folder)
    at_speed(monkeypatch, 96)  # the guard stops it at that very turn
    assert runner.execute(folder, SEEN).status == "stopped"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "experiment"), [("mnist1d", "benchmark/mlp"), ("darts", "signals/random")]
)
def test_papers_measure_the_same_with_a_clock_four_times_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, experiment: str
) -> None:
    """The second fixes its schedules by the clock where device time binds."""
    measured = []
    for slower in (1, 4):
        monkeypatch.setattr(device, "clock", lambda kind, n=slower: lambda: n * time.thread_time())
        paper = ROOT / "papers" / name
        folder = home(paper, tmp_path / str(slower), experiment, budget_name="check")
        assert runner.execute(folder, SEEN) == Outcome("completed")
        result = journal.read(folder)
        assert result.stopped_by == "length"
        measured.append(journal.measured(result))
    assert measured[0] == measured[1]


# -- a full disk ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [0, 1, 4])
def test_journal_that_cannot_be_written_fails_the_trial_and_keeps_its_lines(
    paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    folder, append, count = home(paper, tmp_path / "runs"), Journal.append, [0]

    def fills_up(book: Journal, kind: str, **content: Any) -> None:
        if count[0] == lines:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count[0] += 1
        append(book, kind, **content)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", fills_up)
        outcome = runner.execute(folder)
    assert outcome.status == "failed"
    assert outcome.error.startswith("OSError: [Errno 28] No space left on device")
    kinds = [entry["kind"] for entry in journal.entries(folder / journal.NAME)]
    assert kinds == ["start", "restored", "row", "row"][:lines]
    assert runner.execute(folder) == Outcome("completed")
    assert len(journal.read(folder).rows) == 5


def test_waiting_is_not_device_time_on_a_cpu(tmp_path: Path):
    """Another program's turn at the processor costs a trial nothing, nor does a sleep."""
    at = home(make_paper(tmp_path), tmp_path / "runs", steps=10, sleep=0.02)
    assert runner.execute(at, Pace()).status == "completed"
    assert journal.read(at).total("seconds") < 10 * 0.02 / 2
    assert device.clock("cuda") is time.perf_counter
