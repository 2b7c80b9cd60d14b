"""Results in MLflow's words: steps, keys, points, parameters, all of them short enough."""

from __future__ import annotations

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


def test_members_have_points_of_their_own_and_a_mean_over_all():
    spent = {"steps": 8.0, "seconds": 2.0, "flops": 0.0}
    turn = [
        {"index": i, "time": 1.5, "values": {"loss": float(i), "member": i, "at": 3, "cell": "a"}}
        | spent
        for i in range(2)
    ]
    assert list(mlflow_values.points(turn, 0)) == [
        *(("loss/0", 0.0, 1500), ("loss/1", 1.0, 1500), ("loss", 0.5, 1500)),
        *(("budget/steps", 8.0, 1500), ("budget/seconds", 2.0, 1500), ("budget/flops", 0.0, 1500)),
    ]
    assert list(mlflow_values.points(turn, 1)) == [("loss/1", 1.0, 1500), ("loss", 0.5, 1500)]


def test_names_have_only_signs_that_mlflow_admits():
    assert mlflow_values.key("top-1 (%)/é") == "top-1 ___/é"
    assert len(mlflow_values.key("x" * 300)) == 200


def test_a_text_that_is_too_long_is_cut_and_told_from_others():
    long = [f"{'x' * 9000}{number}" for number in range(2)]
    cut = [mlflow_values.cut(text, 6000) for text in long]
    assert cut[0] != cut[1]
    assert max(map(len, cut)) <= 6000
    assert mlflow_values.cut("short", 6000) == "short"
