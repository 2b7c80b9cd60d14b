"""Which kernels a trial computes with: torch's, or a paper's own compiled form of its hot path.

The compiled form of a module is the folder beside it of its name and `_c`: C files, and `form.py`,
whose `compiled()` puts it in the module's place while a block runs. An experiment has it when its
code leads to a definition of that module. Results of compiled kernels stand apart: their `code`
says so, with a hash of the form, and the rest of it is the digest of the code as always.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.paper import Experiment
from harness.plan.digest import digest
from harness.plan.discover import Folder
from harness.training import compiler

TORCH, C, EITHER = "torch", "c", "c-or-torch"
NAMES = (TORCH, C, EITHER)
MARK = "+c."  # between the digest of code and the hash of its compiled form


@dataclass(frozen=True)
class Form:
    """One compiled form: the root of the sources, its package, and its folder."""

    root: Path
    package: str
    folder: Path

    @property
    def identity(self) -> str:
        """The hash of its C files and of the code that calls them."""
        code = digest(self.root, f"{self.package}.form:compiled").code
        files = [path.name.encode() + path.read_bytes() for path in compiler.sources(self.folder)]
        return hashlib.sha256(b"\0".join([code.encode(), *files])).hexdigest()


def forms(folder: Folder, experiment: Experiment) -> list[Form]:
    """Return the compiled forms of what an experiment's code leads to."""
    found = []
    for name in folder.reaches(experiment):
        package = f"{name}_c"
        home = folder.root.joinpath(*package.split("."))
        if (home / "form.py").is_file():
            found.append(Form(folder.root, package, home))
    return found


def code(folder: Folder, experiment: Experiment, kernels: str) -> str:
    """Return the digest of an experiment's code, and behind it that of its compiled kernels."""
    plain = folder.code(experiment).code
    if kernels == TORCH:
        return plain
    told = "".join(form.identity for form in forms(folder, experiment))
    return f"{plain}{MARK}{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def of(code: str) -> str:
    """Return the kernels that results of a code were measured with."""
    return C if MARK in code else TORCH


def told(code: str) -> str:
    """Return what provenance says of compiled kernels: their hash, compiler and flags.

    Raises:
        Refused: there is no C compiler.
    """
    return f"{C} {code.partition(MARK)[2]} ({compiler.told()})"


def build(chosen: Sequence[Form]) -> None:
    """Build what is not built yet.

    Raises:
        Refused: there is no C compiler, it fails, or its cache cannot be written.
    """
    for form in dict.fromkeys(chosen):
        compiler.build(form.folder)


@contextmanager
def compiled(folder: Folder, experiment: Experiment) -> Iterator[None]:
    """Let an experiment run with its compiled kernels.

    Raises:
        Refused: they cannot be built here, or are not what they are taken for.
    """
    with ExitStack() as stack:
        for form in forms(folder, experiment):
            module = importlib.import_module(f"{form.package}.form")
            stack.enter_context(module.compiled())
        yield
