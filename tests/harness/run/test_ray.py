"""Ray on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run import ray
from harness.run.launch import Machine
from harness.trial import Pace
from tests.lab.trials import trials


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_runs_trials(tmp_path: Path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    homes = trials(tmp_path, 2)
    outcomes = ray.run(homes, Machine(2), Pace(), lambda: None)
    assert [outcomes[home].status for home in homes] == ["completed"] * 2
