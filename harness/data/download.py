"""A file from the first of its origins that has it: resumed, verified, and never half in place.

Bytes are written to a `.part` file that the next attempt goes on with; only bytes whose size,
md5 and sha256 are right get the file's own name.
"""

from __future__ import annotations

import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import Progress, TaskID

from harness.data.registry import File
from harness.paper import Refused

CHUNK, PATIENCE = 1 << 18, 60.0  # bytes; seconds without an answer before a host counts as down
TRIES = 5  # connections to one host in a row that each bring something and then break off
LOST = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


class Unavailable(Exception):
    """One source did not give the data; the message says which and why."""


def hashes(path: Path) -> tuple[str, str]:
    """Return the md5 and sha256 of a file."""
    md5, sha256 = hashlib.md5(), hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            md5.update(block)
            sha256.update(block)
    return md5.hexdigest(), sha256.hexdigest()


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn an error of this machine's disk into one line; no other source could help."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused(
            f"data {what}: cannot be written ({reason}); nothing that was there has changed; "
            "make room or make the folder writable, and try again"
        ) from error


def fetch(file: File, target: Path) -> str:
    """Download a file from the first origin that has it.

    Returns:
        The address that it came from.

    Raises:
        Unavailable: no origin had these bytes; the message lists what each answered.
        Refused: this machine cannot store them.
    """
    problems = []
    part = target.with_name(f"{target.name}.part")
    with writing(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
    for address in file.origins:
        try:
            _from(address, file, part)
        except Unavailable as problem:
            problems.append(str(problem))
            continue
        with writing(str(target)):
            part.replace(target)
        return address
    raise Unavailable("; ".join(problems) or f"{file.name} has no public origin")


def _from(address: str, file: File, part: Path) -> None:
    """Complete and verify `part`; bytes begun elsewhere get one more chance from zero."""
    resumed = part.exists()
    _complete(address, file, part)
    wrong = mismatch(file, part)
    if wrong and resumed:  # the beginning may be another host's: this host deserves a fair try
        _complete(address, file, part)
        wrong = mismatch(file, part)
    if wrong:
        raise Unavailable(f"{address} served wrong bytes: {wrong}")


def mismatch(file: File, part: Path) -> str:
    """Return what is wrong with a download, which is then removed; nothing when it is right."""
    md5, sha256 = hashes(part)
    if (md5, sha256) == (file.md5, file.sha256):
        return ""
    with writing(str(part)):
        part.unlink()
    return f"sha256 {sha256} (md5 {md5}) instead of {file.sha256} (md5 {file.md5})"


def _complete(address: str, file: File, part: Path) -> None:
    """Bring `part` to its full size, going on where a connection broke off."""
    for _ in range(TRIES):
        before = part.stat().st_size if part.exists() else 0
        if before == file.size:
            return
        reason = _connection(address, file, part)
        after = part.stat().st_size if part.exists() else 0
        if after == file.size:
            return
        if after <= before:
            raise Unavailable(f"{address}: {reason or f'broke off at {after} of {file.size}'}")
    raise Unavailable(f"{address} broke off {TRIES} times, last at {after} of {file.size} bytes")


def _connection(address: str, file: File, part: Path) -> str:
    """Append what one connection brings; return why it ended early, or nothing."""
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:  # not ours: a part never grows beyond its file
        part.unlink()
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            start = have if _continues(answer, have) else 0
            with writing(str(part)):
                stream = part.open("ab" if start else "wb")
            with stream, _bar(file, start) as (bar, task):
                return _copy(answer, stream, file.size - start, (bar, task))
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except LOST as error:
        return str(getattr(error, "reason", "") or error or type(error).__name__)


def _continues(answer: Any, have: int) -> bool:
    """Return whether the host goes on where we stopped; many send everything again."""
    begins = str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
    return bool(have and answer.status == 206 and begins)


def _copy(answer: Any, stream: IO[bytes], left: int, shown: tuple[Progress, TaskID]) -> str:
    """Write at most one byte more than is due: a host that never ends is wrong, too."""
    bar, task = shown
    due = left + 1
    while due > 0:
        try:
            block = answer.read(min(CHUNK, due))
        except LOST as error:
            return f"broke off ({error or type(error).__name__})"
        if not block:
            break
        with writing(stream.name):
            stream.write(block)
            stream.flush()
        due -= len(block)
        bar.advance(task, len(block))
    return "more bytes than the file has" if due == 0 else ""


@contextmanager
def _bar(file: File, start: int) -> Iterator[tuple[Progress, TaskID]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        yield bar, bar.add_task(file.name, total=file.size, completed=start)
