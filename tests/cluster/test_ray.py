"""Two nodes of Ray on this machine: trials spread, nodes and workers are lost, nobody waits.

Every run here is a real one, most of them a `python -m harness run` of its own.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.record import journal
from harness.record.journal import Result
from harness.run import home as homes
from harness.run import runner
from harness.run.launch import Machine
from harness.run.ray import launcher as ray
from harness.run.ray.launcher import SHORT
from harness.run.runner import Outcome
from harness.trial import CHECKPOINT, Pace
from tests.lab.ray_nodes import Nodes, two_nodes
from tests.lab.throwaway import as_found, home, make_paper  # noqa: F401

pytest.importorskip("ray", reason="Ray is not installed: tox -e ray")
pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("as_found")]
ROOT = Path(__file__).resolve().parents[2]
STEPS = 60
SLOW = ("--set", f"steps={STEPS}", "--set", "sleep=0.1")
PATIENCE = 180.0


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with two_nodes() as started:
        yield started


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    return make_paper(tmp_path_factory.mktemp("papers"), "spread")


@pytest.fixture(scope="module")
def whole(paper, tmp_path_factory) -> dict[int, Result]:
    """What an undisturbed run measures, in this process and without Ray."""
    runs = tmp_path_factory.mktemp("whole")
    for seed in range(3):
        folder = home(paper, runs, budget_name="smoke", seed=seed, steps=STEPS)
        assert runner.execute(folder).status == "completed"
    return results(runs)


def results(runs: Path) -> dict[int, Result]:
    return {r.spec["seed"]: r for r in map(journal.read, journal.find(runs))}


def must_equal(made: Result, whole: Result) -> None:
    assert (made.status, made.stopped_by) == ("completed", "length")
    assert journal.measured(made) == journal.measured(whole)
    assert made.total("steps") == whole.total("steps")


@contextmanager
def started(
    paper: Path, runs: Path, environment: dict[str, str], *options: str
) -> Iterator[subprocess.Popen[str]]:
    line = [sys.executable, "-m", "harness", "run", str(paper), "--runs", str(runs)]
    line += ["--no-tracking", "--launcher", "ray", "--checkpoint-every", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, start_new_session=True, **pipes
    ) as process:
        signal.signal(signal.SIGINT, ours)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    assert "(raylet)" not in said
    return said


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def rows(folder: Path) -> int:
    path = folder / journal.NAME
    return path.read_bytes().count(b'"kind": "row"') if path.exists() else 0


def at_work(runs: Path, least: int = 3) -> dict[Path, int]:
    """Return the trials that somebody runs and that have some rows, with the process."""
    held = {path.parent: homes.held(path.parent) for path in runs.rglob("lock")}
    return {
        folder: int(re.match(r"process (\d+) on", holder)[1])
        for folder, holder in held.items()
        if holder and rows(folder) >= least
    }


def parent(process: int) -> int:
    stat = Path(f"/proc/{process}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


# -- what goes wrong in the middle ----------------------------------------------------------------


def test_trials_of_a_lost_node_go_on_at_another_to_the_same_rows(paper, whole, tmp_path):
    with two_nodes() as nodes:
        options = ("--seeds", "3", *SLOW)
        with started(paper, tmp_path, nodes.environment, *options) as process:
            until(lambda: len(at_work(tmp_path)) == 2, process)
            where = {parent(worker): folder for folder, worker in at_work(tmp_path).items()}
            assert sorted(where) == sorted(nodes.raylets())
            nodes.lose(nodes.other)
            said = ended(process)
            assert process.returncode == 0, said
    made = results(tmp_path)
    for seed in range(3):
        must_equal(made[seed], whole[seed])
    moved = journal.read(where[nodes.other])
    assert moved.attempts >= 2
    assert moved.lost_rows <= 1


def test_worker_that_dies_once_is_replaced_and_one_trial_that_kills_twice_fails_alone(
    nodes, paper, whole, tmp_path, monkeypatch
):
    for name, value in nodes.environment.items():
        monkeypatch.setenv(name, value)
    bad = home(paper, tmp_path, budget_name="smoke", seed=0, steps=STEPS, kill_at=7, kills=99)
    once = home(paper, tmp_path, budget_name="smoke", seed=1, steps=STEPS, kill_at=7)
    good = home(paper, tmp_path, budget_name="smoke", seed=2, steps=STEPS)
    outcomes = ray.run([bad, once, good], Machine(2), Pace(0.0, 0.0), lambda: None)
    assert outcomes[bad].status == "failed"
    assert "died twice" in outcomes[bad].error
    assert outcomes[once] == outcomes[good] == Outcome("completed")
    assert len(list((bad / "artifacts").glob("death*"))) == 2
    assert journal.measured(journal.read(once)) == journal.measured(whole[1])
    assert journal.measured(journal.read(good)) == journal.measured(whole[2])


def test_cluster_that_goes_away_is_one_line_and_leaves_trials_to_go_on(paper, whole, tmp_path):
    options = ("--seeds", "3", *SLOW)
    with two_nodes() as nodes:
        with started(paper, tmp_path, nodes.environment, *options) as process:
            until(lambda: len(at_work(tmp_path)) == 2, process)
            nodes.lose()
            said = ended(process)
            assert process.returncode == 1, said
        assert "went away" in said
        assert "the same command goes on" in said
        time.sleep(2)  # what has lost its node saves
    here = dict(os.environ)
    here.pop("RAY_ADDRESS", None)
    with started(paper, tmp_path, here, *options, "--launcher", "local") as process:
        said = ended(process)
        assert process.returncode == 0, said
    made = results(tmp_path)
    for seed in range(3):
        must_equal(made[seed], whole[seed])


# -- being stopped --------------------------------------------------------------------------------


def test_ctrl_c_saves_all_and_the_same_command_goes_on(nodes, paper, whole, tmp_path):
    options = ("--seeds", "3", "--checkpoint-every", "1000", *SLOW)
    with started(paper, tmp_path, nodes.environment, *options) as process:
        until(lambda: len(at_work(tmp_path)) == 2, process)
        running = at_work(tmp_path)
        os.killpg(process.pid, signal.SIGINT)
        said = ended(process)
        assert process.returncode == 130, said
    assert "everything is saved" in said
    for folder in running:
        assert journal.read(folder).status == "stopped"
        assert (folder / CHECKPOINT).exists()
        assert homes.held(folder) == homes.NOBODY
    with started(paper, tmp_path, nodes.environment, *options) as process:
        said = ended(process)
        assert process.returncode == 0, said
    made = results(tmp_path)
    for seed in range(3):
        must_equal(made[seed], whole[seed])
        assert made[seed].lost_rows == 0


def test_run_that_is_killed_leaves_saved_trials_behind(nodes, paper, tmp_path):
    options = ("--seeds", "2", "--checkpoint-every", "1000", *SLOW)
    with started(paper, tmp_path, nodes.environment, *options) as process:
        until(lambda: len(at_work(tmp_path)) == 2, process)
        running = at_work(tmp_path)
        before = set(SHORT.glob("ray-*"))
        process.kill()
        process.wait()
        deadline = time.monotonic() + PATIENCE
        while any(homes.held(folder) for folder in running):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while set(SHORT.glob("ray-*")) >= before:  # what it wrote meanwhile goes too
            assert time.monotonic() < deadline
            time.sleep(0.1)
    for folder in running:
        assert journal.read(folder).status == "stopped"
        assert (folder / CHECKPOINT).exists()


def test_trial_that_is_asked_to_stop_is_not_begun_again(nodes, paper, tmp_path):
    with started(paper, tmp_path, nodes.environment, "--seeds", "2", *SLOW) as process:
        until(lambda: len(at_work(tmp_path)) == 2, process)
        (asked, other) = at_work(tmp_path)
        homes.ask_stop(asked)
        said = ended(process)
        assert process.returncode == 130, said
    stopped = journal.read(asked)
    assert (stopped.status, stopped.attempts) == ("stopped", 1)
    assert (asked / CHECKPOINT).exists()
    assert journal.read(other).status == "completed"


# -- what cannot begin ----------------------------------------------------------------------------


def test_what_no_node_has_is_refused(nodes, paper, tmp_path):
    with started(paper, tmp_path, nodes.environment, "--device", "cuda") as process:
        said = ended(process)
    assert process.returncode == 2
    said = said.strip()
    assert said.startswith(f"error: RAY_ADDRESS={nodes.address}: no node has 1 CPU and 1 GPU")
    assert said.endswith("at most 1 CPU and 0 GPU on one; did you mean '--device cpu'?")
    assert "\n" not in said


@pytest.mark.parametrize("listens", [False, True], ids=["nothing", "something else"])
def test_address_that_leads_nowhere_is_one_line(paper, tmp_path, listens):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if not listens:
            server.close()
        with started(paper, tmp_path, {**os.environ, "RAY_ADDRESS": address}) as process:
            said = ended(process)
    assert process.returncode == 2
    said = said.strip()
    assert said.startswith(f"error: RAY_ADDRESS={address}: no Ray cluster answers there")
    assert "\n" not in said
