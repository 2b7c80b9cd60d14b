"""Write into results.csv, row by row, which code was measured, in the words of today's digest.

When the digest changes, so does every hash in the table, although no number does. This goes back
to the commit of each row, reads its sources with today's code, and stores what that says:

    python -m harness.plan.redate [reports/results.csv]

Columns `code` and `clock` are written, and with them the rows' own digests; nothing else changes.
A table with rows that are not as they were measured is refused: it would look measured afterwards.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from harness.paper import Refused
from harness.plan.digest import Digest, Sources
from harness.record import tables

TABLE = Path("reports/results.csv")
CODE, CLOCK = "code", "clock"
# what a commit's own declarations say, asked of that commit's own harness
ASK = """
import dataclasses, json
try:
    from harness.plan import discover
except ImportError:  # before it had a room
    from harness import discover

def classes(config):
    yield f"{type(config).__module__}:{type(config).__qualname__}"
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from classes(value)

print(json.dumps([
    (str(found.path.parents[found.package.count(".")]), found.name, e.name,
     f"{found.package}.{e.run}" if found.has(e.run.partition(":")[0]) else e.run,
     *classes(e.config))
    for found in discover.load_all() for e in found.paper.experiments
]))
"""

Digests = dict[tuple[str, str], Digest]  # of (paper, experiment)
Row = dict[Hashable, Any]


def redate(path: Path) -> Iterator[str]:
    """Rewrite the two columns of a table; yield a line for each commit and each row left as is.

    Raises:
        Refused: the table has rows that are not as they were measured.
    """
    table = tables.load(path)
    rows = table.to_dict("records")
    for commit in sorted({row["commit"] for row in rows}):
        yield from _dated([row for row in rows if row["commit"] == commit], commit)
    for name in (CODE, CLOCK):
        table[name] = [row[name] for row in rows]
    tables.store(tables.sealed(table), path)


def _dated(rows: Sequence[Row], commit: str) -> Iterator[str]:
    """Write the digests of one commit into its rows."""
    try:
        digests = at(commit)
    except Refused as error:
        yield f"{error}: {len(rows)} rows keep what they say"
        return
    left: dict[tuple[str, str], int] = {}
    for row in rows:
        name = (row["paper"], row["experiment"])
        if name in digests:
            row[CODE], row[CLOCK] = digests[name].code, digests[name].clock
        else:
            left[name] = left.get(name, 0) + 1
    yield f"{commit}: {len(rows) - sum(left.values())} rows"
    for name, count in left.items():
        yield f"{commit}: declares no {': '.join(name)}; {count} rows keep what they say"


def at(commit: str) -> Digests:
    """Return the digests of all experiments as they were at a commit.

    Raises:
        Refused: the repository does not have it, or its declarations do not load.
    """
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit, "harness", "papers"],
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        raise Refused(f"commit '{commit}' is not in this repository")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve()
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
                files.extraction_filter = tarfile.data_filter
            files.extractall(tree)
        sources = cache(lambda root: Sources(Path(root), tree))
        return {
            (paper, experiment): sources(root).digest(run, *configs)
            for root, paper, experiment, run, *configs in _declared(tree, commit)
        }


def _declared(tree: Path, commit: str) -> list[list[str]]:
    """Return [root, paper, experiment, run, config class ...] of all that a commit declares."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        raise Refused(f"commit '{commit}' does not load: {asked.stderr.strip()[-200:]}")
    declared: list[list[str]] = json.loads(asked.stdout)
    return declared


if __name__ == "__main__":
    for line in redate(Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE):
        sys.stdout.write(f"{line}\n")
