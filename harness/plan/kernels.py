"""Which kernels a trial computes with: torch's, or a paper's own form of its hot path.

The compiled form of a module is the folder beside it of its name and `_c`: C files, and `form.py`,
whose `compiled()` puts it in the module's place while a block runs. The captured form is the file
of its name and `_graph`, which has `captured(precision)`: torch's kernels on a GPU, as one graph
that is launched as a whole. An experiment has a form when its code leads to a definition of that
module. Results of such forms stand apart: their `code` says so, with a hash of the form, and the
rest of it is the digest of the code as always.
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
GRAPH, GRAPH_BF16 = "graph", "graph-bf16"
NAMES = (TORCH, C, EITHER, GRAPH, GRAPH_BF16)
CAPTURED = {GRAPH: "float32", GRAPH_BF16: "bf16"}  # name -> its precision
MARK = "+c."  # between the digest of code and the hash of its compiled form
MARKS = {C: MARK, **{name: f"+{name}." for name in CAPTURED}}


@dataclass(frozen=True)
class Form:
    """One form: the root of the sources, the module and function that puts it in place, its C."""

    root: Path
    module: str
    door: str
    folder: Path | None = None  # of C files

    @property
    def identity(self) -> str:
        """The hash of its C files, where there are such, and of the code that puts it in place."""
        code = digest(self.root, f"{self.module}:{self.door}").code
        paths = compiler.sources(self.folder) if self.folder else []
        files = [path.name.encode() + path.read_bytes() for path in paths]
        return hashlib.sha256(b"\0".join([code.encode(), *files])).hexdigest()


def forms(folder: Folder, experiment: Experiment, kernels: str = C) -> list[Form]:
    """Return the forms of what an experiment's code leads to: compiled, or captured ones."""
    found = []
    for name in folder.reaches(experiment):
        beside = folder.root.joinpath(*name.split("."))
        compiled, captured = (beside.with_name(f"{beside.name}_{end}") for end in ("c", "graph"))
        if kernels in CAPTURED:
            if captured.with_suffix(".py").is_file():
                found.append(Form(folder.root, f"{name}_graph", "captured"))
        elif (compiled / "form.py").is_file():
            found.append(Form(folder.root, f"{name}_c.form", "compiled", compiled))
    return found


def code(folder: Folder, experiment: Experiment, kernels: str) -> str:
    """Return the digest of an experiment's code, and behind it that of its own kernels."""
    plain = folder.code(experiment).code
    if kernels == TORCH:
        return plain
    told = "".join(form.identity for form in forms(folder, experiment, kernels))
    return f"{plain}{MARKS[kernels]}{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def of(code: str) -> str:
    """Return the kernels that results of a code were measured with."""
    return next((name for name, mark in MARKS.items() if mark in code), TORCH)


def told(code: str) -> str:
    """Return what provenance says of other kernels than torch's: their hash; compiler and flags.

    Raises:
        Refused: there is no C compiler, and they are compiled.
    """
    name = of(code)
    own = f"{name} {code.partition(MARKS[name])[2]}"
    return f"{own} ({compiler.told()})" if name == C else own


def build(chosen: Sequence[Form]) -> None:
    """Build what is not built yet.

    Raises:
        Refused: there is no C compiler, it fails, or its cache cannot be written.
    """
    for form in dict.fromkeys(chosen):
        if form.folder:
            compiler.build(form.folder)


@contextmanager
def placed(folder: Folder, experiment: Experiment, kernels: str) -> Iterator[None]:
    """Let an experiment run with kernels of its own.

    Raises:
        Refused: they cannot be built here, or are not what they are taken for.
    """
    with ExitStack() as stack:
        for form in forms(folder, experiment, kernels):
            door = getattr(importlib.import_module(form.module), form.door)
            given = (CAPTURED[kernels],) if kernels in CAPTURED else ()
            stack.enter_context(door(*given))
        yield
