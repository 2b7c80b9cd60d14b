"""The way into any tracking store through MLflow's own client; the only file that knows MLflow."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.record import mlflow_tables
from harness.record.mlflow_sqlite import Unusable, line_of
from harness.record.mlflow_trial import KIND, WHOLE, NotTaken, Run
from harness.record.mlflow_values import Point

ANSWER = 20.0  # seconds for a server to answer, with one more try
BYTES = 100_000.0  # a second, the slowest that a file may take
OWN = ("INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST")  # a trial's own fault
UNHEARD = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "8"}
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
READS = 1000  # runs a request
ADDRESSES = "it may begin with http, sqlite, postgresql, mysql or mssql"


def load() -> Any:
    """Return MLflow, without its telemetry; its modules outlive this process, so none is swept."""
    for name, text in {**QUIET, **UNHEARD}.items():
        os.environ.setdefault(name, text)
    swept = gc.isenabled()
    gc.disable()  # a fifth of the time
    try:
        import mlflow
        import mlflow.entities
    finally:
        if swept:
            gc.enable()
    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    return mlflow


def make_tables(path: Path, known: bool = True) -> None:
    """Make the tables elsewhere and move them: an importer killed here leaves no half of them.

    Where they are `known` beforehand it takes no MLflow.

    Raises:
        OSError: the database cannot be written.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.touch()  # refuses before the work
    memory = Path("/dev/shm")  # a hundred flushes that no disk needs to do
    place = str(memory) if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        made = Path(folder) / "mlflow.db"
        if not (known and mlflow_tables.make(made)):
            client = load().MlflowClient(tracking_uri=f"sqlite:///{made}")
            client.search_experiments(max_results=1)
        shutil.copyfile(made, fresh)
    fresh.replace(path)


class Hangs(Exception):
    """A server did not answer in time."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise Hangs in what takes longer, whatever it waits for."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise Hangs(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Client:
    """Any store, through MLflow's client; see `harness.record.mlflow_trial.Store`."""

    def __init__(self, uri: str, artifacts: Path | None) -> None:
        self._entities = load().entities
        self._uri, self._artifacts = uri, artifacts
        self._found: dict[str, list[Run]] = {}
        with self._asking():
            self._client = load().MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)

    @contextmanager
    def _asking(self, seconds: float | None = None) -> Iterator[None]:
        """Bound what is asked of the store; say in one line what it refuses or why it is no use.

        Raises:
            NotTaken: it does not take this trial.
            OSError: a file cannot be read or written.
            Unusable: it takes none.
        """
        from google.protobuf.json_format import Error as Garbled  # type: ignore[import-untyped]
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with bounded(seconds or ANSWER):
                yield
        except MlflowException as error:
            if getattr(error, "error_code", "") in OWN and self._found:
                raise NotTaken(line_of(error)) from error
            if "unsupported URI" in str(error):
                raise Unusable(f"MLflow has no store at such an address; {ADDRESSES}") from error
            raise Unusable(line_of(error)) from error
        except OSError as error:
            if error.filename is not None:
                raise
            raise Unusable(line_of(error)) from error
        except (Hangs, Garbled, SQLAlchemyError, ImportError) as error:  # no driver of a database
            raise Unusable(line_of(error)) from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise Unusable(f"it does not answer like MLflow ({line_of(error)})") from error

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, which is made where there is none."""
        place = None if self._artifacts is None else (self._artifacts / name).as_uri()
        with self._asking():
            found = self._client.get_experiment_by_name(name)
            if found is None:
                return str(self._client.create_experiment(name, place, tags=KIND))
            if found.lifecycle_stage == "deleted":
                self._client.restore_experiment(found.experiment_id)
            for key, value in KIND.items():
                if key not in found.tags:
                    self._client.set_experiment_tag(found.experiment_id, key, value)
            there = Path(unquote(urlsplit(found.artifact_location).path)).parents[1]
        if place and found.artifact_location != place and not there.exists():
            raise Unusable(
                f"the files of {name} are kept in {there}, which is gone (was the folder moved?); "
                "put it back, or use another store"
            )
        return str(found.experiment_id)

    def marks(self) -> set[str]:
        """Return what the files of all trials looked like that are there as a whole."""
        with self._asking():
            some = self._client.search_experiments(filter_string="name LIKE 'papers/%'")
        return {
            run.tags[WHOLE]
            for experiment in some
            for run in self.runs(experiment.experiment_id)
            if WHOLE in run.tags
        }

    def runs(self, experiment: str) -> Iterable[Run]:
        """Return the runs of an experiment, without those that were deleted."""
        if experiment in self._found:
            return self._found[experiment]
        runs, token = [], None
        while True:
            with self._asking():
                page = self._client.search_runs([experiment], max_results=READS, page_token=token)
            runs += [_run(found) for found in page]
            token = page.token
            if not token:
                return self._found.setdefault(experiment, runs)

    def create(self, experiment: str, name: str, started: int, tags: Mapping[str, str]) -> Run:
        """Make a run; the time is in milliseconds."""
        with self._asking():
            return _run(self._client.create_run(experiment, started, dict(tags), name))

    def log(
        self,
        run: Run,
        params: Mapping[str, str],
        points: Sequence[Point],
        tags: Mapping[str, str],
    ) -> None:
        """Add parameters, points and tags; what is there already stays."""
        make = self._entities
        with self._asking():
            self._client.log_batch(
                run.id,
                [make.Metric(*point) for point in points],
                [make.Param(*param) for param in params.items()],
                [make.RunTag(*tag) for tag in tags.items()],
            )

    def use(self, run: Run, name: str, digest: str, source: str) -> None:
        """Say on which data a run trained."""
        make = self._entities
        dataset = make.Dataset(name, digest, "harness", source)
        use = make.DatasetInput(dataset, [make.InputTag("mlflow.data.context", "training")])
        with self._asking():
            self._client.log_inputs(run.id, datasets=[use])

    def copy(self, run: Run, path: Path, below: str) -> None:
        """Keep a copy of a file in a folder of the run's artifacts."""
        with self._asking(ANSWER + path.stat().st_size / BYTES):
            self._client.log_artifact(run.id, str(path), below or None)

    def write(self, run: Run, text: str, name: str) -> None:
        """Keep a text as an artifact."""
        with self._asking(ANSWER + len(text) / BYTES):
            self._client.log_text(run.id, text, name)

    def close(self, run: Run, status: str, ended: int | None) -> None:
        """Say how a run stands, and when it ended if it did."""
        with self._asking():
            if ended is None:
                self._client.update_run(run.id, status=status)
            else:
                self._client.set_terminated(run.id, status, ended)


def _run(found: Any) -> Run:
    datasets = len(found.inputs.dataset_inputs) if found.inputs else 0
    info, data = found.info, found.data
    return Run(info.run_id, info.status, info.end_time, data.params, data.tags, datasets)


def main() -> None:
    """Write down anew the tables that the installed MLflow makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        make_tables(path, known=False)
        mlflow_tables.KEPT.write_text(mlflow_tables.described(path), encoding="utf-8")


if __name__ == "__main__":
    main()
