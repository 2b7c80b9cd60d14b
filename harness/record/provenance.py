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
PACKAGES = ("torch", "numpy", "mlflow")


def collect(device: str, threads: int, isa: str, ranks: int = 1) -> dict[str, Any]:
    """Return what is known about commit, versions and machine.

    `device` is the device's name, `isa` the instruction set that torch computes with, `ranks` how
    many processes train together, each on such a device.
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
    }


@lru_cache
def commit_of(folder: Path) -> tuple[str, bool]:
    """Return (commit, has uncommitted changes) of the checkout around a folder.

    What `report` and `confirm` write, below reports/ and into READMEs, is no change: it moves no
    measurement.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return "unknown", False
    return commit[:LENGTH], bool(_git(folder, *CHANGES))


@lru_cache
def places(folder: Path = Path(harness.__file__).parent) -> Mapping[str, int]:
    """Return {commit: place} of all that a checkout knows, parents before their children.

    Commits are named as in `collect`; nothing is known where there is no repository.
    """
    told = _git(folder, "rev-list", "--topo-order", "--reverse", "--all", "HEAD")
    return {commit[:LENGTH]: place for place, commit in enumerate(told.split())}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
