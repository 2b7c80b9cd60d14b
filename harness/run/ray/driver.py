"""What talks to Ray: a process of its own, which Ray may end, hang or fill with chatter.

Ray ends a process whose cluster goes away, and waits minutes for one that never was. Who started
this process (see `harness.run.ray.launcher`) bounds its waits and outlives it. It is told three
things over a pipe: that the cluster answers, how each trial ended, and that this process is alive.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.run import home, lifeline, runner
from harness.run.cluster import Work
from harness.run.launch import DIED, POLL, Machine
from harness.run.lifeline import PATIENCE
from harness.run.runner import Outcome

# what is told; BEAT and LOADED alone, the others with a text, or a folder and its outcome
LOADED, READY, BEAT, ENDED, REFUSED, LOST = "loaded", "ready", "beat", "ended", "refused", "lost"
LOG = "driver.log"
LOOK = 5.0  # seconds between two looks at the cluster's nodes
NOTICED = 30.0  # seconds until Ray has noticed for certain that a node is lost
NOWHERE = 60.0  # seconds that trials wait for a node which could run them
STORE = 100 * 2**20  # bytes of shared memory: results are small, and journals are files
OUT_OF_MEMORY = "Ray ended it twice: the memory of its node was full"
PASSED_ON = "HARNESS_"  # what begins so in our environment holds on other machines too


@dataclass(frozen=True)
class Job:
    """What the driver is to do, and where: `address` is a cluster's, or empty for one of our own.

    `scratch` is a folder for what Ray and this process write meanwhile.
    """

    folders: Sequence[Path]
    host: Machine
    work: Work
    address: str
    scratch: Path


@dataclass(frozen=True)
class Setting:
    """What a trial finds on another machine as it does here: folder and environment."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> Setting:
        """Return those of this process."""
        chosen = {name: os.environ[name] for name in os.environ if name.startswith(PASSED_ON)}
        return cls(Path.cwd(), chosen)


def drive(channel: Connection, job: Job) -> None:
    """Run trials on Ray and tell how it goes: what the process does, from its beginning."""
    _withdraw(job.scratch)
    if not job.address:
        _guard()
    import ray

    channel.send((LOADED,))
    try:
        _connect(ray, job)
    except Exception as error:  # noqa: BLE001  (whatever Ray raises: nothing has begun)
        channel.send((REFUSED, f"{type(error).__name__}: {first_line(error)}"))
        return
    driver = Driver(ray, job, channel)
    lack = lacking(driver.nodes(), job.host)
    if lack:
        channel.send((REFUSED, lack))
    else:
        channel.send((READY,))
        driver.follow()
    ray.shutdown()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # else it reads the log, and tidies up
        shutil.rmtree(job.scratch, ignore_errors=True)


def _withdraw(scratch: Path) -> None:
    """Leave the terminal: its Ctrl-C is the parent's, and nobody reads what Ray prints."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with (scratch / LOG).open("ab") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)


def _guard() -> None:
    """Let a cluster of our own ask for a token that stands in no file, and report to nobody.

    Ray listens on all of the machine's addresses; it reads this when it is imported.
    """
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def _connect(ray: ModuleType, job: Job) -> None:
    """Join the cluster of the address, or start one that is ours alone."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if job.address:
        ray.init(address=job.address, **quiet)
        return
    ray.init(
        address="local",
        include_dashboard=False,
        object_store_memory=STORE,
        _temp_dir=str(job.scratch),
        **quiet,
    )


def perform(work: Work, folder: Path, setting: Setting) -> tuple[Outcome, str]:
    """Run a trial in a worker of Ray; return how it ended, and the node that it ran on."""
    import ray

    node = str(ray.get_runtime_context().get_node_id())
    os.environ |= setting.environment
    if not folder.is_dir():
        where = socket.gethostname()
        return Outcome("failed", f"{folder} is not on {where}: all nodes have to share it"), node
    os.chdir(setting.folder)
    lifeline.hold_to_parent()
    runner.asked_to_stop = False  # an earlier trial of this process may have been
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        return work(folder), node
    finally:
        signal.signal(signal.SIGTERM, before)


def lacking(nodes: Sequence[Mapping[str, Any]], host: Machine) -> str:
    """Say what a trial needs and no node has; nothing where one has all of it."""
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    needs = {"CPU": host.threads} | ({"GPU": 1} if host.gpus else {})
    if any(all(has.get(name, 0) >= need for name, need in needs.items()) for has in alive):
        return ""
    asked = " and ".join(f"{need:g} {name}" for name, need in needs.items())
    most = [f"{max((has.get(n, 0) for has in alive), default=0):g} {n}" for n in ("CPU", "GPU")]
    there = f"{len(alive)} node{'s' * (len(alive) != 1)}, at most {' and '.join(most)} on one"
    return f"no node has {asked}, which a trial needs; the cluster has {there}"


@dataclass(frozen=True)
class Doubt:
    """A trial whose end is no end yet: Ray may not have noticed that the node is lost.

    Without an outcome, another process has the trial still, and it is begun again until that ends.
    """

    folder: Path
    due: float
    outcome: Outcome | None = None
    node: str = ""


class Driver:
    """Keeps the cluster busy with at most `host.jobs` trials, and tells how each ended."""

    def __init__(self, ray: ModuleType, job: Job, channel: Connection) -> None:
        self._ray, self._job, self._channel = ray, job, channel
        options: dict[str, Any] = {
            "num_cpus": job.host.threads,
            "num_gpus": 1 if job.host.gpus else 0,
        }
        # Ray begins nothing again by itself: deaths are counted here
        options |= {"max_retries": 0, "scheduling_strategy": "SPREAD"}
        self._task: Any = ray.remote(**options)(perform)
        self._setting = Setting.here()
        self._waiting = list(job.folders)
        self._running: dict[Any, Path] = {}
        self._doubts: list[Doubt] = []
        self._deaths: Counter[Path] = Counter()
        self._seen: set[str] = set()
        self._alive: set[str] = set()
        self._looked = self._possible = time.monotonic()

    def nodes(self) -> list[dict[str, Any]]:
        """Return what Ray knows of its nodes, and note which are alive."""
        nodes: list[dict[str, Any]] = self._ray.nodes()
        self._alive = {node["NodeID"] for node in nodes if node["Alive"]}
        self._seen |= self._alive
        return nodes

    def follow(self) -> None:
        """Run all trials; stop them when told to, or when nobody listens any more."""
        while self._waiting or self._running or self._doubts:
            while self._waiting and len(self._running) < self._job.host.jobs:
                folder = self._waiting.pop(0)
                reference = self._task.remote(self._job.work, folder, self._setting)
                self._running[reference] = folder
            for reference in self._done():
                self._end(self._running.pop(reference), reference)
            self._reconsider()
            if self._told_to_stop() or self._nowhere():
                self._stop()
                return

    def _done(self) -> list[Any]:
        if not self._running:
            time.sleep(POLL)
            return []
        done, _ = self._ray.wait(list(self._running), timeout=POLL)
        return list(done)

    def _told_to_stop(self) -> bool:
        """Whether the parent says so; it says nothing else, and its end says the same."""
        try:
            self._channel.send((BEAT,))
            return self._channel.poll()
        except OSError:
            return True

    def _nowhere(self) -> bool:
        """Look at the nodes now and then; tell when none could run a trial for a while."""
        if time.monotonic() - self._looked < LOOK:
            return False
        lack = lacking(self.nodes(), self._job.host)
        self._looked = time.monotonic()
        if not lack:
            self._possible = self._looked
        if self._looked - self._possible < NOWHERE:
            return False
        self._channel.send((LOST, lack))
        return True

    def _end(self, folder: Path, reference: Any) -> None:
        """Take what a task returned: an end that is told, or one that is in doubt."""
        errors, now = self._ray.exceptions, time.monotonic()
        try:
            outcome, node = self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None) or error
            self._tell(folder, Outcome("failed", f"{type(cause).__name__}: {first_line(cause)}"))
        except errors.RayError as error:  # its worker is gone, or its node is
            self._deaths[folder] += 1
            full = isinstance(error, errors.OutOfMemoryError)
            outcome = Outcome("failed", OUT_OF_MEMORY if full else DIED)
            due = now + (NOTICED if self._deaths[folder] > 1 else 0.0)
            self._doubts.append(Doubt(folder, due, outcome))
        else:
            lost = self._deaths[folder] > 0 or node not in self._alive
            if outcome.status == "refused" and lost and home.held(folder) != home.NOBODY:
                self._doubts.append(Doubt(folder, now + LOOK))
            elif outcome.status == "stopped" and not home.stop_asked(folder):
                self._doubts.append(Doubt(folder, now + NOTICED, outcome, node))
            else:
                self._tell(folder, outcome)

    def _reconsider(self) -> None:
        """Tell the ends that stand; begin the other trials again, which lost worker or node."""
        now = time.monotonic()
        for doubt in list(self._doubts):
            left = doubt.node != "" and doubt.node not in self._alive
            if doubt.due > now and not left:
                continue
            self._doubts.remove(doubt)
            if doubt.outcome is not None and self._stands(doubt, doubt.outcome):
                self._tell(doubt.folder, doubt.outcome)
            else:
                self._deaths[doubt.folder] += left
                self._waiting.insert(0, doubt.folder)

    def _stands(self, doubt: Doubt, outcome: Outcome) -> bool:
        """Whether a trial is to blame itself: it was stopped, or it died more than nodes did."""
        if outcome.status == "stopped":
            return doubt.node in self._alive
        return self._deaths[doubt.folder] > 1 + len(self._seen - self._alive)

    def _tell(self, folder: Path, outcome: Outcome) -> None:
        self._channel.send((ENDED, folder, outcome))

    def _stop(self) -> None:
        """Let every trial save and leave, within the patience."""
        for reference in self._running:
            self._ray.cancel(reference)
        if self._running:
            everything = {"num_returns": len(self._running), "timeout": PATIENCE}
            self._ray.wait(list(self._running), **everything)


def first_line(error: BaseException) -> str:
    """Return the first line of an error that says something; Ray's have paragraphs."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else "no reason given"
