"""A small package of definitions that lead to each other, and the digest of its run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from harness.plan.digest import Sources

ROOT = Path(__file__).resolve().parents[2]
METHOD = '''
"""The method."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy.linalg as la
from lab import parts, tables
from lab.parts import Model as Net, name

if TYPE_CHECKING:
    from lab.config import Config, Inner

SCALE = 2.0
COLOUR = "red"
LOW, HIGH = 0.0, 1.0
KNOWN = {}
KNOWN["adam"] = parts.adam


def run(config: Config, trial) -> object:
    """Tell the story."""
    model = Net(config.width)  # a net
    trial.restore(model=model)
    for turn in trial.meter.steps("train"):
        loss: float = parts.step(model, LOW) * SCALE
        yield {"loss": loss, "norm": la.norm(model.w)}
        yield {f"{name(turn)}: {turn!r:>{config.width}}": 1}
    yield {"kind": kind(model), "optimiser": KNOWN["adam"]}
    yield {"table": tables.TABLE, "even": even(4)}


@singledispatch
def kind(model):
    return "any"


@kind.register
def _net(model: Net):
    return "net"


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def shadowed(draw):
    drawn = [draw for draw in range(3)]
    return drawn


def draw():
    return COLOUR
'''.lstrip()
PARTS = '''
"""The parts."""

WIDTH = 3


class Model:
    def __init__(self, width):
        self.w = [width] * WIDTH


def step(model, low):
    from lab import shapes

    return shapes.area(low, WIDTH)


def name(turn):
    return str(turn)


def adam():
    return 0.9
'''.lstrip()
CONFIG = """
from dataclasses import dataclass

from lab.base import Base, Inner


@dataclass(frozen=True)
class Config(Base):
    width: int = 3
    inner: Inner = Inner()
""".lstrip()
BASE = """
from dataclasses import dataclass


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1


class Base:
    depth: int = 2
""".lstrip()
LAB: Mapping[str, str] = {
    "method.py": METHOD,
    "parts.py": PARTS,
    "config.py": CONFIG,
    "base.py": BASE,
    "shapes.py": "def area(a, b):\n    return a * b\n\n\ndef unused():\n    return 1\n",
    "tables.py": "TABLE = []\n",
    "register.py": "",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ast.parse(text)
        path.write_text(text)
    return folder


def of(folder: Path, run: str = "lab.method:run", config: str = "lab.config:Config") -> str:
    return Sources(folder, ROOT).digest(run, config).code
