"""Where a result comes from: commit, dirty flag, versions, machine, digest of the code."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import platform
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import harness

PACKAGES = ("torch", "numpy", "mlflow")
# the parts of the harness that can move a number, whatever an experiment imports
INSTRUMENT = ("harness.budget", "harness.meter", "harness.trial", "harness.training.device")


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


def code_digest(root: Path, module: str) -> str:
    """Return a hash of the code that an experiment's measurements depend on.

    That is the module of its `run`, what this imports from the papers and from
    `harness.training`, what those import, and the measuring parts of the harness. `root` is the
    folder from which `module` ("papers.darts.search") is imported. Another study of the same
    paper may change, and so may words, without making these measurements old.
    """
    found: dict[str, bytes] = {}
    waiting = [module, *INSTRUMENT]
    while waiting:
        name = waiting.pop()
        path = _file(root, name)
        if name not in found and path is not None:
            found[name] = path.read_bytes()
            waiting += [n for n in _imported(found[name]) if _counts(n, module)]
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name}\0{_statements(found[name])}".encode())
    return digest.hexdigest()[:12]


@cache
def _statements(source: bytes) -> str:
    """Return a module's source without docstrings, comments and empty lines: they move nothing."""
    text = source.decode()
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line for line in lines if line.strip())


def _counts(name: str, module: str) -> bool:
    return name.startswith((f"{module.partition('.')[0]}.", "harness.training."))


def _file(root: Path, name: str) -> Path | None:
    """Return the file of a module, or None where the name is a folder's or a function's."""
    home = Path(harness.__file__).parents[1] if name.startswith("harness.") else root
    path = home.joinpath(*name.split(".")).with_suffix(".py")
    return path if path.exists() else None


@cache
def _imported(source: bytes) -> tuple[str, ...]:
    """Return what a module imports when it runs, anywhere in it: not what only its types need."""
    return tuple(_imports(source))


def _imports(source: bytes) -> Iterator[str]:
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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
