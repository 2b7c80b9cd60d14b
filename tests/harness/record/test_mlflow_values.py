"""Results in MLflow's words: steps, keys, points, parameters, all of them short enough."""

from __future__ import annotations

import math
from pathlib import Path

from harness.record import journal, mlflow_values


def test_steps_count_turns_through_phases():
    rows = [
        {"index": i, "phase": phase, "turn": turn, "values": {"loss": 1.0}}
        for i, (phase, turn) in enumerate([("search", 5), ("search", 9), ("retrain", 1)])
    ]
    result = journal.Result(Path("x"), rows=rows)
    assert [step for step, _ in mlflow_values.turns(result)] == [5, 9, 10]


def test_a_nested_config_is_flat_and_empty_parts_are_kept():
    config = {"lr": 0.1, "retrain": {"epochs": 3, "augment": {}}, "name": "mlp", "widths": [1, 2]}
    assert dict(mlflow_values.flatten(config)) == {
        **{"lr": "0.1", "retrain.epochs": "3", "retrain.augment": "{}"},
        **{"name": "mlp", "widths": "[1, 2]"},
    }
    assert dict(mlflow_values.flatten({})) == {}


def members(*measured: tuple[int, int, float]) -> journal.Result:
    """A result from (turn, member, loss) of each row."""
    rows = [
        {
            "index": i,
            "phase": "fit",
            "turn": turn,
            "time": turn + 0.5,
            "seconds": 2.0,
            "flops": 0.0,
        }
        | {"steps": 8.0 * turn, "values": {"loss": loss, "member": member, "at": 3, "cell": "a"}}
        for i, (turn, member, loss) in enumerate(measured)
    ]
    return journal.Result(Path("x"), rows=rows, status="completed")


def test_members_have_one_point_a_turn_and_their_spread():
    result = members((1, 0, 0.0), (1, 1, 1.0), (2, 0, 2.0), (2, 1, 6.0))
    one, two = mlflow_values.points(result)
    told = {key: (value, time, step) for key, value, time, step in one[1]}
    assert told == {
        **{"loss": (0.5, 1500, 1), "spread/loss.sd": (math.sqrt(0.5), 1500, 1)},
        **{"spread/loss.min": (0.0, 1500, 1), "spread/loss.max": (1.0, 1500, 1)},
        **{"budget/steps": (8.0, 1500, 1), "budget/seconds": (2.0, 1500, 1)},
        **{"budget/flops": (0.0, 1500, 1)},
    }
    assert (one[0], two[0]) == (2, 4)
    assert list(mlflow_values.points(result, 2)) == [two]


def test_what_stands_last_is_the_mean_of_all_members_whenever_each_was_measured():
    result = members((1, 0, 1.0), (2, 0, 2.0), (3, 1, 6.0), (4, 2, 7.0))
    means = [{k: v for k, v, *_ in told}["loss"] for _, told in mlflow_values.points(result)]
    assert means == [1.0, 2.0, 4.0, 5.0]


def test_a_member_that_diverged_leaves_no_number():
    spread = mlflow_values.spread("loss", [1.0, math.nan, 2.0])
    assert all(math.isnan(value) for value in spread.values())
    assert math.isinf(mlflow_values.spread("loss", [1.0, math.inf])["spread/loss.max"])
    assert mlflow_values.spread("loss", [1.0]) == {}
    assert mlflow_values.mean([1e308, 1e308, -math.inf]) != 0.0  # no error
    assert mlflow_values.spread("loss", [1e300, -1e300])["spread/loss.sd"] > 1e300


def test_a_text_that_members_do_not_share_stands_in_their_table_only(tmp_path: Path):
    result = members((1, 0, 1.0), (1, 1, 2.0))
    result.folder, result.spec = tmp_path, {"paper": "tiny"}
    assert mlflow_values.tags_of(result)["final.cell"] == "a"
    result.rows[1]["values"]["cell"] = "b"
    assert "final.cell" not in mlflow_values.tags_of(result)
    assert [line[-1] for line in mlflow_values.table(result).splitlines()[1:]] == ["a", "b"]


def test_names_have_only_signs_that_mlflow_admits():
    assert mlflow_values.key("top-1 (%)/é") == "top-1 ___/é"
    assert len(mlflow_values.key("x" * 300)) == 200


def test_a_text_that_is_too_long_is_cut_and_told_from_others():
    long = [f"{'x' * 9000}{number}" for number in range(2)]
    cut = [mlflow_values.cut(text, 6000) for text in long]
    assert cut[0] != cut[1]
    assert max(map(len, cut)) <= 6000
    assert mlflow_values.cut("short", 6000) == "short"
