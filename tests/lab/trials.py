"""Trials of a throw-away paper as folders that wait for whoever runs them."""

from __future__ import annotations

from pathlib import Path

from harness.budget import standard
from harness.plan import specs
from harness.plan.discover import load
from harness.record import journal
from tests.lab.throwaway import make_paper


def trials(tmp_path: Path, count: int) -> list[Path]:
    """Write the folders of some trials of a throw-away paper."""
    found = load(make_paper(tmp_path))
    request = specs.Request(budget=standard("check"), seeds=range(count))
    homes = []
    for spec in specs.plan(found, request):
        homes.append(spec.home(tmp_path / "runs"))
        spec.write(homes[-1])
    return homes


def rows(folder: Path) -> list[str]:
    return journal.measured(journal.read(folder))
