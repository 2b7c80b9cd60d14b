"""The table of what would run."""

from __future__ import annotations

from harness.budget import standard
from harness.plan import specs
from harness.plan.discover import load
from harness.show import terminal
from harness.show.table import Table
from tests.lab.throwaway import make_paper


def test_a_plan_has_a_line_a_trial_and_beyond_many_a_line_an_experiment(tmp_path, monkeypatch):
    folder = load(make_paper(tmp_path, experiments=("a", "b")))
    planned = specs.plan(folder, specs.Request(budget=standard("check"), seeds=range(3, 6)))
    assert [spec.charged for spec in planned] == [24] * 6
    cells = cells_of(terminal.plan_table(planned))
    assert cells["experiment"] == ["a"] * 3 + ["b"] * 3
    assert cells["seed"] == ["3", "4", "5"] * 2
    assert cells["SGD steps"] == ["24"] * 6
    assert cells["trial"] == [spec.trial for spec in planned]
    monkeypatch.setattr(terminal, "LINES", 5)
    table = terminal.plan_table(planned)
    cells = cells_of(table)
    assert cells["experiment"] == ["a", "b"]
    assert cells["seed"] == ["3 to 5"] * 2
    assert cells["SGD steps"] == ["72"] * 2
    assert cells["trial"] == ["3 trials"] * 2
    assert table.caption.startswith("6 trials, 144 SGD steps")


def test_a_plan_names_caps_changes_and_papers_only_where_there_are_any(tmp_path):
    one, other = (load(make_paper(tmp_path, name)) for name in ("one", "other"))
    capped = specs.Request(budget=standard("check").replaced(6, None), settings=["cost=1"])
    plain = specs.Request(budget=standard("check"))
    (first,), (second,) = specs.plan(one, capped), specs.plan(other, plain)
    cells = cells_of(terminal.plan_table([first, second]))
    assert cells["experiment"] == [f"{one.name}: fit", f"{other.name}: fit"]
    assert cells["cap"] == ["6 steps", ""]
    assert cells["changed"] == ["cost=1", ""]
    assert list(cells_of(terminal.plan_table([second]))) == [
        "experiment", "seed", "SGD steps", "expected", "trial",
    ]  # fmt: skip
    assert terminal.plan_table([second]).caption.endswith("; data: none")


def cells_of(table: Table) -> dict[str, list[str]]:
    columns = zip(*([cell.plain for cell in row] for row in table.rows), strict=True)
    return dict(zip(table.columns, map(list, columns), strict=True))
