"""Trials as tasks of Ray: on the cluster of RAY_ADDRESS, or on one of this machine alone."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from harness.paper import Refused
from harness.run import stop
from harness.run.cluster import Gone, Work, missing
from harness.run.launch import POLL, Machine, find_gpus
from harness.run.lifeline import PATIENCE
from harness.run.ray.driver import ENDED, LOADED, LOG, LOST, READY, REFUSED, Job, drive, lacking
from harness.run.runner import Outcome
from harness.trial import Pace

ADDRESS = "RAY_ADDRESS"
SHORT = Path("/tmp")  # sockets have short names, and a user's own folder for such files may not
LOADING = 60.0  # seconds until Ray's package is loaded, on a busy machine too
ANSWERS = 15.0  # seconds until a cluster answers ...
STARTS = 60.0  # ... or has started here
SILENT = 120.0  # seconds; Ray itself gives a cluster's head 60 to come back
LEAVES = 10.0  # seconds that Ray gets to end what it started


def launcher() -> Callable[..., dict[Path, Outcome]]:
    """Return what runs trials on Ray.

    Raises:
        Refused: the extra is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise Refused(missing("ray", "ray"))
    return run


def run(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Callable[[], None]
) -> dict[Path, Outcome]:
    """Run the trials as tasks of Ray, at most `host.jobs` at once, longest first as given.

    Raises:
        Refused: no cluster answers, or none of its nodes has what a trial needs.
        Gone: the cluster went away; each trial goes on from its last checkpoint.
        KeyboardInterrupt: asked to stop; the trials have saved.
    """
    ours = {folder.resolve(): folder for folder in folders}
    address = os.environ.get(ADDRESS, "")
    address = "" if address == "local" else address
    if not address:
        _check_here(host)
    outcomes: dict[Path, Outcome] = {}
    with _scratch() as scratch:
        job = Job(list(ours), host, Work(pace, host.threads, host.isa), address, scratch)
        with _driver(job) as link:
            link.connect(watch)
            for folder, outcome in link.ends(watch):
                outcomes[ours[folder]] = outcome
            if len(outcomes) < len(ours):
                raise Gone(f"{link.name} went away{link.last_words()}")
    return outcomes


def _check_here(host: Machine) -> None:
    """Refuse what this machine lacks before a cluster starts on it."""
    has = {"CPU": os.cpu_count() or 1, "GPU": len(find_gpus()) if host.gpus else 0}
    if lack := lacking([{"Alive": True, "Resources": has}], host):
        raise Refused(f"--launcher ray: {lack}{_instead(lack)}")


def _instead(lack: str) -> str:
    return "; did you mean '--device cpu'?" if "GPU" in lack.split(",")[0] else ""


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder for what Ray writes while it runs, which goes when it has ended."""
    parent = SHORT if SHORT.is_dir() else None
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@contextmanager
def _driver(job: Job) -> Iterator[Link]:
    """Start the process that talks to Ray; nothing that it started outlives the block."""
    context = multiprocessing.get_context("spawn")
    channel, theirs = context.Pipe()
    process = context.Process(target=drive, args=(theirs, job), name="ray")
    with stop.deferred():
        process.start()
    theirs.close()
    link = Link(process, channel, job)
    try:
        yield link
        link.leave()
    except KeyboardInterrupt:
        link.stop()
        raise
    finally:
        link.close()


class Link:
    """The process that talks to Ray, as its parent sees it: every wait for it is bounded."""

    def __init__(self, process: BaseProcess, channel: Connection, job: Job) -> None:
        self._process, self._channel, self._job = process, channel, job
        self._why = ""
        self.name = f"the Ray cluster at {job.address}" if job.address else "the Ray cluster"

    def connect(self, watch: Callable[[], None]) -> None:
        """Wait until the cluster is there and has what a trial needs.

        Raises:
            Refused: there is none, or it has not.
        """
        given = f"{ADDRESS}={self._job.address}" if self._job.address else "--launcher ray"
        loaded = self._next(LOADING, watch)
        if loaded is None or loaded[0] != LOADED:
            raise Refused(f"{given}: Ray cannot be loaded{self.last_words()}")
        limit = ANSWERS if self._job.address else STARTS
        told = self._next(limit, watch)
        if told is None and not self._job.address:
            raise Refused(f"{given}: no cluster started here in {STARTS:g} s{self.last_words()}")
        if told is None:
            raise Refused(
                f"{given}: no Ray cluster answers there within {limit:g} s, or this machine is "
                "none of its nodes (from outside: ray://HOST:10001); without it, Ray runs here"
            )
        if told[0] == REFUSED:
            raise Refused(f"{given}: {told[1]}{_instead(told[1])}")
        if told[0] != READY:
            raise Refused(f"{given}: unexpected answer {told[0]}")

    def ends(self, watch: Callable[[], None]) -> Iterator[tuple[Path, Outcome]]:
        """Yield how trials end; nothing more when the process has ended or is silent."""
        while (told := self._next(SILENT, watch)) is not None:
            if told[0] == ENDED:
                yield told[1], told[2]
            elif told[0] == LOST:
                self._why = f": {told[1]}"

    def last_words(self) -> str:
        """Return what was said last about why there is no cluster."""
        if self._why:
            return self._why
        path = self._job.scratch / LOG
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if "Failed" in line or "Error" in line] or lines
        return f": {telling[-1][:200]}" if telling else ""

    def stop(self) -> None:
        """Let all trials save and leave, and wait for that."""
        with suppress(OSError):  # it has ended
            self._channel.send("stop")
            end = time.monotonic() + PATIENCE + LEAVES
            while self._next(max(0.0, end - time.monotonic()), lambda: None) is not None:
                pass
        self.leave()

    def leave(self) -> None:
        """Let the process end what it started here."""
        self._process.join(LEAVES)

    def close(self) -> None:
        """End the process, and what it started here, where it has not ended by itself."""
        self._channel.close()
        self._process.kill()
        with suppress(ProcessLookupError):  # it leads the group of what Ray started for it
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.join(LEAVES)

    def _next(self, limit: float, watch: Callable[[], None]) -> tuple[Any, ...] | None:
        """Return what is told next; nothing when that takes too long or nobody is there."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            watch()
            try:
                if self._channel.poll(POLL):
                    told: tuple[Any, ...] = self._channel.recv()
                    return told
            except (EOFError, OSError):
                return None
        return None
