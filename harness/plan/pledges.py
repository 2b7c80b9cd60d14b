"""Pledges: by what a claim is judged, as it was when it was first written down.

`claims.csv` in a paper's folder has a line for every claim that the paper ever made: its id, a
digest of all that decides its verdict, and the commit on top of which it was registered. A check
that moves after its results are known would otherwise look like one that never did: whoever
changes a check gives it a new id, and the old line stays.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import Any

from harness.paper import Claim, Refused
from harness.plan.discover import Folder
from harness.record import provenance, sheet

NAME = "claims.csv"
DECIDES = ("check", "unit", "budgets", "looks", "margin_from", "subject")


@dataclass(frozen=True)
class Pledge:
    """One line: a claim, what decided it, and the commit on top of which it was registered."""

    id: str
    digest: str
    since: str


def digest(claim: Claim) -> str:
    """Return the hash of all that decides a claim's verdict; its words may change."""
    said = {name: _said(getattr(claim, name)) for name in DECIDES}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def _said(value: Any) -> Any:
    """Return a value as JSON has it; a field at its default counts as one that is not there.

    So a check that learns a new word later keeps its digest where nobody says it.
    """
    if is_dataclass(value):
        kept = {
            each.name: _said(getattr(value, each.name))
            for each in fields(value)
            if getattr(value, each.name) != _default(each)
        }
        return {"kind": type(value).__name__, **kept}
    if isinstance(value, dict):
        return {str(key): _said(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_said(each) for each in value]
    return value


def _default(of: Any) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def load(folder: Folder) -> dict[str, Pledge]:
    """Return a paper's pledges by id; none where it has not registered any.

    Raises:
        Refused: the file is not as it was written, or knows an id twice.
    """
    path = folder.path / NAME
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: cannot be read ({error})") from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names = [each.name for each in fields(Pledge)]
    if rows[:1] != [names] or any(len(row) != len(names) for row in rows):
        raise Refused(f"{path}: is damaged; its columns are {', '.join(names)}")
    known: dict[str, Pledge] = {}
    for row in rows[1:]:
        if row[0] in known:
            raise Refused(f"{path}: claim '{row[0]}' stands in it twice")
        known[row[0]] = Pledge(*row)
    return known


def problems(folder: Folder) -> Iterator[str]:
    """Yield the claims that are not registered, and those whose check is another one by now."""
    known = load(folder)
    for claim in folder.paper.claims:
        if claim.id not in known:
            yield (
                f"claim '{claim.id}' is not registered: "
                f"python -m harness check --register {folder.typed}"
            )
        elif known[claim.id].digest != digest(claim):
            yield (
                f"claim '{claim.id}': its check is not the one that was registered on top of "
                f"{known[claim.id].since}; put it back, or give the claim a new id"
            )


def register(folder: Folder) -> list[str]:
    """Add the claims that the file does not know; return their ids. A known line never changes."""
    known = load(folder)
    commit, _ = provenance.commit_of(folder.path)
    fresh = [
        Pledge(claim.id, digest(claim), commit)
        for claim in folder.paper.claims
        if claim.id not in known
    ]
    if fresh:
        types = dict.fromkeys((each.name for each in fields(Pledge)), str)
        lines = map(asdict, [*known.values(), *fresh])
        sheet.replace({folder.path / NAME: sheet.text(types, lines)})
    return [pledge.id for pledge in fresh]
