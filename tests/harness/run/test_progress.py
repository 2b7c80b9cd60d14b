"""What the bar of a trial says."""

from __future__ import annotations

from harness.plan.specs import Spec
from harness.run.progress import state
from tests.lab.throwaway import home, make_paper


def test_a_bar_says_phase_steps_time_cap_and_the_metrics_of_test_first(tmp_path):
    capped = "check, 0.001 GPU-days"
    folder = home(make_paper(tmp_path), tmp_path / "runs", budget_name=capped)
    beat = {"phase": "train", "turn": 5, "horizon": 10, "steps": 1500.0, "seconds": 75.0}
    beat["metrics"] = {"loss": 0.5, "train_loss": 2.0, "test_accuracy": 0.25}
    line = state(Spec.read(folder), beat)
    assert line.startswith("train  1,500 steps  75 s/86 s  ")
    assert line.endswith("test_accuracy 0.250  loss 0.500")
