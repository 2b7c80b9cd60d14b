"""Trials in worker processes: the same rows as in this one, whatever happens to a worker."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.record import journal
from harness.run import launch, runner
from harness.run.home import HEARTBEAT
from harness.run.launch import Machine
from harness.run.runner import Outcome
from harness.trial import CHECKPOINT, Pace
from tests.lab.throwaway import METHOD, as_found, home, make_paper  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
NEVER = 1e9
EVERY_TURN = Pace(0.0, 0.0)


def nothing() -> None:
    """Watch nothing."""


def here(folder: Path) -> journal.Result:
    """Run a trial in this process and return its result."""
    assert runner.execute(folder) == Outcome("completed")
    return journal.read(folder)


# -- the machine ---------------------------------------------------------------------------------


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend that the machine has these GPUs."""
    shown: list[str] = []
    monkeypatch.setattr(launch, "find_gpus", lambda: tuple(shown))
    return shown


@pytest.mark.usefixtures("gpus")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(Refused, match=r"--device cuda: no usable GPU .* did you mean 'cpu'\?"):
        launch.machine("cuda", None)


@pytest.mark.usefixtures("gpus")
def test_auto_without_a_gpu_is_the_cpu() -> None:
    assert launch.machine("auto", 3) == ("cpu", Machine(3))


@pytest.mark.parametrize(("cores", "threads", "jobs"), [(8, 1, 8), (8, 3, 2), (2, 4, 1)])
def test_jobs_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int, jobs: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert launch.machine("cpu", None, threads) == ("cpu", Machine(jobs, threads))


def test_cpu_is_taken_at_its_word(gpus: list[str]) -> None:
    gpus.append("0")
    device, host = launch.machine("cpu", 2)
    assert (device, host.gpus, host.slots) == ("cpu", (), ["", ""])


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_gpus_are_dealt_out_one_after_the_other(gpus: list[str], device: str) -> None:
    gpus += ["0", "3"]
    kind, host = launch.machine(device, None)
    assert (kind, host.jobs, host.slots) == ("cuda", 2, ["0", "3"])
    assert launch.machine(device, 5)[1].slots == ["0", "3", "0", "3", "0"]


def answer(monkeypatch: pytest.MonkeyPatch, stdout: str, code: int = 0) -> None:
    """Pretend that there is a driver, and that torch counts its GPUs so."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    done = subprocess.CompletedProcess([], code, stdout)
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: done)


def test_without_a_driver_torch_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: pytest.fail("asked"))
    assert launch.find_gpus() == ()


@pytest.mark.parametrize(
    ("stdout", "code", "shown", "found"),
    [
        ("2\n", 0, None, ("0", "1")),
        ("2\n", 0, "4,7", ("4", "7")),
        ("0\n", 0, "", ()),
        ("1\n", 0, "4,-1,7", ("4",)),  # CUDA itself stops at the first one that is none
        ("", 1, None, ()),
    ],
)
def test_gpus_are_those_that_torch_can_use(
    monkeypatch: pytest.MonkeyPatch, stdout: str, code: int, shown: str | None, found: tuple
) -> None:
    answer(monkeypatch, stdout, code)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert launch.find_gpus() == found


# -- what the watching process does --------------------------------------------------------------


def ended(result: Outcome | None = None, error: Exception | None = None) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    if error is None:
        future.set_result(result or Outcome("completed"))
    else:
        future.set_exception(error)
    return future


def test_never_more_trials_are_begun_than_there_are_workers() -> None:
    folders, begun, outcomes = [Path(str(i)) for i in range(5)], [], {}

    def start(folder: Path) -> Future[Outcome]:
        begun.append(folder)
        assert len(begun) - len(outcomes) <= 2
        return ended(Outcome("completed", str(folder)))

    assert launch.follow(start, folders, 2, outcomes, nothing) == []
    assert begun == folders
    assert outcomes == {folder: Outcome("completed", str(folder)) for folder in folders}


def test_trials_of_a_broken_pool_are_suspects() -> None:
    futures = {"a": Future(), "b": ended(error=BrokenProcessPool()), "c": ended()}
    outcomes: dict[Path, Outcome] = {}
    folders = [Path(name) for name in futures]
    suspects = launch.follow(lambda f: futures[f.name], folders, 2, outcomes, nothing)
    assert suspects == [Path("a"), Path("b")]
    assert outcomes == {}


def test_pool_that_breaks_between_two_looks_is_no_crash() -> None:
    def start(folder: Path) -> Future[Outcome]:
        if folder.name == "c":
            raise BrokenProcessPool
        return ended() if folder.name == "a" else Future()

    outcomes: dict[Path, Outcome] = {}
    suspects = launch.follow(start, [Path(n) for n in "abc"], 2, outcomes, nothing)
    assert suspects == [Path("b")]
    assert outcomes == {Path("a"): Outcome("completed")}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused("process 7 is running this"), Outcome("refused", "process 7 is running this")),
        (journal.Damaged("line 3 is damaged"), Outcome("refused", "line 3 is damaged")),
        (RuntimeError("no kernel image"), Outcome("failed", "RuntimeError: no kernel image")),
    ],
)
def test_trial_that_cannot_begin_does_not_end_the_others(
    error: Exception, outcome: Outcome
) -> None:
    futures, outcomes = {"a": ended(error=error), "b": ended()}, {}
    folders = [Path(name) for name in futures]
    assert launch.follow(lambda f: futures[f.name], folders, 1, outcomes, nothing) == []
    assert outcomes == {Path("a"): outcome, Path("b"): Outcome("completed")}


# -- worker processes ----------------------------------------------------------------------------

# both trials are in their workers at the same time: neither goes on before the other is there
MEETING = METHOD.replace(
    '    yield {"loss": model.weight**2}\n',
    """    (trial.folder.parent / f"here{trial.seed}").touch()
    for _ in range(3000):
        if len(list(trial.folder.parent.glob("here*"))) == 2:
            break
        time.sleep(0.02)
    seen = {name: os.environ.get(name, "") for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")}
    yield {"loss": model.weight**2, "pid": os.getpid(), **seen}
""",
)


@pytest.mark.slow
def test_two_workers_measure_what_one_process_measures(tmp_path: Path) -> None:
    environment = dict(os.environ)
    paper = make_paper(tmp_path, "b", MEETING)
    folders = [home(paper, tmp_path / "runs", seed=seed) for seed in (0, 1)]
    looks: list[int] = []
    host = Machine(2, threads=1, gpus=("5", "3"))
    outcomes = launch.run(folders, host, Pace(), lambda: looks.append(1))
    assert outcomes == dict.fromkeys(folders, Outcome("completed"))
    assert looks
    finals = [journal.read(folder).rows[-1]["values"] for folder in folders]
    assert sorted(final["CUDA_VISIBLE_DEVICES"] for final in finals) == ["3", "5"]
    assert {final["OMP_NUM_THREADS"] for final in finals} == {"1"}
    assert len({os.getpid(), *(final["pid"] for final in finals)}) == 3
    assert dict(os.environ) == environment
    plain = make_paper(tmp_path, "plain")
    for seed, folder in enumerate(folders):
        alone, worker = here(home(plain, tmp_path / "runs", seed=seed)), journal.read(folder)
        assert journal.measured(worker)[:-1] == journal.measured(alone)[:-1]
        assert worker.rows[-1]["values"]["loss"] == alone.rows[-1]["values"]["loss"]


@pytest.mark.slow
def test_trial_of_a_killed_worker_is_tried_again(tmp_path: Path) -> None:
    paper = make_paper(tmp_path)
    folder = home(paper, tmp_path / "runs", kill_at=7)
    assert launch.run([folder], Machine(1), EVERY_TURN, nothing) == {folder: Outcome("completed")}
    killed, quiet = journal.read(folder), here(home(paper, tmp_path / "runs"))
    assert journal.measured(killed) == journal.measured(quiet)
    assert killed.total("steps") == quiet.total("steps")
    assert (killed.attempts, killed.lost_rows) == (2, 0)
    assert len(list((folder / "artifacts").glob("death*"))) == 1


@pytest.mark.slow
def test_trial_that_kills_every_worker_fails_and_the_other_completes(tmp_path: Path) -> None:
    paper = make_paper(tmp_path)
    bad = home(paper, tmp_path / "runs", kill_at=7, kills=99)
    good = home(paper, tmp_path / "runs", seed=1, sleep=0.02)
    outcomes = launch.run([bad, good], Machine(2), EVERY_TURN, nothing)
    text = "its worker process died twice (killed, or out of memory)"
    assert outcomes == {bad: Outcome("failed", text), good: Outcome("completed")}
    assert len(list((bad / "artifacts").glob("death*"))) == 2
    quiet = here(home(paper, tmp_path / "runs", seed=1))
    assert journal.measured(journal.read(good)) == journal.measured(quiet)
    assert [row["turn"] for row in journal.read(bad).rows] == [0, 3, 6]  # kept


SLOW = METHOD.replace(
    "time.sleep(config.sleep)",
    'time.sleep(0.1 if (trial.folder.parent / "slow").exists() else 0)',
)


@pytest.mark.slow
def test_ctrl_c_saves_and_the_next_run_goes_on(tmp_path: Path) -> None:
    paper = make_paper(tmp_path, body=SLOW)
    folders = [
        home(paper, tmp_path / "runs", budget_name="paper", seed=seed, steps=200)
        for seed in (0, 1)
    ]
    slow = folders[0].parent / "slow"
    slow.touch()

    def press() -> None:
        if all((folder / HEARTBEAT).exists() for folder in folders):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch.run(folders, Machine(2), Pace(NEVER, 0.0), press)
    assert multiprocessing.active_children() == []
    for folder in folders:
        stopped = journal.read(folder)
        assert stopped.status == "stopped"
        assert 0 < stopped.total("steps") < 400
        assert (folder / CHECKPOINT).exists()
    slow.unlink()
    plain = make_paper(tmp_path, "plain")
    for seed, folder in enumerate(folders):
        resumed = here(folder)
        quiet = here(home(plain, tmp_path / "runs", budget_name="paper", seed=seed, steps=200))
        assert journal.measured(resumed) == journal.measured(quiet)
        assert resumed.total("steps") == quiet.total("steps") == 400
        assert (resumed.attempts, resumed.lost_rows) == (2, 0)
