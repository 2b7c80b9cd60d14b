"""SLURM, against submitit's local stand-in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.paper import Refused
from harness.run import home, runner, slurm
from harness.run.launch import Machine
from harness.trial import Pace
from tests.lab.trials import rows, trials


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_submitit_runs_trials_and_gives_the_same_rows(tmp_path: Path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setattr(slurm, "SCHEDULER", "local")
    homes = trials(tmp_path, 2)
    looks = []
    outcomes = slurm.run(homes, Machine(2), Pace(), lambda: looks.append(1))
    assert [outcomes[folder].status for folder in homes] == ["completed"] * 2
    assert looks
    for folder in homes:
        measured = rows(folder)
        home.forget(folder)
        runner.execute(folder)
        assert rows(folder) == measured


def test_slurm_is_refused_where_there_is_none():
    pytest.importorskip("submitit")
    if shutil.which("sbatch"):
        pytest.skip("this machine has SLURM")
    with pytest.raises(Refused, match="no sbatch on this machine; did you mean 'local'"):
        slurm.launcher()
