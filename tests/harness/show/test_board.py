"""What pages are made from: current rows of a paper and of those that compete with it."""

from __future__ import annotations

import pandas as pd
import pytest

from harness.plan import discover
from harness.record import tables
from harness.record.lineage import Confirmation, Lineage
from harness.show import board, columns, pages
from harness.show.board import Board
from tests.lab.measured import result
from tests.lab.throwaway import make_paper


def test_papers_compete_where_their_tasks_meet(tmp_path):
    folders = [make_paper(tmp_path, name) for name in ("one", "two", "apart")]
    for folder, task in zip(folders, ("contest", "contest", "alone"), strict=True):
        text = (folder / "paper.py").read_text().replace('Task("throwaway"', f'Task("{task}"')
        (folder / "paper.py").write_text(text.replace('"", "min")', '"", "min", True)'))
    results = tables.frame([result(folder) for folder in folders])
    curves = pd.DataFrame({"paper": [f.name for f in folders], "experiment": "fit", "mean": 0.5})
    found = discover.load(folders[0])
    rows, lines = Board([found], results, curves).competing(found)
    assert set(rows["paper"]) == set(lines["paper"]) == {f.name for f in folders[:2]}


def test_a_table_holds_one_task_at_one_budget_best_first_and_no_failure(tmp_path):
    paper = make_paper(tmp_path, experiments=("fit", "more"))
    rows = tables.frame(
        [
            result(paper, 0, 0.9),
            result(paper, 0, 0.2, experiment="more"),
            result(paper, 1, 0.0, experiment="more", status="failed"),
            result(paper, 0, 0.7, budget_name="nightly"),
        ]
    )
    made = list(Board([discover.load(paper)], rows, pd.DataFrame()).tables())
    assert [(task.name, budget) for task, budget, _ in made] == [
        ("throwaway", "smoke"),
        ("throwaway", "nightly"),
    ]
    smoke = made[0][2]  # the task's direction is 'min'
    assert list(smoke["experiment"]) == ["more", "fit"]  # of equal cost
    assert list(smoke["n"]) == [1, 1]


@pytest.mark.parametrize(("rising", "order"), [(True, "bacd"), (False, "abdc")])
def test_only_rows_of_equal_cost_stand_in_order_of_their_result(rising, order):
    """a and b differ by less than a tenth, c and d likewise."""
    lines = pd.DataFrame(
        {
            "experiment": list("dcba"),
            "steps": [1050.0, 1000.0, 105.0, 100.0],
            "mean": [0.9, 0.2, 0.4, 0.5],
        }
    )
    assert "".join(board.by_cost(lines, rising)["experiment"]) == order


def test_what_costs_nothing_comes_first():
    lines = pd.DataFrame({"experiment": ["search", "none"], "steps": [1, 0], "mean": [0.0, 9.0]})
    assert list(board.by_cost(lines, rising=True)["experiment"]) == ["none", "search"]


def test_what_a_claim_reads_of_another_paper_is_marked_where_other_code_made_it(tmp_path):
    first, second = (make_paper(tmp_path, name) for name in ("first", "second"))
    text = (first / "paper.py").read_text()
    text = text.replace('AtLeast(EXPERIMENTS[0], "loss", 0.0)',
                        f'Direction("fit", "{second.name}/fit", "loss")')  # fmt: skip
    (first / "paper.py").write_text(text.replace("import AtLeast", "import Direction"))
    found = discover.load(first)
    rows = tables.frame([result(first), result(second, code="other")])
    made = Board([found], rows, pd.DataFrame())
    assert made.dated(found, "smoke") == set()
    assert made.marks(found, "smoke") == {f"{second.name}/fit"}
    rows = tables.frame([result(first), result(second)])
    assert Board([found], rows, pd.DataFrame()).marks(found, "smoke") == set()


def test_rows_of_other_code_are_dated_until_a_replay_confirms_them(tmp_path):
    folder = make_paper(tmp_path, experiments=("fit", "more"))
    found = discover.load(folder)
    rows = tables.frame([result(folder, code="other"), result(folder, experiment="more")])
    made = Board([found], rows, pd.DataFrame())
    assert made.dated(found, "smoke") == {"fit"}
    (_, _, summary) = next(made.tables())
    marks = {
        line["experiment"]: columns.marked("", line["dated"]) for _, line in summary.iterrows()
    }
    assert marks == {"fit": f" {columns.DATED}", "more": ""}

    today = found.code(found.paper.experiments[0]).code
    same = Confirmation(found.name, "fit", "smoke", "other", today, "c0ffee", "avx2", "t")
    known = Lineage([same])
    assert (
        Board([found], known.carried(rows), pd.DataFrame(), known).dated(found, "smoke") == set()
    )


def test_the_page_marks_what_other_code_measured_and_says_what_to_do(tmp_path):
    folder = make_paper(tmp_path)
    rows = tables.frame([result(folder, code="other")])
    found, reports = discover.load(folder), tmp_path / "reports"
    reports.mkdir()
    list(pages.write_paper(Board([found], rows, pd.DataFrame({"paper": []})), found, reports))
    text = (reports / f"{found.name}.md").read_text()
    assert f"| fit {columns.DATED} |" in text
    assert f"python -m harness confirm papers/{found.name} --budget smoke" in text
