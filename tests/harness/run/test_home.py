"""The folder of a trial: one process at a time, and what starting over keeps."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.record import journal
from harness.run import runner
from harness.run.home import (
    LOCK,
    NOBODY,
    ask_stop,
    finished,
    forget,
    go_on,
    held,
    holder,
    locked,
    stop_asked,
)
from harness.run.runner import Outcome
from harness.trial import CHECKPOINT, Pace
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
ROOT = Path(runner.__file__).resolve().parents[2]
NEVER = 1e9


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path)


# -- the lock ------------------------------------------------------------------------------------

SECOND = """
import sys
from pathlib import Path
from harness.run import runner
from harness.paper import Refused
try:
    runner.execute(Path(sys.argv[1]))
except Refused as refusal:
    print(refusal)
"""
HOLD = """
import sys, time
from pathlib import Path
from harness.run.home import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_process_is_refused_with_the_owners_number(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    with locked(folder):
        done = subprocess.run(
            [sys.executable, "-c", SECOND, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == f"{folder}: {holder()} is running this trial\n"
    assert not (folder / journal.NAME).exists()


def test_second_handle_of_one_process_is_refused(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    with (
        locked(folder),
        pytest.raises(Refused, match=f"{holder()} is running this trial"),
        locked(folder),
    ):
        pytest.fail("held twice")
    assert runner.execute(folder) == Outcome("completed")  # free again


def test_lock_of_a_killed_process_is_free(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"process {other.pid} on .* is running"):
            runner.execute(folder)
        other.kill()
    assert runner.execute(folder) == Outcome("completed")
    assert (folder / LOCK).read_text() == holder()


def test_asking_who_holds_a_trial_believes_the_lock_and_not_its_text(tmp_path: Path) -> None:
    assert held(tmp_path) == NOBODY
    assert not (tmp_path / LOCK).exists()  # a look leaves nothing behind
    with locked(tmp_path):
        assert held(tmp_path) == held(tmp_path) == holder()
    assert (tmp_path / LOCK).read_text() == holder()  # the text stays, the process is done
    assert held(tmp_path) == NOBODY


@pytest.mark.parametrize(("seconds", "taken"), [(0.2, True), (60.0, False)])
def test_a_trial_begins_although_somebody_asks_who_holds_it_at_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, taken: bool
) -> None:
    """The lock is tried again for a moment, and not for longer."""
    now = [0.0]
    with (tmp_path / LOCK).open("a+") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)

        def sleep(pause: float) -> None:
            now[0] += pause
            if now[0] >= seconds:
                fcntl.flock(asking, fcntl.LOCK_UN)

        monkeypatch.setattr("harness.run.home.time.sleep", sleep)
        monkeypatch.setattr("harness.run.home.time.monotonic", lambda: now[0])
        if taken:
            with locked(tmp_path):
                assert held(tmp_path) == holder()
        else:
            with pytest.raises(Refused, match="is running this trial"), locked(tmp_path):
                pytest.fail("held twice")


def test_a_request_to_stop_lasts_until_the_trial_is_prepared_again(tmp_path: Path) -> None:
    ask_stop(tmp_path)
    assert stop_asked(tmp_path)
    go_on(tmp_path)
    go_on(tmp_path)
    assert not stop_asked(tmp_path)


# -- starting over -------------------------------------------------------------------------------


def test_forget_keeps_every_old_journal(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    kept = []
    for _ in range(2):
        assert runner.execute(folder, Pace(NEVER, NEVER, stop_after=8)).status == "stopped"
        kept.append((folder / journal.NAME).read_bytes())
        forget(folder)
        assert not finished(folder)
        assert not (folder / CHECKPOINT).exists()
    assert [(folder / f"journal.{n}.old").read_bytes() for n in (1, 2)] == kept
    assert runner.execute(folder) == Outcome("completed")
    result = journal.read(folder)
    assert (result.attempts, result.lost_rows, result.total("steps")) == (1, 0, 24)
    assert journal.find(tmp_path / "runs") == [folder]  # old journals are not results


def test_forget_of_a_trial_that_never_ran_does_nothing(paper: Path, tmp_path: Path) -> None:
    folder = home(paper, tmp_path / "runs")
    before = sorted(folder.iterdir())
    forget(folder)
    assert sorted(folder.iterdir()) == before


def test_the_holder_names_the_job_as_people_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "14")
    assert holder().endswith(", job 14")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    assert holder().endswith(", job 12_0")
