"""Where a result comes from: commit, dirty flag, versions, machine, digest of the code."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import harness

DECLARATIONS = ("paper.py", "figures.py", "bench.py")  # they change no measurement
PACKAGES = ("torch", "numpy", "mlflow")
INSTRUMENT = (
    "budget.py",
    "trial.py",
    "training",
)  # the parts of the harness that can move a number


def collect(device: str, threads: int) -> dict[str, Any]:
    """Return what is known about commit, versions and machine; `device` is the device's name."""
    commit, dirty = commit_of(Path(harness.__file__).parent)
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "commit": commit,
        "dirty": dirty,
        "harness": harness.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "device": device,
        "threads": threads,
        **versions,
    }


@lru_cache
def commit_of(folder: Path) -> tuple[str, bool]:
    """Return (commit, has uncommitted changes) of the checkout around a folder."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return "unknown", False
    return commit[:12], bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))


def code_digest(paper: Path) -> str:
    """Return a hash of the code that a paper's measurements depend on.

    That is the paper's own modules less its declarations, the shared folders beside it (those
    without a paper.py) and the measuring parts of the harness.
    """
    home = Path(harness.__file__).parent
    shared = [f for f in paper.parent.iterdir() if f.is_dir() and not (f / "paper.py").exists()]
    files: list[Path] = [f for f in _modules(paper) if f.name not in DECLARATIONS]
    for folder in shared if (paper.parent / "__init__.py").exists() else []:
        files += _modules(folder)
    for part in INSTRUMENT:
        files += _modules(home / part) if (home / part).is_dir() else [home / part]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _modules(folder: Path) -> Iterable[Path]:
    return sorted(folder.rglob("*.py"))


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
