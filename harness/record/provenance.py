"""Where a result comes from: commit, dirty flag, versions, machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import harness

WRITTEN = (":(top,exclude)reports", ":(top,exclude)*.md")
CHANGES = ("status", "--porcelain", "--untracked-files=no", "--", ":/", *WRITTEN)
LENGTH = 12  # of a commit's name
UNTRUSTED = "unknown (git does not trust the owner of this checkout)"
PACKAGES = ("torch", "numpy", "mlflow")


def collect(
    device: str, threads: int, isa: str, ranks: int = 1, kernels: str = ""
) -> dict[str, Any]:
    """Return what is known about commit, versions and machine.

    `device` is the device's name, `isa` the instruction set that torch computes with, `ranks` how
    many processes train together, each on such a device. Only `kernels` other than torch's
    are named.
    """
    commit, dirty = commit_of(Path(harness.__file__).parent)
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "commit": commit,
        "dirty": dirty,
        "harness": harness.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "device": device if ranks == 1 else f"{ranks} x {device}",
        "ranks": ranks,
        "isa": isa,
        "threads": threads,
        **versions,
        **({"kernels": kernels} if kernels else {}),
    }


@lru_cache
def commit_of(folder: Path) -> tuple[str, bool]:
    """Return (commit, has uncommitted changes) of the checkout around a folder.

    What `report` and `confirm` write, below reports/ and into READMEs, is no change: it moves no
    measurement. A checkout of which git does not tell whether it was changed counts as changed; of
    one that belongs to somebody else git tells nothing, and its commit is UNTRUSTED.
    """
    head = _ask(folder, "rev-parse", "HEAD")
    if head is None or head.returncode != 0:
        foreign = head is not None and "safe.directory" in head.stderr
        return (UNTRUSTED if foreign else "unknown"), False
    changes = _ask(folder, *CHANGES)
    clean = changes is not None and changes.returncode == 0 and not changes.stdout.strip()
    return head.stdout.strip()[:LENGTH], not clean


@lru_cache
def places(folder: Path = Path(harness.__file__).parent) -> Mapping[str, int]:
    """Return {commit: place} of all that a checkout knows, parents before their children.

    Commits are named as in `collect`; nothing is known where there is no repository.
    """
    told = _git(folder, "rev-list", "--topo-order", "--reverse", "--all", "HEAD")
    return {commit[:LENGTH]: place for place, commit in enumerate(told.split())}


def _git(folder: Path, *arguments: str) -> str:
    done = _ask(folder, *arguments)
    return done.stdout.strip() if done is not None and done.returncode == 0 else ""


def _ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Ask git, in words that do not depend on the user's language; none where there is no git."""
    command = ["git", "-C", str(folder), *arguments]
    words = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=words)
    except FileNotFoundError:
        return None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
