"""The table of truth: what every cell of the league reaches when it is trained from scratch.

One row per functional class and seed: three seeds, and ten where a class is near the best one. A
row is known by the digits of its representative in T2, so T0, T0b and T1 are views of the same
table. The committed file is xz-compressed CSV behind a line of JSON that says with which recipe,
on which data and by which torch it was made.
"""

from __future__ import annotations

import csv
import io
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean

from harness.paper import Refused
from papers.cells.network.light import macs, parameters
from papers.cells.space.allowed import convolutions
from papers.cells.space.classes import classes
from papers.cells.space.edge import T2, Code, EdgeSpace

SEEDS = (0, 1, 2)  # of every class
MORE = tuple(range(3, 10))  # of classes within NEAR of the best, under one of LIMITS
NEAR = 0.02  # of accuracy
LIMITS = (2, 3, 4, None)  # convolutions at most
COMMITTED = Path(__file__).parents[1] / "truth" / "mnist1d.csv.xz"
COMMAND = "python -m papers.cells.builder {space}"


@dataclass(frozen=True)
class Row:
    """One training of one class: accuracies as fractions, mean loss of the last epoch, CPU-s."""

    cell: str
    seed: int
    val_third: float
    val_two_thirds: float
    val: float
    test: float
    train_loss: float
    cpu_s: float
    params: int
    macs: int


COLUMNS = {field.name: field.type for field in fields(Row)}
COLUMN_TYPES = {"str": str, "int": int, "float": float}


@dataclass(frozen=True)
class Header:
    """What a table was made with; two tables with different headers do not mix."""

    recipe: str
    data: str
    torch: str

    def require(self, recipe: str, data: str, where: object) -> None:
        """Refuse a table of another recipe or other data, with both hashes."""
        for name, wanted in (("recipe", recipe), ("data", data)):
            found = getattr(self, name)
            if found != wanted:
                raise Refused(f"{where}: made with {name} {found}, but this code has {wanted}")


def name_of(space: EdgeSpace, code: Code) -> str:
    """Return the row name of a code's class: the digits of its representative in T2."""
    stands = classes(T2).representative(space.subset(code, T2))
    return "".join(map(str, stands))


def code_of(name: str) -> Code:
    """Return the code in T2 that a row name stands for."""
    return T2.check(tuple(map(int, name)))


def row(cell: str, seed: int, values: Sequence[float]) -> Row:
    """Return the row of a training; `values`: three val accuracies, test, train loss, CPU-s."""
    code = code_of(cell)
    third, two_thirds, val, test = (round(value, 4) for value in values[:4])
    loss, seconds = round(values[4], 5), round(values[5], 3)
    size = (parameters(T2, code), macs(T2, code))
    return Row(cell, seed, third, two_thirds, val, test, loss, seconds, *size)


def needed(space: EdgeSpace, seeds: Sequence[int] = SEEDS) -> list[tuple[str, int]]:
    """Return every (row name, seed) that a space's table has."""
    stands = classes(space).representatives
    names = sorted({name_of(space, code) for code in stands})
    return [(name, seed) for name in names for seed in seeds]


class Table:
    """Rows of truth behind their header; nothing is averaged before it is known to be whole."""

    def __init__(self, header: Header, rows: Iterable[Row]) -> None:
        self.header, self.rows = header, tuple(rows)
        self._by_cell: dict[str, list[Row]] = {}
        for each in sorted(self.rows, key=lambda r: (r.cell, r.seed)):
            self._by_cell.setdefault(each.cell, []).append(each)

    def problems(self, space: EdgeSpace, seeds: Sequence[int] = SEEDS) -> list[str]:
        """Return what keeps the table from being the truth of a space: rows missing or twice."""
        counts = Counter((r.cell, r.seed) for r in self.rows)
        wanted = needed(space, seeds)
        missing = [key for key in wanted if not counts[key]]
        twice = sorted(key for key, count in counts.items() if count > 1)
        told = [f"row twice: cell {cell}, seed {seed}" for cell, seed in twice]
        if missing:
            cell, seed = missing[0]
            told.append(
                f"{len(missing)} of {len(wanted)} rows of {space.name} missing, first: "
                f"cell {cell}, seed {seed}; build them: {COMMAND.format(space=space.name)}"
            )
        return told

    def require_whole(self, space: EdgeSpace) -> None:
        """Refuse a table in which a row of the space is missing or stands twice."""
        problems = self.problems(space)
        if problems:
            raise Refused("; ".join(problems))

    def of(self, space: EdgeSpace, code: Code) -> list[Row]:
        """Return the rows of a code's class, by seed."""
        name = name_of(space, code)
        if name not in self._by_cell:
            raise Refused(f"no row for {space.text(code)} (cell {name}) in the table of truth")
        return self._by_cell[name]

    def test(self, space: EdgeSpace, code: Code) -> float:
        """Return the mean test accuracy of a code's class over its seeds: its true accuracy."""
        return fmean(r.test for r in self.of(space, code))

    def near_top(self, space: EdgeSpace) -> list[str]:
        """Return the row names of the classes within NEAR of the best, under any of LIMITS.

        By the means over the seeds that there are; the best one with `none` on some edge allowed,
        and the best one without.
        """
        true: dict[str, float] = {}
        codes: list[tuple[str, int, bool]] = []  # row name, convolutions, whether `none` is in it
        for code in space.enumerate():
            name = name_of(space, code)
            true.setdefault(name, fmean(r.test for r in self._by_cell[name]))
            codes.append((name, convolutions(space, code), "none" in space.names(code)))
        found: set[str] = set()
        for limit in LIMITS:
            few = [one for one in codes if limit is None or one[1] <= limit]
            for names in ({n for n, _, _ in few}, {n for n, _, none in few if not none}):
                border = max(true[name] for name in names) - NEAR
                found |= {name for name in names if true[name] >= border}
        return sorted(found)

    def lacking(self, space: EdgeSpace) -> list[tuple[str, int]]:
        """Return every (row name, seed) of classes near the top that is not there."""
        there = {(r.cell, r.seed) for r in self.rows}
        wanted = ((name, seed) for name in self.near_top(space) for seed in MORE)
        return [key for key in wanted if key not in there]


def read(path: Path = COMMITTED) -> Table:
    """Read a committed table."""
    if not path.exists():
        raise Refused(f"{path}: no table of truth; build it: {COMMAND.format(space='T1')}")
    head, _, body = lzma.decompress(path.read_bytes()).decode().partition("\n")
    kinds = {name: COLUMN_TYPES[str(kind)] for name, kind in COLUMNS.items()}
    rows = [
        Row(**{name: kinds[name](cell) for name, cell in record.items()})
        for record in csv.DictReader(io.StringIO(body))
    ]
    return Table(Header(**json.loads(head)), rows)


def write(table: Table, path: Path = COMMITTED) -> None:
    """Write a table, sorted: the same rows give the same bytes."""
    text = io.StringIO()
    text.write(json.dumps(vars(table.header), sort_keys=True) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in sorted(table.rows, key=lambda r: (r.cell, r.seed)):
        writer.writerow([getattr(each, name) for name in COLUMNS])
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(lzma.compress(text.getvalue().encode(), preset=9))
    fresh.replace(path)
