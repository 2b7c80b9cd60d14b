"""What our lab chose for one run of an experiment, and how that run survives a crash.

A trial owns the seed, the device, its folder, the meter and the checkpoint. Papers register
everything that has state with `restore`; the trial saves it at turn boundaries, on time and when
asked to stop, together with the meter and the number of rows that the journal then held.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from harness.meter import Interrupted, Meter
from harness.paper import Refused

CHECKPOINT, PREVIOUS = "checkpoint.bin", "checkpoint.previous.bin"
PLAIN = (dict, list, random.Random)  # what has state without a method of ours
DIGEST = hashlib.sha256().digest_size


@dataclass
class Tools:
    """What the trial needs from torch, injected: how to write, read and seed."""

    save: Callable[[Any, BinaryIO], None]
    load: Callable[[BinaryIO], Any]
    random_state: Callable[[], Any] = field(default=lambda: None)
    set_random_state: Callable[[Any], None] = field(default=lambda state: None)


@dataclass
class Pace:
    """When the trial saves and tells how far it is, in seconds between two of each.

    `stop_after` makes it stop by itself after that many turns, as if it had been asked to: how the
    contract interrupts a trial at a point that it chose.
    """

    checkpoint: float = 30.0
    heartbeat: float = 0.25
    stop_after: int | None = None


def stream(seed: int, *names: str | int) -> int:
    """Return the seed of a named random stream, independent of every other name's."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


class Lines(Protocol):
    """Where a trial writes what it measures: its journal, in the trial's own folder."""

    @property
    def folder(self) -> Path:
        """The trial's folder."""

    def append(self, kind: str, **content: Any) -> None:
        """Append one line of a kind: a row, a note, the data that is used."""

    def sync(self) -> None:
        """Flush to the disk."""

    def close(self) -> None:
        """Flush to the disk and close."""


class Trial:
    """Seed, device, folders, meter; save and restore."""

    def __init__(
        self, journal: Lines, meter: Meter, tools: Tools, seed: int = 0, device: str = "cpu"
    ) -> None:
        self.folder, self.meter, self.seed, self.device = journal.folder, meter, seed, device
        self.pace = Pace()
        self.journal = journal
        self.rows = 0
        self.stop_requested = False
        self.on_heartbeat: Callable[[], None] = lambda: None
        self._tools = tools
        self._stateful: dict[str, Any] = {}
        self._checkpoint = self._read_checkpoint()
        self._resumed = False
        self._until = ""  # the phase of the checkpoint, until a resumed experiment is there again
        self._turns_done = 0
        self._saved_at = self._beat_at = time.monotonic()
        meter.on_turn, meter.on_skip = self._turn, self._skipped

    # -- what a paper calls ---------------------------------------------------------------------

    def stream(self, *names: str | int) -> int:
        """Return the seed of a random stream of this trial: `trial.stream("init", member)`."""
        return stream(self.seed, *names)

    @property
    def artifacts(self) -> Path:
        """The folder for what the experiment makes: genotypes, checkpoints, arrays."""
        path = self.folder / "artifacts"
        path.mkdir(exist_ok=True)
        return path

    def uses(self, dataset: str, digest: str) -> None:
        """Record which data the trial trains on, by name and hash."""
        self.journal.append("data", name=dataset, hash=digest)

    def restore(self, **stateful: Any) -> None:
        """Register what has state; load it when a checkpoint of this trial exists.

        Each object has state_dict/load_state_dict (modules, optimisers, samplers) or
        get_state/set_state (generators), or is a dict, a list or a `random.Random`: those get
        their contents back in place. What a dict or a list holds must be numbers, text, tensors
        (which come back on the CPU) and plain containers of them. Call it before the first
        `meter.steps`; a later phase that has models of its own may register them under the names
        of an earlier one's.

        Raises:
            Refused: an object is none of these.
        """
        for name, item in stateful.items():
            pair = hasattr(item, "state_dict") or hasattr(item, "get_state")
            if not pair and not isinstance(item, PLAIN):
                kind = type(item).__name__
                raise Refused(
                    f"restore({name}={kind}): has neither state_dict nor get_state, and is no "
                    "dict, list or random.Random"
                )
        self._stateful.update(stateful)
        if self._checkpoint is None:
            return
        for name in stateful:
            if name in self._checkpoint["states"]:  # once: a later phase reuses the name
                _load(stateful[name], self._checkpoint["states"].pop(name))
        if not self._resumed:
            self.meter.load_state_dict(self._checkpoint["meter"])
            self._tools.set_random_state(self._checkpoint["random"])
            self._until = self._checkpoint["phase"]
            self._mark_rows(self._checkpoint["rows"])

    # -- what the runner calls ------------------------------------------------------------------

    def append(self, values: Mapping[str, Any]) -> None:
        """Stamp a row with phase, turn, steps, seconds and FLOPs, and write it.

        Raises:
            Refused: the trial has a checkpoint, and the row comes before `restore`.
        """
        if not self._resumed and self._checkpoint is not None:
            raise Refused("a row came before restore(): it would be written twice; restore first")
        if not self._resumed:
            self._mark_rows(0)
        if self._told_before():
            return  # the journal has it
        self._until = ""
        ledger = self.meter.ledgers.get(self.meter.phase)
        spent = {name: self.meter.spent(name) for name in ("steps", "seconds", "flops")}
        self.journal.append(
            "row",
            index=self.rows,
            phase=self.meter.phase,
            turn=0 if ledger is None else ledger.turns,
            values=dict(values),
            **spent,
        )
        self.rows += 1

    def save(self) -> None:
        """Write a checkpoint beside the last one, then rename: one good file at any moment."""
        content = {
            "meter": self.meter.state_dict(),
            "phase": self.meter.phase,
            "rows": self.rows,
            "random": self._tools.random_state(),
            "states": {name: _state(item) for name, item in self._stateful.items()},
        }
        buffer = io.BytesIO()
        self._tools.save(content, buffer)
        payload = buffer.getvalue()
        self.journal.sync()  # the rows that the checkpoint stands behind outlive a power cut too
        path, fresh = self.folder / CHECKPOINT, self.folder / f"{CHECKPOINT}.new"
        with fresh.open("wb") as handle:
            handle.write(hashlib.sha256(payload).digest() + payload)
            handle.flush()
            os.fsync(handle.fileno())
        if path.exists():
            path.replace(self.folder / PREVIOUS)
        fresh.replace(path)
        self._saved_at = time.monotonic()

    # -- inside ---------------------------------------------------------------------------------

    def _turn(self) -> None:
        now = time.monotonic()
        self._turns_done += 1
        if self.stop_requested or self._turns_done == self.pace.stop_after:
            if self._stateful:
                self.save()
            raise Interrupted(f"stopped on request at turn {self._turns()} of {self.meter.phase}")
        if now - self._saved_at >= self.pace.checkpoint and self._stateful:
            self.save()
        if now - self._beat_at >= self.pace.heartbeat:
            self._beat_at = now
            self.on_heartbeat()

    def _told_before(self) -> bool:
        """Whether a row comes again on the way to where the checkpoint was.

        It does before the first phase and in phases that had begun by then, other than the one
        that the checkpoint is of.
        """
        if self._checkpoint is None or self._until in ("", self.meter.phase):
            return False
        begun = self._checkpoint["meter"].get(self.meter.phase, {"turns": 0})["turns"]
        return self.meter.phase == "" or begun > 0

    def _skipped(self, phase: str) -> None:
        """Forget the models of a phase that had just ended when the checkpoint was saved.

        What was registered before the phases has taken its state by now; what follows is new.
        """
        if self._checkpoint is not None and self._checkpoint["phase"] == phase:
            self._checkpoint["states"].clear()
            self._until = ""

    def _turns(self) -> int:
        return self.meter.ledgers[self.meter.phase].turns

    def _mark_rows(self, rows: int) -> None:
        self._resumed, self.rows = True, rows
        self.journal.append("restored", rows=rows, seconds=self.meter.spent("seconds"))

    def _read_checkpoint(self) -> dict[str, Any] | None:
        for name in (CHECKPOINT, PREVIOUS):
            path = self.folder / name
            if not path.exists():
                continue
            content = path.read_bytes()
            if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
                self._skip(name, "is damaged")
                continue
            try:
                restored: dict[str, Any] = self._tools.load(io.BytesIO(content[DIGEST:]))
            except Exception as error:  # noqa: BLE001  (what a reader raises is its own affair)
                self._skip(name, f"cannot be read ({type(error).__name__}: {error})")
                continue
            return restored
        return None

    def _skip(self, name: str, why: str) -> None:
        then = "the one before it is used" if name == CHECKPOINT else "the trial starts over"
        if not (self.folder / PREVIOUS).exists():
            then = "the trial starts over"
        self.journal.append("note", text=f"{name} {why}; {then}")


def _state(item: Any) -> Any:
    if hasattr(item, "state_dict"):
        return item.state_dict()
    if isinstance(item, random.Random):
        return item.getstate()
    return item if isinstance(item, PLAIN) else item.get_state()


def _load(item: Any, state: Any) -> None:
    """Put a state back into an object, which stays the object that others hold."""
    if hasattr(item, "load_state_dict"):
        item.load_state_dict(state)
    elif isinstance(item, dict):
        item.clear()
        item.update(state)
    elif isinstance(item, list):
        item[:] = state
    elif isinstance(item, random.Random):
        item.setstate(state)
    else:
        item.set_state(state)
