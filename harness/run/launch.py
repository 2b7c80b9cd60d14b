"""Where trials run: this machine's processes and GPU slots.

Every trial runs in a worker process from its folder alone, and tells how far it is through files
in that folder; so the watching process needs no channel to it, and a worker that dies takes one
attempt with it and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.queues import Queue
from pathlib import Path

from harness.paper import Refused
from harness.plan.processor import NATIVE
from harness.run import lifeline, stop, streams
from harness.run.isa import instructions
from harness.run.lifeline import PATIENCE
from harness.run.runner import Outcome, execute
from harness.trial import Pace

LAUNCHERS = ("local", "slurm", "ray")
POLL = 0.25
CLUSTER_JOBS = 64
DIED = "its worker process died twice (killed, or out of memory)"
KILLED = 5.0  # seconds until what was killed is gone
COUNTING = 60  # seconds that torch gets to count GPUs, also when this process dies meanwhile


@dataclass(frozen=True)
class Machine:
    """How many trials run at once, with how many threads each, on which GPUs.

    `isa` is the name of the instruction set that was asked for.
    """

    jobs: int
    threads: int = 1
    gpus: tuple[str, ...] = ()
    isa: str = NATIVE

    @property
    def slots(self) -> list[str]:
        """What each worker sees in CUDA_VISIBLE_DEVICES; empty text on a CPU."""
        return [self.gpus[job % len(self.gpus)] if self.gpus else "" for job in range(self.jobs)]


def machine(
    device: str,
    jobs: int | None,
    threads: int = 1,
    launcher: str = "local",
    isa: str = NATIVE,
) -> tuple[str, Machine]:
    """Resolve 'auto', and choose a number of jobs that shares cores or GPUs.

    On a cluster other machines do the work: 'auto' is their CPUs, and 'cuda' is believed.

    Raises:
        Refused: a GPU is asked for and there is none.
    """
    if launcher != "local":
        kind = "cuda" if device == "cuda" else "cpu"
        theirs = ("0",) if kind == "cuda" else ()
        return kind, Machine(jobs or CLUSTER_JOBS, threads, theirs, isa)
    gpus = find_gpus() if device in ("auto", "cuda") else ()
    if device == "cuda" and not gpus:
        raise Refused("--device cuda: no usable GPU on this machine; did you mean 'cpu'?")
    if gpus:
        return "cuda", Machine(jobs or len(gpus), threads, gpus, isa)
    return "cpu", Machine(jobs or max(1, (os.cpu_count() or 1) // threads), threads, isa=isa)


def find_gpus() -> tuple[str, ...]:
    """Return the indices of the GPUs that torch can use; asks torch only beside a driver.

    Raises:
        Refused: the driver does not answer.
    """
    if shutil.which("nvidia-smi") is None:
        return ()
    limit = f"import signal; signal.alarm({COUNTING}); "
    question = f"{limit}import torch; print(torch.cuda.device_count())"
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=False
    )
    if answer.returncode == -signal.SIGALRM:
        why = f"the driver did not count its GPUs within {COUNTING} s"
        raise Refused(f"--device: {why}; without them: --device cpu")
    count = int(answer.stdout.strip() or 0) if answer.returncode == 0 else 0
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = shown.split(",") if shown else [str(index) for index in range(count)]
    return tuple(names[:count])


def run(
    folders: Sequence[Path], host: Machine, pace: Pace, watch: Callable[[], None]
) -> dict[Path, Outcome]:
    """Run all trials, longest first as given, and call `watch` about four times a second.

    Raises:
        KeyboardInterrupt: asked to stop; the workers have saved.
    """
    outcomes: dict[Path, Outcome] = {}
    while waiting := [folder for folder in folders if folder not in outcomes]:
        for suspect in _pool(waiting, host, pace, outcomes, watch):
            # a dead worker takes its neighbours along: each tries again, alone
            if _pool([suspect], replace(host, jobs=1), pace, outcomes, watch):
                outcomes[suspect] = Outcome("failed", DIED)
    return outcomes


def _pool(
    folders: Sequence[Path],
    host: Machine,
    pace: Pace,
    outcomes: dict[Path, Outcome],
    watch: Callable[[], None],
) -> list[Path]:
    """Run trials in one pool of workers; return those that were running when a worker died."""
    context = multiprocessing.get_context("spawn")
    with stop.deferred():  # it starts a helper, which would die with a terminal
        _start_tracker()
        slots: Queue[str] = context.Queue()
    for slot in host.slots:
        slots.put(slot)
    with (
        instructions(host.isa),
        ProcessPoolExecutor(host.jobs, context, _begin, (slots, host.threads)) as pool,
    ):

        def start(folder: Path) -> Future[Outcome]:
            with stop.deferred():  # it starts a process; the slots have started their helper
                return pool.submit(execute, folder, pace)

        try:
            return follow(start, folders, host.jobs, outcomes, watch)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _stop_workers()
            raise


def _start_tracker() -> None:
    """Start Python's helper that clears up queues, and let it do so without a word.

    When a command is stopped it finds queues that are still there, or just gone, and warns of
    each: nobody can do anything about that.
    """
    quiet = "ignore:resource_tracker:UserWarning"
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = f"{before},{quiet}" if before else quiet
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def follow(
    start: Callable[[Path], Future[Outcome]],
    folders: Sequence[Path],
    workers: int,
    outcomes: dict[Path, Outcome],
    watch: Callable[[], None],
) -> list[Path]:
    """Keep every worker busy; never queue ahead, so that what a dead worker ran is known."""
    waiting, running = list(folders), dict[Future[Outcome], Path]()
    while waiting or running:
        while waiting and len(running) < workers:
            try:
                running[start(waiting[0])] = waiting[0]
            except BrokenProcessPool:  # a worker died since the last look
                return list(running.values())
            waiting.pop(0)
        done, _ = wait(running, timeout=POLL, return_when=FIRST_COMPLETED)
        watch()
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            return list(running.values())
        for future in done:
            outcomes[running.pop(future)] = _outcome(future)
    return []


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if isinstance(error, Refused):
        return Outcome("refused", str(error))
    if error is not None:  # it failed before its experiment began: the others go on
        return Outcome("failed", f"{type(error).__name__}: {error}")
    return future.result()


def _begin(slots: Queue[str], threads: int) -> None:
    """Set a worker up before it imports anything heavy."""
    stop.as_worker()
    lifeline.hold()
    streams.prepare()
    slot = slots.get()
    if slot:
        os.environ["CUDA_VISIBLE_DEVICES"] = slot
    limit_threads(threads)


def limit_threads(threads: int) -> None:
    """Give numerical libraries this many threads; they read it when they load."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)


def _stop_workers() -> None:
    """Ask every worker to save and leave; kill what does not within the patience."""
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    end = time.monotonic() + PATIENCE
    for child in children:
        child.join(max(0.0, end - time.monotonic()))
        if child.is_alive():
            child.kill()
    # the pool's own thread may be the one to reap a child: it counts as alive until that is noted
    end = time.monotonic() + KILLED
    while any(child.is_alive() for child in children) and time.monotonic() < end:
        time.sleep(0.01)
