"""The comparison of the script that kills can fail; the killing itself takes minutes."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.record import journal
from harness.run import runner
from harness.trial import Pace
from tests.endurance import kills
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_found")]
NEVER = 1e9


@pytest.fixture
def run(tmp_path: Path) -> kills.Run:
    """A run that was stopped half-way, beside a whole one."""
    paper = make_paper(tmp_path)
    folders = [home(paper, tmp_path / name, budget_name="smoke") for name in ("whole", "part")]
    assert runner.execute(folders[0], Pace(NEVER, NEVER)).status == "completed"
    assert runner.execute(folders[1], Pace(NEVER, NEVER, stop_after=9)).status == "stopped"
    whole = journal.read(folders[0])
    return kills.Run("fit", tmp_path / "part", {whole.trial: whole}, 1.0)


def test_a_part_is_compared_as_far_as_it_goes_and_a_whole_to_its_end(run: kills.Run) -> None:
    assert run.check(complete=False) == 3
    with pytest.raises(kills.Differs, match="rows differ"):
        run.check(complete=True)
    (folder,) = journal.find(run.runs)
    runner.execute(folder, Pace(NEVER, NEVER))
    assert run.check(complete=True) == len(next(iter(run.whole.values())).rows)


def test_other_rows_other_steps_missing_trials_and_damage_are_found(run: kills.Run) -> None:
    (whole,) = run.whole.values()
    whole.rows[1]["values"] = {"loss": 0.0}
    with pytest.raises(kills.Differs, match="rows differ"):
        run.check(complete=False)
    (folder,) = journal.find(run.runs)
    runner.execute(folder, Pace(NEVER, NEVER))
    whole.rows, whole.cost = journal.read(folder).rows, {"train": {"steps": 1}}
    with pytest.raises(kills.Differs, match="undisturbed with"):
        run.check(complete=True)
    path = folder / journal.NAME
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(kills.Differs, match="is damaged"):
        run.check(complete=True)
    shutil.rmtree(folder)
    with pytest.raises(kills.Differs, match="trials"):
        run.check(complete=True)


@pytest.mark.parametrize("mode", kills.MODES)
def test_who_is_meant_is_killed(mode: str) -> None:
    """The worker is told from its parent by what a spawned process is called."""
    code = (
        "import multiprocessing, time\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    child = context.Process(target=time.sleep, args=(60,))\n"
        "    child.start(); print(child.pid, flush=True); child.join()\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            worker = int(process.stdout.readline())
            deadline = time.monotonic() + 30
            while not kills.workers(process.pid) and time.monotonic() < deadline:
                time.sleep(0.05)  # it has a number before it is what it will be called
            assert kills.workers(process.pid) == [worker]
            assert kills.kill(process, mode, random.Random(0))
            if mode != "worker":
                assert process.wait(60) == -signal.SIGKILL
            if mode == "parent":
                assert worker in kills.alive(process.pid)
        finally:
            kills.kill(process, "group", random.Random(0))
    kills.gone(process.pid)
