"""Journals -> MLflow; the only file that knows MLflow (`harness.record.tables` has the tables).

The journals on disk are the truth and MLflow is a view of them: the importer can stop anywhere,
come again and build everything anew. One importer works at a time on a folder of runs, and trials
never talk to MLflow. Each trial is one run, found again by the tags `harness.trial` and
`harness.started`; `harness.imported_rows` says how many of its rows are there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.record import journal, mlflow_values
from harness.record.journal import Result

DATABASE, LOCK = "mlflow.db", "mlflow.lock"
ROWS, FILES = "harness.imported_rows", "harness.imported_files"
BATCH, TEXTS = 900, 90  # MLflow takes 1000 entities a request, 100 of them parameters or tags
STATUS = {"completed": "FINISHED", "failed": "FAILED", "running": "RUNNING"}
STATUS |= {"stopped": "KILLED", "cut": "KILLED"}
STALE = 600.0  # seconds without a sign of life, after which a running trial counts as killed
PATIENCE = 300.0  # seconds to wait for another importer


class Differs(ValueError):
    """MLflow holds something else under the identity of a trial; it is left as it is."""


@dataclass(frozen=True)
class Store:
    """An open tracking store, and where its artifacts go (a server knows that itself)."""

    client: Any
    uri: str
    artifacts: Path | None


def address(runs: Path, uri: str | None = None) -> str:
    """Return where results are tracked: `uri`, else MLFLOW_TRACKING_URI, else a file in `runs`."""
    named = uri or os.environ.get("MLFLOW_TRACKING_URI")
    return named or f"sqlite:///{runs.resolve() / DATABASE}"


def export(runs: Path, uri: str | None = None) -> dict[str, Any]:
    """Bring all journals below `runs` into MLflow; what is there already is not sent again.

    Returns:
        uri, trials, new (runs made), rows (sent now) and problems (a line each).

    Raises:
        TimeoutError: another importer held the folder for too long.
        mlflow.exceptions.MlflowException: the store cannot be used at all.
    """
    with sole_importer(runs):
        results, problems = journal.read_all(runs)
        where = address(runs, uri)
        report: dict[str, Any] = {"uri": where, "trials": 0, "new": 0, "rows": 0}
        if results:
            store = open_store(runs, where)
            by_paper = sorted(results, key=lambda result: str(result.spec["paper"]))
            for paper, group in groupby(by_paper, lambda result: str(result.spec["paper"])):
                problems += _export_paper(store, f"papers/{paper}", list(group), report)
    return {**report, "problems": problems}


def main(arguments: Sequence[str]) -> int:
    """Import the journals of one folder; write the problems, then one line that sums up.

    Returns:
        0 when all is there, 1 when something was left out or nothing could be done, 2 when asked
        for otherwise.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m harness.record RUNS\n")
        return 2
    try:
        report = export(Path(arguments[0]))
    except OSError as error:  # no such folder, a full disk, or another importer at work
        sys.stderr.write(f"{error}\n")
        return 1
    problems, uri = report["problems"], report["uri"]
    look = uri if uri.startswith("http") else f"mlflow ui --backend-store-uri {uri}"
    line = f"MLflow: {report['trials']} trials ({report['new']} new); look: {look}"
    if problems:
        line += f"; {len(problems)} left out, the first: {problems[0]}"
    sys.stdout.write("".join(f"{text}\n" for text in (*problems, line)))
    return 1 if problems else 0


@contextmanager
def sole_importer(runs: Path) -> Iterator[None]:
    """Wait until no other importer works on this folder; the lock dies with its process."""
    with (runs / LOCK).open("a") as handle:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another importer holds {runs / LOCK}") from None
                time.sleep(0.1)
        yield


# -- the store ----------------------------------------------------------------------------------


def open_store(runs: Path, uri: str) -> Store:
    """Open the tracking store of an address; make the tables of a database that is not there."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    from mlflow import MlflowClient

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if uri.startswith("sqlite:///"):
        _make_schema(Path(uri.removeprefix("sqlite:///")), MlflowClient)
    artifacts = None if uri.startswith("http") else runs.resolve() / journal.COPIES
    return Store(MlflowClient(tracking_uri=uri), uri, artifacts)


def _make_schema(database: Path, client: Callable[..., Any]) -> None:
    """Make the tables beside and rename: an importer killed here leaves no half-made database."""
    if database.exists():
        return
    fresh = database.with_name(f"{database.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    client(tracking_uri=f"sqlite:///{fresh}").search_experiments(max_results=1)
    fresh.replace(database)


def _experiment(store: Store, name: str) -> str:
    found = store.client.get_experiment_by_name(name)
    if found is None:
        place = None if store.artifacts is None else (store.artifacts / name).as_uri()
        return str(store.client.create_experiment(name, artifact_location=place))
    if found.lifecycle_stage == "deleted":
        store.client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _known(store: Store, experiment: str) -> dict[tuple[str, str], Any]:
    """Return the runs that are there, by trial and by when it was started first."""
    runs: dict[tuple[str, str], Any] = {}
    token = None
    while True:
        page = store.client.search_runs([experiment], max_results=1000, page_token=token)
        for run in page:
            tags = run.data.tags
            runs[tags.get("harness.trial", ""), tags.get("harness.started", "")] = run
        token = page.token
        if not token:
            return runs


def _export_paper(
    store: Store, name: str, results: Sequence[Result], report: dict[str, Any]
) -> list[str]:
    """Bring the trials of one paper; return a line for each that MLflow or the disk refuses."""
    from mlflow.exceptions import MlflowException

    experiment = _experiment(store, name)
    known, problems = _known(store, experiment), []
    for result in results:
        run = known.get((result.trial, str(result.started)))
        try:
            report["rows"] += _export_trial(store.client, experiment, result, run)
        except (MlflowException, OSError, Differs) as error:
            problems.append(f"trial {result.trial}: {' '.join(str(error).split())}")
        else:
            report["trials"] += 1
            report["new"] += run is None
    return problems


# -- one trial ----------------------------------------------------------------------------------


def _export_trial(client: Any, experiment: str, result: Result, run: Any) -> int:
    spec = result.spec
    if run is None:
        run = client.create_run(
            experiment,
            start_time=int(result.started * 1000),
            tags={"harness.trial": result.trial, "harness.started": str(result.started)},
            run_name=f"{spec['experiment']} {spec['budget']} seed{spec['seed']}",
        )
    _send_texts(client, run, result)
    rows = _send_rows(client, run, result)
    _send_dataset(client, run, result)
    _send_files(client, run, result)
    _send_status(client, run, result)
    return rows


def _send_texts(client: Any, run: Any, result: Result) -> None:
    """Send the parameters, which never change, and those tags that did."""
    from mlflow.entities import Param, RunTag

    params = dict(mlflow_values.flatten(result.spec.get("config", {})))
    for key, value in run.data.params.items():
        if params.get(key, value) != value:
            raise Differs(f"parameter {key} is {value} in MLflow, {params[key]} in the journal")
    fresh = [Param(key, text) for key, text in params.items() if key not in run.data.params]
    tags = [
        RunTag(key, text)
        for key, text in mlflow_values.tags_of(result).items()
        if run.data.tags.get(key) != text
    ]
    for some in _chunks(fresh, TEXTS):
        client.log_batch(run.info.run_id, params=some)
    for some in _chunks(tags, TEXTS):
        client.log_batch(run.info.run_id, tags=some)


def _send_rows(client: Any, run: Any, result: Result) -> int:
    """Send the rows that are not there yet, in batches; each moves the mark behind its rows."""
    from mlflow.entities import Metric, RunTag

    begin = end = int(run.data.tags.get(ROWS, 0))
    batch: list[Any] = []

    def flush() -> None:
        chunks = _chunks(batch, BATCH)
        for number, some in enumerate(chunks, start=1):
            mark = [RunTag(ROWS, str(end))] if number == len(chunks) else []
            client.log_batch(run.info.run_id, metrics=some, tags=mark)
        batch.clear()

    for step, turn in mlflow_values.turns(result):
        upto = turn[-1]["index"] + 1
        if upto <= begin:
            continue
        metrics = [Metric(*point, step) for point in mlflow_values.points(turn, begin)]
        if len(batch) + len(metrics) > BATCH:
            flush()
        batch += metrics
        end = upto
    flush()
    return end - begin


def _send_dataset(client: Any, run: Any, result: Result) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    there = run.inputs.dataset_inputs if run.inputs else []
    if result.data and not there:
        name, digest = result.data["name"], result.data["hash"]
        source = json.dumps({"name": name, "hash": digest})
        dataset = Dataset(name, digest[: mlflow_values.LONGEST["digest"]], "harness", source)
        use = DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
        client.log_inputs(run.info.run_id, datasets=[use])


def _send_files(client: Any, run: Any, result: Result) -> None:
    """Copy the journal of a trial that has ended, its spec, and what it made."""
    made = sorted(path for path in result.artifacts.rglob("*") if path.is_file())
    own = [result.folder / "spec.json"]
    own += [result.folder / journal.NAME] if result.status != "running" else []
    files = [path for path in own if path.exists()] + made
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    mark = hashlib.sha256(json.dumps(stats).encode()).hexdigest()[:16]
    if not files or run.data.tags.get(FILES) == mark:
        return
    for path in files:
        below = path.parent.relative_to(result.folder).as_posix()
        client.log_artifact(run.info.run_id, str(path), None if below == "." else below)
    client.set_tag(run.info.run_id, FILES, mark)


def _send_status(client: Any, run: Any, result: Result) -> None:
    """Close the run as its trial ended; one without a sign of life is killed, or opened again."""
    status, seen = STATUS.get(result.status, "FAILED"), result.finished
    if status == "RUNNING":
        seen = mlflow_values.last_seen(result.folder)
        status = "KILLED" if time.time() - seen > STALE else status
    if status == "RUNNING":
        if run.info.status != status:
            client.update_run(run.info.run_id, status=status)
    elif (run.info.status, run.info.end_time) != (status, int(seen * 1000)):
        client.set_terminated(run.info.run_id, status, int(seen * 1000))


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[begin : begin + size] for begin in range(0, len(items), size)]
