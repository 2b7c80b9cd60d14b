"""Journals into MLflow and into tables: nothing lost, nothing twice, nothing waits for ever."""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.record import journal, mlflow_export, mlflow_process, mlflow_values, tables
from harness.record.journal import Journal

pytestmark = pytest.mark.filterwarnings(  # MLflow's own queries
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"
)
ROOT = Path(__file__).resolve().parents[3]
MADE = {"commit": "abc", "dirty": False, "python": "3.11", "torch": "2.13", "device": "Some CPU"}


def spec_of(name: str, seed: int = 0) -> dict:
    return {
        **{"trial": name, "paper": "tiny", "folder": "papers/tiny", "experiment": "fit/mlp"},
        **{"task": "digits", "budget": "smoke", "seed": seed, "overrides": "", "threads": 1},
        **{"device": "cpu", "code": "c0de", "config": {"lr": 0.1, "retrain": {"epochs": 3}}},
    }


class Lab:
    """Writes the journal of one trial as the runner does."""

    open: ClassVar[list[Journal]] = []

    def __init__(self, runs: Path, name: str, seed: int = 0) -> None:
        self.folder = runs / "tiny" / "fit" / "mlp" / "smoke" / f"seed{seed}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(self.folder)
        self.open.append(self.journal)
        self.journal.append("start", spec=spec_of(name, seed), provenance=MADE)

    def data(self) -> Lab:
        self.journal.append("data", name="digits", hash="d" * 32 + ".dir")
        return self

    def restored(self, rows: int) -> Lab:
        self.journal.append("restored", rows=rows, seconds=0.5 * rows)
        return self

    def row(self, index: int, turn: int, phase: str = "train", **values: object) -> Lab:
        spent = {"steps": 10.0 * turn, "seconds": 0.5 * turn, "flops": 100.0 * turn}
        self.journal.append("row", index=index, phase=phase, turn=turn, values=values, **spent)
        return self

    def rows(self, begin: int, end: int) -> Lab:
        for index in range(begin, end):
            self.row(index, index + 1, accuracy=index / 10)
        return self

    def end(self, status: str = "completed", stopped_by: str = "length", error: str = "") -> Lab:
        cost = {"train": {"turns": 4, "steps": 40, "seconds": 2.0, "flops": 400.0}}
        self.journal.append("end", status=status, stopped_by=stopped_by, error=error, cost=cost)
        return self


@pytest.fixture(autouse=True)
def _journals_are_closed():
    yield
    while Lab.open:
        Lab.open.pop().close()


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them: made once, for that takes seconds."""
    path = tmp_path_factory.mktemp("schema") / "mlflow.db"
    mlflow_export._open(path.parent, f"sqlite:///{path}")
    return path


@pytest.fixture
def runs(tmp_path: Path, schema: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copy(schema, folder / mlflow_export.DATABASE)
    return folder


def client_of(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def stored(uri: str) -> dict[str, dict]:
    """Everything that MLflow holds of each trial, without MLflow's own ids, in one order."""
    client = client_of(uri)
    experiment = client.get_experiment_by_name("papers/tiny")
    trials: dict[str, dict] = {}
    for run in client.search_runs([experiment.experiment_id]):
        tags = run.data.tags
        assert tags["harness.trial"] not in trials, "a trial has two runs"
        trials[tags["harness.trial"]] = {
            "name": run.info.run_name,
            "status": run.info.status,
            "times": (run.info.start_time, run.info.end_time),
            "params": dict(sorted(run.data.params.items())),
            "tags": {key: tags[key] for key in sorted(tags) if key[:7] in ("harness", "final.g")},
            "metrics": {key: history(client, run, key) for key in sorted(run.data.metrics)},
            "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
            "data": [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
        }
    return dict(sorted(trials.items()))


def history(client, run, key: str) -> list[tuple[int, int, float]]:
    points = client.get_metric_history(run.info.run_id, key)
    return sorted((point.step, point.timestamp, point.value) for point in points)


def values(trial: dict, key: str) -> list[tuple[int, float]]:
    return [(step, value) for step, _, value in trial["metrics"][key]]


def six(runs: Path) -> None:
    """Six trials: ended in all three ways, stacked members, strings, artifacts, still running."""
    Lab(runs, "t0").data().restored(0).rows(0, 4).end()
    Lab(runs, "t1", 1).rows(0, 2).end("failed", "", "ValueError: no")
    Lab(runs, "t2", 2).rows(0, 3).end("stopped", "request")
    stacked = Lab(runs, "t3", 3).data()
    for index in range(6):
        turn, member = divmod(index, 3)
        stacked.row(index, turn + 1, accuracy=float(turn + member), member=member)
    stacked.end()
    made = Lab(runs, "t4", 4).row(0, 1, genotype="0123", good=True, loss=math.nan).end()
    (made.folder / "artifacts" / "deep").mkdir(parents=True)
    (made.folder / "artifacts" / "deep" / "cell.json").write_text("[1]")
    (made.folder / "spec.json").write_text("{}")
    Lab(runs, "t5", 5).rows(0, 2)


# -- into MLflow --------------------------------------------------------------------------------


def test_six_journals_build_the_same_database_twice(runs: Path, tmp_path: Path, schema: Path):
    six(runs)
    first = mlflow_export.export(runs)
    assert (first["trials"], first["new"], first["problems"]) == (6, 6, [])
    assert first["uri"] == f"sqlite:///{runs}/mlflow.db"
    once = stored(first["uri"])

    other = tmp_path / "other.db"
    shutil.copy(schema, other)
    again = mlflow_export.export(runs, f"sqlite:///{other}")
    assert (again["trials"], again["new"], again["rows"]) == (6, 6, first["rows"])
    assert repr(stored(again["uri"])) == repr(once)  # repr: NaN equals NaN

    assert {name: trial["status"] for name, trial in once.items()} == {
        **{"t0": "FINISHED", "t1": "FAILED", "t2": "KILLED", "t3": "FINISHED"},
        **{"t4": "FINISHED", "t5": "RUNNING"},
    }
    assert once["t0"]["params"] == {"lr": "0.1", "retrain.epochs": "3"}
    assert once["t0"]["name"] == "fit/mlp smoke seed0"
    assert values(once["t0"], "accuracy") == [(1, 0.0), (2, 0.1), (3, 0.2), (4, 0.3)]
    assert values(once["t0"], "budget/steps") == [(1, 10.0), (2, 20.0), (3, 30.0), (4, 40.0)]
    assert once["t0"]["data"] == [("digits", "d" * 32 + ".dir")]
    assert once["t1"]["data"] == []
    assert once["t0"]["files"] == ["journal.jsonl"]
    assert once["t5"]["files"] == []
    assert once["t0"]["tags"]["harness.stopped_by"] == "length"
    assert once["t0"]["tags"]["harness.device"] == "Some CPU"
    assert once["t1"]["tags"]["harness.error"] == "ValueError: no"


def test_times_come_from_the_journal(runs: Path):
    lab = Lab(runs, "t").rows(0, 2).end()
    result = journal.read(lab.folder)
    trial = stored(mlflow_export.export(runs)["uri"])["t"]
    assert trial["times"] == (int(result.started * 1000), int(result.finished * 1000))
    stamps = [stamp for _, stamp, _ in trial["metrics"]["accuracy"]]
    assert stamps == [int(row["time"] * 1000) for row in result.rows]


def test_members_have_keys_of_their_own_and_a_mean(runs: Path):
    six(runs)
    trial = stored(mlflow_export.export(runs)["uri"])["t3"]
    assert values(trial, "accuracy/2") == [(1, 2.0), (2, 3.0)]
    assert values(trial, "accuracy") == [(1, 1.0), (2, 2.0)]
    assert "member" not in trial["metrics"]
    assert values(trial, "budget/flops") == [(1, 100.0), (2, 200.0)]


def test_strings_are_tags_and_truth_is_one(runs: Path):
    six(runs)
    trial = stored(mlflow_export.export(runs)["uri"])["t4"]
    assert trial["tags"]["final.genotype"] == "0123"
    assert values(trial, "good") == [(1, 1.0)]
    assert trial["files"] == ["artifacts", "journal.jsonl", "spec.json"]


def test_a_second_export_adds_nothing(runs: Path):
    six(runs)
    first = mlflow_export.export(runs)
    before = repr(stored(first["uri"]))
    content = (runs / mlflow_export.DATABASE).read_bytes()
    second = mlflow_export.export(runs)
    assert (second["trials"], second["new"], second["rows"]) == (6, 0, 0)
    assert repr(stored(second["uri"])) == before
    assert (runs / mlflow_export.DATABASE).read_bytes() == content, "something was written"


def test_rows_that_come_again_after_a_resume_are_sent_once(runs: Path):
    lab = Lab(runs, "t").restored(0).rows(0, 5)
    assert mlflow_export.export(runs)["rows"] == 5
    again = Lab(runs, "t")  # killed; the checkpoint stands behind 3 rows
    assert lab.folder == again.folder
    again.restored(3).rows(3, 4)
    assert mlflow_export.export(runs)["rows"] == 0
    again.rows(4, 7).end()
    report = mlflow_export.export(runs)
    assert report["problems"] == []
    assert (report["new"], report["rows"]) == (0, 2)
    trial = stored(report["uri"])["t"]
    assert values(trial, "accuracy") == [(i + 1, i / 10) for i in range(7)]
    assert len(trial["metrics"]["budget/seconds"]) == 7
    assert trial["status"] == "FINISHED"


def test_a_turn_of_members_waits_until_it_is_whole(runs: Path):
    lab = Lab(runs, "t").row(0, 1, accuracy=0.0, member=0).row(1, 1, accuracy=1.0, member=1)
    lab.row(2, 2, accuracy=4.0, member=0)
    assert mlflow_export.export(runs)["rows"] == 2
    lab.row(3, 2, accuracy=6.0, member=1).end()
    report = mlflow_export.export(runs)
    assert report["rows"] == 2
    assert values(stored(report["uri"])["t"], "accuracy") == [(1, 0.5), (2, 5.0)]


def test_an_export_killed_before_its_mark_repeats_without_a_trace(runs: Path):
    Lab(runs, "t").rows(0, 5).end()
    uri = mlflow_export.export(runs)["uri"]
    before = stored(uri)
    client = client_of(uri)
    run = client.search_runs([client.get_experiment_by_name("papers/tiny").experiment_id])[0]
    client.set_tag(run.info.run_id, mlflow_export.ROWS, "2")  # rows 2 to 4 are there, unmarked
    assert mlflow_export.export(runs)["rows"] == 3
    assert stored(uri) == before


def test_steps_count_turns_through_phases():
    rows = [
        {"index": i, "phase": phase, "turn": turn, "values": {"loss": 1.0}}
        for i, (phase, turn) in enumerate([("search", 5), ("search", 9), ("retrain", 1)])
    ]
    result = journal.Result(Path("x"), rows=rows)
    assert [step for step, _ in mlflow_values.turns(result)] == [5, 9, 10]


def test_more_metrics_than_one_request_takes(runs: Path):
    lab = Lab(runs, "t")
    for index in range(130):
        lab.row(index, index + 1, **{f"m{k}": float(index) for k in range(17)})
    lab.end()
    trial = stored(mlflow_export.export(runs)["uri"])["t"]
    assert len(trial["metrics"]) == 20
    assert all(len(points) == 130 for points in trial["metrics"].values())
    assert trial["tags"][mlflow_export.ROWS] == "130"


def test_a_silent_trial_is_killed_and_opened_again(runs: Path):
    lab = Lab(runs, "t").rows(0, 1)
    long_ago = time.time() - 2 * mlflow_export.STALE
    os.utime(lab.journal.path, (long_ago, long_ago))
    trial = stored(mlflow_export.export(runs)["uri"])["t"]
    assert (trial["status"], trial["times"][1]) == ("KILLED", int(long_ago * 1000))
    (lab.folder / "heartbeat.json").write_text("{}")
    assert stored(mlflow_export.export(runs)["uri"])["t"]["status"] == "RUNNING"
    lab.end()
    assert stored(mlflow_export.export(runs)["uri"])["t"]["status"] == "FINISHED"


def test_a_trial_started_over_is_another_run(runs: Path):
    lab = Lab(runs, "t").rows(0, 4).end()
    uri = mlflow_export.export(runs)["uri"]
    shutil.rmtree(lab.folder)
    time.sleep(0.01)
    Lab(runs, "t").rows(0, 2).end()
    assert mlflow_export.export(runs)["new"] == 1
    client = client_of(uri)
    found = client.search_runs([client.get_experiment_by_name("papers/tiny").experiment_id])
    assert sorted(run.data.tags[mlflow_export.ROWS] for run in found) == ["2", "4"]


def test_other_parameters_under_the_same_identity_are_a_problem(runs: Path):
    path = Lab(runs, "t").rows(0, 1).end().journal.path
    Lab(runs, "u", 1).rows(0, 1).end()
    mlflow_export.export(runs)
    lines = [journal.decode(line) for line in path.read_bytes().splitlines()]
    lines[0]["spec"]["config"]["lr"] = 0.2
    path.write_bytes(b"".join(journal.encode(line) for line in lines))
    report = mlflow_export.export(runs)
    assert report["trials"] == 1
    assert report["problems"] == [
        "trial t: parameter lr is 0.1 in MLflow, 0.2 in the journal",
    ]


# -- damage -------------------------------------------------------------------------------------


def test_a_damaged_line_is_reported_and_the_others_go_on(runs: Path):
    Lab(runs, "t0").rows(0, 3).end()
    bad = Lab(runs, "t1", 1).rows(0, 3).end().journal.path
    content = bad.read_bytes()
    bad.write_bytes(content.replace(b'"accuracy": 0.1', b'"accuracy": 0.9'))
    report = mlflow_export.export(runs)
    assert report["trials"] == 1
    assert len(report["problems"]) == 1
    assert str(bad) in report["problems"][0]
    assert "line 3" in report["problems"][0]
    assert set(stored(report["uri"])) == {"t0"}


def test_a_cut_last_line_costs_only_itself(runs: Path):
    path = Lab(runs, "t").rows(0, 3).journal.path
    path.write_bytes(path.read_bytes()[:-9])
    results, problems = journal.read_all(runs)
    assert problems == []
    assert [len(result.rows) for result in results] == [2]
    assert mlflow_export.export(runs)["rows"] == 2


def test_an_empty_journal_and_a_foreign_line_are_named(runs: Path):
    (runs / "a").mkdir()
    (runs / "a" / journal.NAME).touch()
    (runs / "b").mkdir()
    (runs / "b" / journal.NAME).write_bytes(journal.encode({"kind": "start", "time": 0}))
    results, problems = journal.read_all(runs)
    assert results == []
    assert [("no trial" in line, "no field" in line) for line in problems] == [
        (True, False),
        (False, True),
    ]


def test_copies_that_mlflow_keeps_are_no_trials(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    mlflow_export.export(runs)
    assert len(list(runs.rglob(journal.NAME))) == 2
    assert len(journal.find(runs)) == 1
    assert len(journal.read_all(runs)[0]) == 1


# -- processes and servers ----------------------------------------------------------------------


def test_sync_says_where_to_look(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    line = mlflow_process.sync(runs)
    assert line == (
        f"MLflow: 1 trials (1 new); look: mlflow ui --backend-store-uri sqlite:///{runs}/mlflow.db"
    )
    assert set(stored(mlflow_export.address(runs))) == {"t"}


def assert_safe(line: str, runs: Path) -> None:
    assert "is not up to date" in line
    assert f"safe in the journals below {runs}" in line
    assert line.endswith(f"try again: python -m harness.record {runs}")
    assert "\n" not in line


def test_a_server_that_is_down_costs_little(runs: Path, monkeypatch: pytest.MonkeyPatch):
    Lab(runs, "t").rows(0, 1).end()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    begin = time.monotonic()
    line = mlflow_process.sync(runs, timeout=30)
    assert time.monotonic() - begin < 32
    assert_safe(line, runs)


def test_a_server_that_never_answers_costs_the_bound(runs: Path, monkeypatch):
    Lab(runs, "t").rows(0, 1).end()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        line = mlflow_process.sync(runs, timeout=4)
        assert time.monotonic() - begin < 7
    assert_safe(line, runs)
    assert "no answer within 4 s" in line
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert mlflow_export.export(runs)["new"] == 1, "the lock outlived its importer"


def test_no_process_outlives_its_bound(tmp_path: Path):
    mark = tmp_path / "alive"
    script = f"(sleep 1.5; touch {mark}) & exit 0"  # the leader ends, its child holds the pipe
    assert mlflow_process._bounded(["bash", "-c", script], timeout=0.5) == (None, "")
    time.sleep(1.6)
    assert not mark.exists()


def test_two_importers_take_turns_or_leave(runs: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow_export, "PATIENCE", 0.2)
    with mlflow_export._alone(runs), pytest.raises(TimeoutError, match="another importer"):
        mlflow_export.export(runs)


WORKER = """
import json, sys
from pathlib import Path
from harness.record.journal import Journal
folder = Path(sys.argv[1]) / f"tiny/fit/seed0-{sys.argv[2]}"
folder.mkdir(parents=True)
log = Journal(folder)
log.append("start", spec=json.loads(sys.argv[3]), provenance={})
spent = {"steps": 1.0, "seconds": 1.0, "flops": 1.0}
for index in range(20):
    log.append("row", index=index, phase="", turn=index, values={"accuracy": 0.5}, **spent)
log.append("end", status="completed", stopped_by="length", error="", cost={})
log.close()
"""
EIGHT_EXPORTS = """
import os, sys
from pathlib import Path
from harness.record import mlflow_export
import mlflow
children = []
for _ in range(8):
    pid = os.fork()
    if not pid:
        report = mlflow_export.export(Path(sys.argv[1]))
        os._exit(0 if report["trials"] == 8 and not report["problems"] else 1)
    children.append(pid)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""


def test_eight_trials_then_eight_importers_at_once_on_a_fresh_folder(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    runs = tmp_path / "fresh"
    runs.mkdir()
    worker = [sys.executable, "-c", WORKER, str(runs)]
    workers = [
        subprocess.Popen([*worker, f"t{n}", json.dumps(spec_of(f"t{n}", n))], cwd=ROOT)
        for n in range(8)
    ]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 8
    command = [sys.executable, "-c", EIGHT_EXPORTS, str(runs)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    trials = stored(mlflow_export.address(runs))
    assert set(trials) == {f"t{number}" for number in range(8)}
    assert all(len(trial["metrics"]["accuracy"]) == 20 for trial in trials.values())
    assert not list(runs.glob("*.new"))


# -- tables -------------------------------------------------------------------------------------


def table_of(runs: Path) -> pd.DataFrame:
    return tables.frame(journal.read_all(runs)[0])


def test_one_row_a_replicate(tmp_path: Path):
    six(tmp_path)
    table = table_of(tmp_path)
    assert len(table) == 8
    metrics = ["accuracy", "genotype", "good", "loss"]
    assert list(table.columns) == [*tables.FIRST, *metrics, *tables.LAST]
    by_trial = table.set_index(["trial", "member"])
    stacked = by_trial.loc["t3"]
    assert list(stacked["accuracy"]) == [1.0, 2.0, 3.0]
    assert set(stacked["members"]) == {3}
    assert stacked["steps"].sum() == pytest.approx(40.0)
    first = by_trial.loc[("t0", 0)]
    assert first["accuracy"] == 0.3
    assert (first["steps"], first["seconds"], first["flops"]) == (40.0, 2.0, 400.0)
    assert first["config"] == '{"lr": 0.1, "retrain": {"epochs": 3}}'
    assert (first["data"], first["device"], first["commit"]) == ("digits", "Some CPU", "abc")
    assert by_trial.loc[("t4", 0), "genotype"] == "0123"
    assert by_trial.loc[("t4", 0), "good"] == 1.0
    assert by_trial.loc[("t1", 0), "error"] == "ValueError: no"
    running = by_trial.loc[("t5", 0)]
    assert (running["status"], running["finished"], running["steps"]) == ("running", "", 20.0)
    assert first["started"].endswith("+00:00")


def test_a_trial_without_rows_keeps_its_status(tmp_path: Path):
    Lab(tmp_path, "t").end("failed", "", "ImportError")
    Lab(tmp_path, "u", 1).rows(0, 1).end()
    table = table_of(tmp_path).set_index("trial")
    assert math.isnan(table.loc["t", "accuracy"])
    assert (table.loc["t", "status"], table.loc["t", "members"]) == ("failed", 0)


def test_a_metric_called_like_a_column_is_kept_beside_it(tmp_path: Path):
    Lab(tmp_path, "t").row(0, 1, error=0.25, steps=7).end()
    table = table_of(tmp_path)
    assert table[tables.column("error")].tolist() == [0.25]
    assert table[tables.column("steps")].tolist() == [7.0]
    assert table["error"].tolist() == [""]
    assert table["steps"].tolist() == [40.0]


def test_curves_have_a_line_for_every_row(tmp_path: Path):
    six(tmp_path)
    table = tables.curves(journal.read_all(tmp_path)[0])
    assert len(table) == 18
    assert list(table.columns)[: len(tables.CURVE)] == list(tables.CURVE)
    first = table[table["trial"] == "t0"]
    assert first["accuracy"].tolist() == [0.0, 0.1, 0.2, 0.3]
    assert first["steps"].tolist() == [10.0, 20.0, 30.0, 40.0]
    assert set(first["phase"]) == {"train"}


def test_a_missing_or_empty_file_is_a_table_without_rows(tmp_path: Path):
    (tmp_path / "empty.csv").touch()
    for name in ("missing.csv", "empty.csv"):
        table = tables.load(tmp_path / name)
        assert table.empty
        assert list(table.columns) == [*tables.FIRST, *tables.LAST]
    tables.store(table, tmp_path / "again.csv")
    pd.testing.assert_frame_equal(tables.load(tmp_path / "again.csv"), table)


def test_the_table_of_journals_survives_its_file(tmp_path: Path):
    six(tmp_path)
    table = tables.merge(tables.load(tmp_path / "none.csv"), table_of(tmp_path))
    tables.store(table, tmp_path / "reports" / "results.csv")
    pd.testing.assert_frame_equal(tables.load(tmp_path / "reports" / "results.csv"), table)


NUMBERS = st.floats() | st.integers(-(2**53), 2**53).map(float)
METRICS = st.dictionaries(st.sampled_from(["a", "b", "Z"]), NUMBERS | st.text(), max_size=3)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "trial": st.sampled_from(["t0", "t1", "t2"]),
            "member": st.integers(0, 2),
            "seed": st.integers(0, 2),
            "error": st.text(),
            "status": st.just("failed"),
            "dirty": st.booleans(),
            "steps": NUMBERS,
        }
    ).flatmap(lambda fixed: METRICS.map(lambda metrics: {**metrics, **fixed})),
    max_size=5,
)
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make(rows: list[dict]) -> pd.DataFrame:
    return tables._table(rows, tables.FIRST, tables.LAST)


@quick
@given(ROWS)
def test_a_table_comes_back_from_its_file(tmp_path: Path, rows: list[dict]):
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    table = make(rows)
    tables.store(table, first)
    back = tables.load(first)
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    tables.store(back, second)
    assert first.read_bytes() == second.read_bytes()


@quick
@given(ROWS, ROWS)
def test_a_merge_loses_nothing_and_local_wins(committed: list[dict], local: list[dict]):
    old, new = make(committed), make(local)
    both = tables.merge(old, new)
    keys = [tuple(key) for key in both[["trial", "member"]].itertuples(index=False)]
    assert set(keys) == {(row["trial"], row["member"]) for row in (*committed, *local)}
    assert len(set(keys)) == len(keys)
    latest = {(row["trial"], row["member"]): row["error"] for row in (*committed, *local)}
    assert dict(zip(keys, both["error"], strict=True)) == latest
    pd.testing.assert_frame_equal(tables.merge(old, both), both)
    pd.testing.assert_frame_equal(tables.merge(both, new), both)
    pd.testing.assert_frame_equal(tables.merge(both, both.sample(frac=1, random_state=0)), both)


def test_where_results_are_tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert mlflow_export.address(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://server")
    assert mlflow_export.address(tmp_path) == "http://server"
    assert mlflow_export.address(tmp_path, "sqlite:///x.db") == "sqlite:///x.db"


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys):
    assert mlflow_export.main([str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert mlflow_export.main([]) == 2


def test_importing_the_record_is_cheap():
    heavy = {"mlflow", "pandas", "torch"}
    code = f"import sys, harness.record.mlflow_export; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_an_importer_works_beside_the_trials_once_at_a_time(runs: Path):
    Lab(runs, "t").rows(0, 3).end()
    importer = mlflow_process.Importer(runs, every=0.0)
    importer.poll()
    child = importer._child
    assert child is not None
    importer.poll()
    assert importer._child is child, "a second one was started beside the first"
    assert child.wait(60) == 0
    assert set(stored(mlflow_export.address(runs))) == {"t"}
    importer.poll()
    assert importer._child is not child
    importer.close()
    assert importer._child.returncode is not None


def test_an_importer_waits_for_its_time(runs: Path):
    importer = mlflow_process.Importer(runs)
    importer.poll()
    assert importer._child is None
    importer.close()
