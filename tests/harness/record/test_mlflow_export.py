"""Journals into MLflow: nothing lost, nothing twice, whoever imports at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.record import journal, mlflow_export
from harness.record.mlflow_trial import ROWS, WHOLE
from tests.lab.journals import Lab, six
from tests.lab.tracking import client_of, stored, values

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


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
    assert once["t0"]["own"] == {
        **{"mlflow.runName": "fit/mlp smoke seed0", "mlflow.user": runs.owner()},
        **{"mlflow.source.name": "papers/tiny", "mlflow.source.type": "LOCAL"},
    }
    for uri in (first["uri"], again["uri"]):
        experiment = client_of(uri).get_experiment_by_name("papers/tiny")
        assert experiment.tags == {"mlflow.experimentKind": "custom_model_development"}
        assert experiment.artifact_location == (runs / "mlartifacts/papers/tiny").as_uri()


def test_times_come_from_the_journal(runs: Path):
    lab = Lab(runs, "t").rows(0, 2).end()
    result = journal.read(lab.folder)
    trial = stored(mlflow_export.export(runs)["uri"])["t"]
    assert trial["times"] == (int(result.started * 1000), int(result.finished * 1000))
    stamps = [stamp for _, stamp, _ in trial["metrics"]["accuracy"]]
    assert stamps == [int(row["time"] * 1000) for row in result.rows]


def test_members_are_a_mean_its_spread_and_a_table(runs: Path):
    six(runs)
    uri = mlflow_export.export(runs)["uri"]
    trial = stored(uri)["t3"]
    assert set(trial["metrics"]) == {
        *("accuracy", "spread/accuracy.sd", "spread/accuracy.min", "spread/accuracy.max"),
        *("budget/steps", "budget/seconds", "budget/flops"),
    }
    assert values(trial, "accuracy") == [(1, 1.0), (2, 2.0)]
    assert values(trial, "spread/accuracy.max") == [(1, 2.0), (2, 3.0)]
    assert trial["latest"]["accuracy"] == "2.0"
    assert values(trial, "budget/flops") == [(1, 100.0), (2, 200.0)]
    assert trial["files"] == ["journal.jsonl", "members.csv"]
    (table,) = runs.glob("mlartifacts/papers/tiny/*/artifacts/members.csv")
    assert table.read_text().splitlines()[:2] == [
        "phase,turn,steps,seconds,flops,member,accuracy",
        "train,1,10.0,0.5,100.0,0,0.0",
    ]


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
    client.set_tag(run.info.run_id, ROWS, "2")  # rows 2 to 4 are there, unmarked
    client.delete_tag(run.info.run_id, WHOLE)
    assert mlflow_export.export(runs)["rows"] == 3
    assert stored(uri) == before


def test_more_metrics_than_one_request_takes(runs: Path):
    lab = Lab(runs, "t")
    for index in range(130):
        lab.row(index, index + 1, **{f"m{k}": float(index) for k in range(17)})
    lab.end()
    trial = stored(mlflow_export.export(runs)["uri"])["t"]
    assert len(trial["metrics"]) == 20
    assert all(len(points) == 130 for points in trial["metrics"].values())
    assert trial["tags"][ROWS] == "130"


def test_a_trial_runs_while_its_lock_is_held_whatever_the_clocks_say(runs: Path):
    lab = Lab(runs, "t").rows(0, 1).held()
    long_ago = time.time() - 1e9
    os.utime(lab.journal.path, (long_ago, long_ago))
    assert stored(mlflow_export.export(runs)["uri"])["t"]["status"] == "RUNNING"
    lab.free()
    os.utime(lab.journal.path, (long_ago, long_ago + 2e9))
    assert stored(mlflow_export.export(runs)["uri"])["t"]["status"] == "KILLED"
    lab.held()
    assert stored(mlflow_export.export(runs)["uri"])["t"]["status"] == "RUNNING"
    lab.free().end()
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
    assert sorted(run.data.tags[ROWS] for run in found) == ["2", "4"]


def test_other_parameters_under_the_same_identity_are_a_problem(runs: Path):
    path = Lab(runs, "t").rows(0, 1).end().journal.path
    Lab(runs, "u", 1).rows(0, 1).end()
    mlflow_export.export(runs)
    lines = list(journal.entries(path))
    lines[0]["spec"]["config"]["lr"] = 0.2
    path.unlink()
    book = journal.Journal(path.parent)
    for line in lines:
        book.append(line.pop("kind"), **line)
    book.close()
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


def test_copies_that_mlflow_keeps_are_no_trials(runs: Path):
    Lab(runs, "t").rows(0, 1).end()
    mlflow_export.export(runs)
    assert len(list(runs.rglob(journal.NAME))) == 2
    assert len(journal.find(runs)) == 1
    assert len(journal.read_all(runs)[0]) == 1


# -- processes and servers ----------------------------------------------------------------------


def test_two_importers_take_turns_or_leave(runs: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow_export, "PATIENCE", 0.2)
    with mlflow_export.sole_importer(runs), pytest.raises(TimeoutError, match="another importer"):
        mlflow_export.export(runs)


FOUR_EXPORTS = """
import os, sys
from pathlib import Path
from harness.record import mlflow_export
import mlflow
children = []
for _ in range(4):
    pid = os.fork()
    if not pid:
        report = mlflow_export.export(Path(sys.argv[1]))
        os._exit(0 if report["trials"] == 8 and not report["problems"] else 1)
    children.append(pid)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""


def test_eight_trials_and_four_importers_at_once_on_a_fresh_folder(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for number in range(8):
        Lab(tmp_path, f"t{number}", number).rows(0, 20).end()
    command = [sys.executable, "-c", FOUR_EXPORTS, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    trials = stored(mlflow_export.address(tmp_path))
    assert set(trials) == {f"t{number}" for number in range(8)}
    assert all(len(trial["metrics"]["accuracy"]) == 20 for trial in trials.values())
    assert not list(tmp_path.glob("*.new"))


def test_where_results_are_tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert mlflow_export.address(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://server")
    assert mlflow_export.address(tmp_path) == "http://server"
    assert mlflow_export.address(tmp_path, "sqlite:///x.db") == "sqlite:///x.db"


def test_what_is_no_folder_of_runs_is_one_line(tmp_path: Path, capsys):
    assert mlflow_export.main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/nowhere: no such folder\n"
    (tmp_path / "file").touch()
    assert mlflow_export.main([str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/file: not a directory\n"
    assert mlflow_export.main([]) == 2


def test_importing_the_record_is_cheap():
    heavy = {"mlflow", "pandas", "torch"}
    code = f"import sys, harness.record.mlflow_process; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
