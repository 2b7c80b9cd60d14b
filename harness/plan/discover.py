"""From a folder's path to its Paper, and the contract that every paper folder must meet."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.paper import Experiment, Paper, Refused, Row, nearest
from harness.record.provenance import code_digest

ROOT = Path("papers")


@dataclass(frozen=True)
class Folder:
    """A paper's folder, found and loaded."""

    path: Path
    package: str
    paper: Paper

    @property
    def name(self) -> str:
        """The folder's name, which is the paper's name everywhere."""
        return self.path.name

    def has(self, noun: str) -> bool:
        """Tell whether the folder has this module ("figures", "lottery.tickets")."""
        return self.path.joinpath(*noun.split(".")).with_suffix(".py").exists()

    def module(self, noun: str) -> ModuleType:
        """Import one module of the folder."""
        return importlib.import_module(f"{self.package}.{noun}")

    def function(self, experiment: Experiment) -> Callable[[Any, Any], Iterator[Row]]:
        """Return the function that `experiment.run` names; refuse a name that leads nowhere."""
        noun, _, name = experiment.run.partition(":")
        where = f"experiment '{experiment.name}' of {self.name}: run='{experiment.run}'"
        if not self.has(noun):
            files = [file.relative_to(self.path) for file in self.path.rglob("*.py")]
            modules = [".".join(file.with_suffix("").parts) for file in files]
            raise Refused(f"{where} names no module; {nearest(noun, modules)}")
        module = self.module(noun)
        if not callable(getattr(module, name, None)):
            raise Refused(f"{where} names no function; {nearest(name, vars(module))}")
        function: Callable[[Any, Any], Iterator[Row]] = getattr(module, name)
        return function

    def code(self, experiment: Experiment) -> str:
        """Return a hash of the code that an experiment's measurements depend on."""
        module = f"{self.package}.{experiment.run.partition(':')[0]}"
        return code_digest(self.path.parents[self.package.count(".")], module)


def load(path: str | Path) -> Folder:
    """Return the paper of a folder.

    Raises:
        Refused: no such folder, no paper.py, a paper.py that raises or has no PAPER.
    """
    folder = Path(path).resolve()
    if not folder.is_dir():
        raise Refused(f"{path}: no such folder; {nearest(str(path), map(str, folders()))}")
    if not (folder / "paper.py").exists():
        raise Refused(f"{path}: has no paper.py, so it is not a paper's folder")
    package = _package(folder)
    try:
        module = importlib.import_module(f"{package}.paper")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        raise Refused(
            f"{path}: paper.py raises {type(error).__name__}: {error} ({where})"
        ) from error
    home = Path(str(module.__file__)).resolve().parent
    if home != folder:
        raise Refused(f"{path}: Python knows '{package}' as {home} already; rename the folder")
    paper = getattr(module, "PAPER", None)
    if not isinstance(paper, Paper):
        raise Refused(f"{path}: paper.py has no PAPER = Paper(...)")
    return Folder(folder, package, paper)


def load_each(paths: Sequence[str]) -> list[Folder]:
    """Return the papers of the given folders; `papers` itself stands for all in it."""
    found = []
    for path in paths:
        inside = [] if (Path(path) / "paper.py").exists() else folders(Path(path))
        found += [load(each) for each in inside or [Path(path)]]
    return found


def folders(root: Path = ROOT) -> list[Path]:
    """Return the folders below `root` that hold a paper."""
    return sorted(file.parent for file in root.glob("*/paper.py"))


def load_all(root: Path = ROOT) -> list[Folder]:
    """Return every paper below `root`."""
    return [load(folder) for folder in folders(root)]


def _package(folder: Path) -> str:
    """Return the folder's dotted name and make sure that Python finds it."""
    parts = [folder.name]
    while (folder.parent / "__init__.py").exists():
        folder = folder.parent
        parts.insert(0, folder.name)
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    return ".".join(parts)
