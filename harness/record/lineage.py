"""How generations of results follow one another: what replays confirmed, what gave way on request.

`reports/confirmed.csv`: for a group (paper, experiment, budget), two digests of code, an old one
and a new one, and the trials that were replayed with the new code and gave every number of the old
code's rows again. Both digests then stand for one code.
`reports/superseded.csv`: generations that a newer one replaces although it has fewer replicates,
because somebody asked for that.
`reports/removed.csv`: trials whose results somebody took out of all tables, and why. Their rows
are kept in `reports/removed/`, so that taking a line away brings a result back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import TypeVar

import pandas as pd

from harness.record import sheet

CONFIRMED, SUPERSEDED, REMOVED = "confirmed.csv", "superseded.csv", "removed.csv"
SHOWN = 5  # trials that a line names
FLAG = "superseded"  # of a row whose generation gave way on request

Group = tuple[str, str, str]  # paper, experiment, budget


@dataclass(frozen=True, order=True)
class Confirmation:
    """Trials of a group that were measured by `old` code and came out again from `new` code.

    `commit` is that of the replay, `isa` the instruction set that it computed with, and `trials`
    are the identities of the rows that were replayed, separated by spaces.
    """

    paper: str
    experiment: str
    budget: str
    old: str
    new: str
    commit: str
    isa: str
    trials: str


@dataclass(frozen=True, order=True)
class Superseded:
    """A generation of a group that is not current whatever its size."""

    paper: str
    experiment: str
    budget: str
    code: str
    data_hash: str
    isa: str


@dataclass(frozen=True, order=True)
class Removed:
    """A trial whose result stands in no table any more, and the reason that somebody gave."""

    paper: str
    experiment: str
    budget: str
    seed: str
    trial: str
    because: str


Line = TypeVar("Line", Confirmation, Superseded, Removed)


@dataclass
class Lineage:
    """What is known of the generations of all groups."""

    confirmed: Sequence[Confirmation] = ()
    superseded: Sequence[Superseded] = ()
    removed: Sequence[Removed] = ()
    _parents: dict[tuple[Group, str], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for line in self.confirmed:
            group = (line.paper, line.experiment, line.budget)
            one, other = self.code(group, line.old), self.code(group, line.new)
            if one != other:
                self._parents[group, one] = other

    @classmethod
    def load(cls, reports: Path) -> Lineage:
        """Read all files; where one is missing nothing of its kind is known.

        Raises:
            Refused: a file is not as it was written.
        """
        confirmed = _read(reports / CONFIRMED, Confirmation)
        superseded = _read(reports / SUPERSEDED, Superseded)
        return cls(confirmed, superseded, _read(reports / REMOVED, Removed))

    def code(self, group: Group, digest: str) -> str:
        """Return the digest that stands for all codes that were confirmed to equal this one."""
        while (group, digest) in self._parents:
            digest = self._parents[group, digest]
        return digest

    def same(self, group: Group, one: str, other: str) -> bool:
        """Tell whether two digests are of one code, or of codes that gave equal numbers."""
        return self.code(group, one) == self.code(group, other)

    def carried(self, results: pd.DataFrame) -> pd.DataFrame:
        """Return results whose `code` is what it was confirmed to equal, flagged if superseded.

        What was removed is left out.
        """
        results = self.split(results)[0]
        gone = {
            (*group, self.code(group, line.code), line.data_hash, line.isa)
            for line in self.superseded
            for group in [(line.paper, line.experiment, line.budget)]
        }
        columns = ["paper", "experiment", "budget", "code", "data_hash", "isa"]
        said = results.reindex(columns=columns).astype(object).fillna("")
        keys = [tuple(map(str, key)) for key in said.to_numpy()]
        codes = [self.code((key[0], key[1], key[2]), key[3]) for key in keys]
        flags = [(*key[:3], code, *key[4:]) in gone for key, code in zip(keys, codes, strict=True)]
        return results.assign(code=codes, **{FLAG: flags})

    def split(self, results: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the results that are in the tables, and those that were removed."""
        gone = results["trial"].isin([line.trial for line in self.removed])
        return results[~gone], results[gone]

    def told(self, paper: str, budget: str = "") -> Iterator[str]:
        """Yield a line for each reason for which results of a paper were removed."""
        yield from told(
            line for line in self.removed if line.paper == paper and budget in ("", line.budget)
        )


def told(lines: Iterable[Removed]) -> Iterator[str]:
    """Yield a line for each budget and reason: how many results were removed, which, and why."""
    reasons = defaultdict(list)
    for line in sorted(lines):
        reasons[line.budget, line.because].append(f"{line.experiment} seed {line.seed}")
    for (budget, because), names in reasons.items():
        noun = "result" if len(names) == 1 else "results"
        more = f" and {len(names) - SHOWN} more" if names[SHOWN:] else ""
        which = ", ".join(names[:SHOWN]) + more
        yield f"{len(names)} {noun} removed at `{budget}`: {because} ({which})"


def confirm(reports: Path, found: Iterable[Confirmation]) -> None:
    """Add what replays confirmed."""
    _write(reports / CONFIRMED, {*_read(reports / CONFIRMED, Confirmation), *found})


def rewrite(reports: Path, lines: Iterable[Confirmation]) -> None:
    """Put these in the place of all that replays confirmed."""
    _write(reports / CONFIRMED, lines)


def supersede(reports: Path, found: Iterable[Superseded]) -> None:
    """Add generations that give way."""
    _write(reports / SUPERSEDED, {*_read(reports / SUPERSEDED, Superseded), *found})


def remove(reports: Path, lines: Iterable[Removed]) -> None:
    """Put these in the place of all that were removed."""
    if not _write(reports / REMOVED, lines):
        (reports / REMOVED).unlink(missing_ok=True)


def _read(path: Path, kind: type[Line]) -> list[Line]:
    if not path.exists():
        return []
    types = dict.fromkeys((each.name for each in fields(kind)), str)
    return [kind(**record) for _, record in sheet.read(path, types)]


def _write(path: Path, lines: Iterable[Line]) -> bool:
    """Write the lines in order; where there are none, write nothing and say so."""
    ordered = sorted(lines, key=astuple)
    if not ordered:
        return False
    types = dict.fromkeys((each.name for each in fields(ordered[0])), str)
    sheet.replace({path: sheet.text(types, map(asdict, ordered))})
    return True
