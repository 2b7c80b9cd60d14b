"""A trial that torchrun starts on several ranks: one journal, the numbers of one rank."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import budget
from harness.cli.app import main
from harness.plan import discover, specs
from harness.plan.specs import Spec
from harness.record import journal
from harness.record.journal import Result
from harness.run import launch, ranks, runner
from harness.run.ranks import Place
from harness.trial import CHECKPOINT, Pace
from tests.lab.throwaway import as_found, home, make_paper, spec_for  # noqa: F401

pytestmark = pytest.mark.usefixtures("as_found")
ROOT = Path(runner.__file__).resolve().parents[2]
DARTS = ROOT / "papers/darts"
PUBLISHED, IMAGENET = "cifar10/published", "imagenet/published"
NEVER = 1e9
SECOND = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
FIRST = {**SECOND, "RANK": "0", "LOCAL_RANK": "0"}
WHERE = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
TORCH = '''
"""A network whose second rank has accidents."""

import os
import signal

import torch
from torch import nn


def run(config, trial):
    torch.manual_seed(trial.stream("model"))
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    drawn = torch.Generator().manual_seed(0)
    trial.restore(model=model, optimiser=optimiser, drawn=drawn)
    for turn in trial.meter.steps("train"):
        if os.environ.get("RANK") == "1":
            if turn == config.fail_at:
                raise RuntimeError("this rank fails")
            if turn == config.term_at:
                os.kill(os.getpid(), signal.SIGTERM)
            if turn == config.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        x = torch.randn(9, 3, generator=drawn)
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield {"loss": loss.item()}
'''


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """Return a paper whose model ranks may share."""
    folder = make_paper(tmp_path, body=TORCH, experiments=("fit", "alone"))
    text = (folder / "paper.py").read_text()
    shared = 'seeds=SEEDS,\n            distributed=("model",) if name == "fit" else (),'
    (folder / "paper.py").write_text(text.replace("seeds=SEEDS,", shared))
    return folder


def torchrun(paper: Path, runs: Path, *options: str, experiment: str = "fit") -> str:
    """Run an experiment on two ranks; return what was printed, with the exit status before it."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--local-addr", "127.0.0.1", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "-m", "harness", "run", str(paper)]
    command += ["--experiment", experiment, "--budget", "check", "--device", "cpu"]
    command += ["--no-tracking", "--runs", str(runs), *options]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return f"status {done.returncode}\n{done.stdout}"


def measured(result: Result) -> list[tuple[int, dict[str, float]]]:
    """Return turn and numbers of every row."""
    return [
        (row["turn"], {k: v for k, v in row["values"].items() if isinstance(v, float)})
        for row in result.rows
    ]


def assert_alike(one: Result, other: Result) -> None:
    """Assert that two trials told the same numbers up to rounding, at the same turns."""
    assert one.status == other.status == "completed"
    pairs = zip(measured(one), measured(other), strict=True)
    for (turn, numbers), (turn_too, numbers_too) in pairs:
        assert turn == turn_too
        assert numbers == pytest.approx(numbers_too, rel=1e-5)


# -- the CIFAR protocol ---------------------------------------------------------------------------


@pytest.mark.slow
def test_two_ranks_train_a_child_of_the_cifar_protocol_to_the_loss_of_one(tmp_path: Path) -> None:
    """The second of two trials was begun by one rank, and two go on."""
    alone = [published(seed, tmp_path / "alone") for seed in (0, 1)]
    begun = published(1, tmp_path / "runs")
    pace = Pace(NEVER, NEVER, stop_after=3)
    assert runner.execute(begun, pace).status == "stopped"
    for folder in alone:
        assert runner.execute(folder).status == "completed"
    said = torchrun(
        DARTS, tmp_path / "runs", "--seeds", "2", "--set", "child_steps=6", experiment=PUBLISHED
    )
    assert said.startswith("status 0"), said
    shared = [
        journal.read(each.parent) for each in sorted((tmp_path / "runs").rglob(journal.NAME))
    ]
    assert [result.spec["seed"] for result in shared] == [0, 1]
    assert [result.attempts for result in shared] == [1, 2]
    for folder, result in zip(alone, shared, strict=True):
        assert_alike(journal.read(folder), result)
        assert result.provenance["ranks"] == 2
        assert result.provenance["device"].startswith("2 x ")
        assert result.total("steps") == 6
        assert "child_train_loss" in result.rows[0]["values"]


@pytest.mark.slow
def test_two_ranks_that_decode_their_own_rows_train_to_the_numbers_of_one(tmp_path: Path) -> None:
    folder = published(0, tmp_path / "alone", IMAGENET, ())
    assert runner.execute(folder).status == "completed"
    said = torchrun(DARTS, tmp_path / "runs", experiment=IMAGENET)
    assert said.startswith("status 0"), said
    (shared,) = (tmp_path / "runs").rglob(journal.NAME)
    assert_alike(journal.read(folder), journal.read(shared.parent))


def published(
    seed: int, runs: Path, experiment: str = PUBLISHED, changes: Sequence[str] = ("child_steps=6",)
) -> Path:
    """Write the spec of a training of the published cell; return its folder."""
    request = specs.Request([experiment], budget.standard("check"), [seed], changes)
    (spec,) = specs.plan(discover.load(DARTS), request)
    spec.write(spec.home(runs))
    return spec.home(runs)


# -- accidents ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_request_to_one_rank_stops_all_at_the_same_turn_and_one_rank_goes_on(
    paper: Path, tmp_path: Path
) -> None:
    said = torchrun(paper, tmp_path / "runs", "--set", "term_at=4")
    assert said.startswith("status 1"), said
    assert "stopped on request at turn 5 of train" in " ".join(said.split())
    (folder,) = (path.parent for path in (tmp_path / "runs").rglob(journal.NAME))
    assert journal.read(folder).status == "stopped"
    alone = home(paper, tmp_path / "alone")
    for each in (folder, alone):
        assert runner.execute(each).status == "completed"
    assert_alike(journal.read(alone), journal.read(folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("accident", "why"), [("kill_at=4", "another rank has ended"), ("fail_at=4", "another rank")]
)
def test_a_rank_that_ends_ends_the_others_and_what_was_saved_is_kept(
    paper: Path, tmp_path: Path, accident: str, why: str
) -> None:
    said = torchrun(paper, tmp_path / "runs", "--set", accident, "--checkpoint-every", "0")
    assert said.startswith("status 1"), said
    assert why in " ".join(said.split())
    (folder,) = (path.parent for path in (tmp_path / "runs").rglob(journal.NAME))
    assert journal.read(folder).status == "stopped"
    assert (folder / CHECKPOINT).exists()
    alone = home(paper, tmp_path / "alone")
    for each in (folder, alone):
        assert runner.execute(each).status == "completed"
    assert_alike(journal.read(alone), journal.read(folder))


# -- what is refused ------------------------------------------------------------------------------


def test_without_torchrun_a_process_is_one_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ranks.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert ranks.here() == Place()
    monkeypatch.setenv("WORLD_SIZE", "4")  # others set this one too
    assert ranks.here() == Place()
    for name, value in {**SECOND, **WHERE}.items():
        monkeypatch.setenv(name, value)
    assert ranks.here() == Place(1, 2, 1, 2)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--experiment", "alone"], "'alone' cannot run on several ranks; those that can: fit"),
        (["--launcher", "slurm"], "--launcher slurm: torchrun, 2 ranks"),
        (["--gpu-days", "1"], "--gpu-days: torchrun, 2 ranks have no common clock"),
        (["--jobs", "2"], "--jobs 2: torchrun, 2 ranks take one trial after another"),
    ],
)
def test_what_ranks_cannot_do_is_one_line(
    paper: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    rule: str,
) -> None:
    for name, value in {**FIRST, **WHERE}.items():
        monkeypatch.setenv(name, value)
    command = ["run", str(paper), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    experiment = [] if "--experiment" in options else ["--experiment", "fit"]
    with pytest.raises(SystemExit) as end:
        main([*command, *experiment, *options])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.count("\n") == 1
    assert rule in said
    assert not (tmp_path / "runs").exists()


def test_each_rank_needs_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch, paper: Path) -> None:
    for name, value in {**FIRST, **WHERE}.items():
        monkeypatch.setenv(name, value)
    spec = Spec(**{**vars(spec_for(paper)), "device": "cuda"})
    host = launch.Machine(1, gpus=("0",))
    with pytest.raises(ranks.Refused, match="did you mean --nproc-per-node 1"):
        ranks.admit([discover.load(paper)], [spec], "local", host)
    ranks.admit([discover.load(paper)], [spec], "local", launch.Machine(1, gpus=("0", "1")))
