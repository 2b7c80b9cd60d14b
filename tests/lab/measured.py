"""Results as trials' journals would tell them, made without running a trial."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from harness.record import provenance
from harness.record.journal import Result
from tests.lab.throwaway import spec_for

COMMITS = {"first": 1, "second": 2, "third": 3}  # a history, for those who ask for `history`
MADE = {"commit": "first", "dirty": False, "device": "Some CPU (2 cores)", "torch": "2.13"}


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checkout know the commits that results name; see `harness.record.provenance`."""
    monkeypatch.setattr(provenance, "places", lambda: COMMITS)


def result(folder: Path, seed: int = 0, loss: float = 0.5, **how: object) -> Result:
    """Return a trial that measured `loss`, as its journal would tell it."""
    choice = {name: how.pop(name) for name in ("experiment", "budget_name") if name in how}
    settings = how.pop("config", {})
    spec = asdict(spec_for(folder, seed=seed, **{"budget_name": "smoke", **choice}, **settings))
    spec |= {name: how.pop(name) for name in ("code", "trial") if name in how}
    done, origin = how.pop("finished", 1000.0), {**MADE}
    origin |= {name: how.pop(name) for name in ("commit", "dirty") if name in how}
    row = {"index": 0, "phase": "train", "turn": 20, "steps": 40, "seconds": 0.5, "flops": 80.0}
    cost = {"train": {"turns": 20, "steps": 40, "seconds": 0.5, "flops": 80.0}}
    made = Result(folder, spec, origin, {"name": "none", "hash": how.pop("data", "d1")})
    made.rows, made.cost, made.attempts = [{**row, "values": {"loss": loss}}], cost, 1
    made.status, made.stopped_by = how.pop("status", "completed"), how.pop("stopped_by", "length")
    made.started, made.finished = done - 1, done
    assert not how, how
    return made
