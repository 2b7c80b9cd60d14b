"""Hypernetworks that are kept: weights in a file, and beside it what they are and where from.

`NAME.pt` holds tensors alone, `NAME.json` how the network is built, what it was trained on with
which command, what it reaches on networks that it has never seen, and the hash of the weights. One
of ours goes by its name, any other by its file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from harness.paper import Refused, require
from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.space.draft import Frame

FOLDER = Path(__file__).parent / "weights"
LARGEST = 8_000_000  # bytes of a file that is kept here
TYPES = {"float32": torch.float32, "float16": torch.float16}


@dataclass(frozen=True)
class Facts:
    """What is told of a kept hypernetwork.

    `data` and `digest`: the inputs that it learned on; `accuracies`: means over unseen networks by
    split, fractions, measured on the weights as they are stored.
    """

    data: str
    digest: str
    budget: str
    command: str
    seed: int
    steps: int
    accuracies: Mapping[str, float] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True)
class Kept:
    """A hypernetwork, the frame of its inputs, and what is told of it."""

    name: str
    ghn: HyperNetwork
    frame: Frame
    facts: Facts


def names() -> tuple[str, ...]:
    """Return the names of those that are kept here."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json")))


def save(kept: Kept, folder: Path = FOLDER, stored: str = "float32") -> Path:
    """Write a hypernetwork and what is told of it; return the file of its weights.

    Raises:
        Refused: a type that is not stored, or a file that would be larger than 8 MB.
    """
    kind = TYPES[require(stored, TYPES, "stored")]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kept.name}.pt"
    torch.save(
        {name: value.to("cpu", kind) for name, value in kept.ghn.state_dict().items()}, file
    )
    if file.stat().st_size > LARGEST:
        size = file.stat().st_size
        file.unlink()
        raise Refused(f"{file.name}: {size:,} bytes; at most {LARGEST:,} are kept")
    told = {
        "name": kept.name,
        "sha256": _hash(file),
        "stored": stored,
        "hyper": asdict(kept.ghn.hyper),
        "frame": asdict(kept.frame),
        "facts": asdict(kept.facts),
    }
    text = json.dumps(told, indent=2, sort_keys=True) + "\n"
    file.with_suffix(".json").write_text(text, encoding="utf-8")
    return file


def load(asked: str) -> Kept:
    """Return a hypernetwork by its name, or by the path of its weights (FILE.pt).

    Raises:
        Refused: no such name or file; weights of another hash than is told; a text that is not of
            this kind.
    """
    file = Path(asked)
    if file.suffix != ".pt":
        file = FOLDER / f"{require(asked, names(), 'hypernetwork')}.pt"
    for needed in (file, file.with_suffix(".json")):
        if not needed.is_file():
            raise Refused(f"hypernetwork={asked}: there is no file {needed}")
    told = _told(file.with_suffix(".json"))
    if _hash(file) != told["sha256"]:
        raise Refused(
            f"hypernetwork={asked}: {file.name} is not the file that {file.stem}.json tells of: "
            f"its sha256 differs from {told['sha256'][:12]}..."
        )
    hyper = Hyper(**{**told["hyper"], "kernel": tuple(told["hyper"]["kernel"])})
    frame = Frame(**{**told["frame"], "size": tuple(told["frame"]["size"])})
    ghn = HyperNetwork(hyper)
    stored = torch.load(file, map_location="cpu", weights_only=True)
    ghn.load_state_dict({name: value.float() for name, value in stored.items()})
    return Kept(told["name"], ghn.eval(), frame, Facts(**told["facts"]))


def _told(file: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        kinds = {"hyper": Hyper, "frame": Frame, "facts": Facts}
        for key, kind in kinds.items():
            for name in told[key]:
                require(name, [each.name for each in fields(kind)], f"{file.name}: {key}:")
        return {**told, "sha256": str(told["sha256"]), "name": str(told["name"])}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise Refused(f"{file.name}: tells of no hypernetwork: {error}") from error


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
