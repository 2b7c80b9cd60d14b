"""From a folder's path to its Paper, and the contract that every paper folder must meet."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from harness.paper import Claim, Experiment, Paper, Refused, Row, nearest
from harness.plan.declaration import declared, require_sound
from harness.plan.digest import Digest, digest, reached
from harness.plan.settings import short

if TYPE_CHECKING:
    from harness.pair import Pair
    from harness.training.lr_range import Curve

ROOT = Path("papers")
PATH = 300  # signs of a path in a refusal
BENCHES = ("bench", "speed.bench")  # where a shared folder keeps its pairs
Draw = Callable[[Any, Any], Any]  # (rows of results, averaged curves) -> a figure, an SVG, nothing


@dataclass(frozen=True)
class Folder:
    """A paper's folder, found and loaded."""

    path: Path
    package: str
    paper: Paper
    studies: tuple[str, ...] = ()  # folders that were joined to what paper.py declares
    origins: Mapping[str, str] = field(default_factory=dict)  # claim -> its study; else paper.py
    _beside: dict[str, Folder] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The folder's name, which is the paper's name everywhere."""
        return self.path.name

    @property
    def typed(self) -> str:
        """The folder's path as a shell takes it, from the folder that the command works in."""
        return shlex.quote(os.path.relpath(self.path))

    def has(self, noun: str) -> bool:
        """Tell whether the folder has this module ("figures", "lottery.tickets")."""
        return self.path.joinpath(*noun.split(".")).with_suffix(".py").exists()

    def module(self, noun: str) -> ModuleType:
        """Import one module of the folder."""
        return importlib.import_module(f"{self.package}.{noun}")

    def modules(self, noun: str) -> Iterator[ModuleType]:
        """Yield the paper's own module of that name and then each study's, where there is one."""
        for name in (noun, *(f"{study}.{noun}" for study in self.studies)):
            if self.has(name):
                yield self.module(name)

    def named(self, name: str) -> tuple[Folder, Experiment]:
        """Return the experiment that a check names, and the paper whose it is.

        Own experiments win; those of the papers beside this one are named "paper/experiment".

        Raises:
            Refused: there is none of that name.
        """
        own = {experiment.name: experiment for experiment in self.paper.experiments}
        if name in own:
            return self, own[name]
        home, _, rest = name.partition("/")
        if home != self.name and home not in self._beside:
            beside = {path.name: path for path in folders(self.path.parent)}
            if home not in beside:
                likely = [*own, *(f"{paper}/{rest}" for paper in {*beside, self.name})]
                raise Refused(f"no paper has an experiment '{name}'; {nearest(name, likely)}")
            self._beside[home] = load(beside[home])
        other = self if home == self.name else self._beside[home]
        theirs = {
            f"{home}/{experiment.name}": experiment for experiment in other.paper.experiments
        }
        if name not in theirs:
            raise Refused(f"{home} has no experiment '{rest}'; {nearest(name, theirs)}")
        return other, theirs[name]

    def alone(self, experiment: Experiment) -> Folder:
        """Return the paper with one experiment, without claims and what the authors spent."""
        paper = replace(self.paper, experiments=[experiment], claims=(), spent=())
        return replace(self, paper=paper)

    def stand_ins(self, claim: Claim) -> list[str]:
        """Return what takes the place of a claim's subject, by the names of this paper's checks.

        Raises:
            Refused: the subject, or a stand-in of its task, is no experiment.
        """
        if not claim.subject:
            return []
        names = []
        for name in self.named(claim.subject)[1].task.stand_ins:
            folder, experiment = self.named(name)
            names.append(experiment.name if folder.name == self.name else name)
        return [name for name in names if name != claim.subject]

    def figures(self) -> dict[str, Draw]:
        """Return {name: function} of what the paper draws of its own rows."""
        return self._joined("figures", "FIGURES")

    def standings(self) -> dict[str, Draw]:
        """Return {name: function} of what it draws of all papers that compete with it."""
        return self._joined("figures", "STANDINGS")

    def pairs(self) -> list[Pair]:
        """Return the oracles with their fast forms."""
        benches = [bench for bench in self.modules("bench") if hasattr(bench, "pairs")]
        return [pair for bench in benches for pair in bench.pairs()]

    def lr_ranges(self) -> dict[str, Callable[[], Curve]]:
        """Return {model: function} of the learning-rate range tests."""
        benches = [bench for bench in self.modules("bench") if hasattr(bench, "lr_range")]
        return {name: test for bench in benches for name, test in bench.lr_range().items()}

    def _joined(self, noun: str, table: str) -> dict[str, Any]:
        joined: dict[str, Any] = {}
        for module in self.modules(noun):
            for name, value in getattr(module, table, {}).items():
                if name in joined:
                    raise Refused(f"{self.name}: '{name}' stands twice in {table} of {noun}.py")
                joined[name] = value
        return joined

    def function(self, experiment: Experiment) -> Callable[[Any, Any], Iterator[Row]]:
        """Return the function that `experiment.run` names; refuse a name that leads nowhere.

        The name is looked for in the paper's folder, and then where all papers may import from.
        """
        function: Callable[[Any, Any], Iterator[Row]] = self._named(experiment, "run")
        return function

    def drawing(self, experiment: Experiment) -> Callable[[Path], str]:
        """Return the function that `experiment.shows` names, likewise."""
        function: Callable[[Path], str] = self._named(experiment, "shows")
        return function

    def _named(self, experiment: Experiment, field: str) -> Any:
        text: str = getattr(experiment, field)
        noun, _, name = text.partition(":")
        where = f"experiment '{experiment.name}' of {self.name}: {field}='{text}'"
        if self.has(noun):
            module = self.module(noun)
        elif _importable(noun):
            module = importlib.import_module(noun)
        else:
            self._no_module(experiment, field)
        if not callable(getattr(module, name, None)):
            raise Refused(f"{where} names no function; {nearest(name, vars(module))}")
        return getattr(module, name)

    def _no_module(self, experiment: Experiment, field: str) -> NoReturn:
        noun = getattr(experiment, field).partition(":")[0]
        files = [file.relative_to(self.path) for file in self.path.rglob("*.py")]
        modules = [".".join(file.with_suffix("").parts) for file in files]
        raise Refused(
            f"experiment '{experiment.name}' of {self.name}: {field}="
            f"'{getattr(experiment, field)}' names no module; {nearest(noun, modules)}"
        )

    def code(self, experiment: Experiment) -> Digest:
        """Return the hashes of the code that an experiment's measurements depend on."""
        return digest(self.root, self._run(experiment), *classes(experiment.config))

    def reaches(self, experiment: Experiment) -> list[str]:
        """Return the modules of all definitions that an experiment's function leads to."""
        return reached(self.root, self._run(experiment))

    @property
    def root(self) -> Path:
        """The folder from which papers are imported."""
        return self.path.parents[self.package.count(".")]

    def _run(self, experiment: Experiment) -> str:
        noun = experiment.run.partition(":")[0]
        own = self.has(noun)
        if not own and not _importable(noun):
            self._no_module(experiment, "run")
        return f"{self.package}.{experiment.run}" if own else experiment.run


def load(path: str | Path) -> Folder:
    """Return the paper of a folder.

    Raises:
        Refused: no such folder, no paper.py, a paper.py that raises or has no PAPER.
    """
    folder = existing(path)
    if not (folder / "paper.py").is_file():
        raise Refused(f"{path}: has no paper.py, so it is not a paper's folder")
    package = dotted(folder)
    module = declared(path, package, "paper")
    home = Path(str(module.__file__)).resolve().parent
    if home != folder:
        raise Refused(f"{path}: Python knows '{package}' as {home} already; rename the folder")
    paper = getattr(module, "PAPER", None)
    if not isinstance(paper, Paper):
        raise Refused(f"{path}: paper.py has no PAPER = Paper(...)")
    studies = [_study(path, folder, package, name) for name in paper.studies]
    origins = {
        claim.id: name
        for name, study in zip(paper.studies, studies, strict=True)
        for claim in getattr(study, "CLAIMS", ())
    }
    try:
        joined = join(paper, studies)
        for experiment in joined.experiments:
            require_sound(experiment)
        return Folder(folder, package, joined, paper.studies, origins)
    except Refused as refusal:
        raise Refused(f"{path}: {refusal}") from refusal


def join(paper: Paper, studies: Sequence[ModuleType]) -> Paper:
    """Return a paper with what its studies declare after its own.

    Raises:
        Refused: two of them declare one name, or a claim names an unknown experiment.
    """

    def every(own: Sequence[Any], name: str) -> list[Any]:
        return [*own, *(one for study in studies for one in getattr(study, name, ()))]

    return replace(
        paper,
        studies=(),
        experiments=every(paper.experiments, "EXPERIMENTS"),
        claims=every(paper.claims, "CLAIMS"),
        deviations=every(paper.deviations, "DEVIATIONS"),
    )


def _study(path: str | Path, folder: Path, package: str, name: str) -> ModuleType:
    if not (folder / name / "study.py").exists():
        known = [file.parent.name for file in folder.glob("*/study.py")]
        raise Refused(f"{path}: study '{name}' has no {name}/study.py; {nearest(name, known)}")
    return declared(path, package, f"{name}.study")


def existing(path: str | Path) -> Path:
    """Return a folder's own path; refuse what is none, with the nearest paper."""
    try:
        folder = Path(path).resolve()
        if folder.is_dir():
            return folder
        why = "no such folder"
    except RuntimeError:  # what Python makes of links that lead back to themselves
        why = "no such folder, its links lead in a loop"
    except (OSError, ValueError) as error:
        why = f"no such folder ({getattr(error, 'strerror', None) or error})"
    text = short(str(path), PATH)
    raise Refused(f"{text}: {why}; {nearest(text, map(str, folders()))}")


def load_each(paths: Sequence[str]) -> list[Folder]:
    """Return the papers of the given folders; `papers` itself stands for all in it."""
    found: list[Folder] = []
    for path in paths:
        folder = existing(path)
        inside = [] if (folder / "paper.py").exists() else folders(Path(path))
        for each in inside or [Path(path)]:
            paper = load(each)
            if any(paper.path == other.path for other in found):
                raise Refused(f"{path}: {paper.name} is named twice; once is enough")
            found.append(paper)
    return found


def folders(root: Path = ROOT) -> list[Path]:
    """Return the folders below `root` that hold a paper."""
    return sorted(file.parent for file in root.glob("*/paper.py"))


def load_all(root: Path = ROOT) -> list[Folder]:
    """Return every paper below `root`."""
    return [load(folder) for folder in folders(root)]


@dataclass(frozen=True)
class Shared:
    """A folder that papers share: it declares nothing, but its hot paths are timed."""

    path: Path
    bench: str  # the module that has them: "bench", or "speed.bench" of a folder with rooms

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def pairs(self) -> list[Pair]:
        """Return the oracles with their fast forms."""
        module = importlib.import_module(f"{dotted(self.path)}.{self.bench}")
        pairs: list[Pair] = module.pairs()
        return pairs


def shared(folder: Path) -> Shared | None:
    """Return a folder without paper.py as one that papers share, where it has a bench."""
    if (folder / "paper.py").exists():
        return None
    for noun in BENCHES:
        if folder.joinpath(*noun.split(".")).with_suffix(".py").exists():
            return Shared(folder.resolve(), noun)
    return None


def timed(paths: Sequence[str]) -> list[Folder | Shared]:
    """Return what `bench` times: the given folders, or every paper and what they share."""
    found: list[Folder | Shared] = []
    for path in paths or (str(ROOT),):
        own = (Path(path) / "paper.py").exists() or shared(Path(path))
        inside = [] if own else _inside(Path(path))
        found += [shared(folder) or load(folder) for folder in inside or [Path(path)]]
    return found


def _inside(root: Path) -> list[Path]:
    """Return the folders below `root` that hold a paper, or that papers share and time."""
    below = (path for path in root.iterdir() if path.is_dir()) if root.is_dir() else ()
    return sorted([*folders(root), *(path for path in below if shared(path))])


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the folder that it should be in
        return False


def classes(config: Any) -> list[str]:
    """Return "module:Class" of a config and of the configs inside it."""
    inside = [getattr(config, field.name) for field in fields(config)]
    own = f"{type(config).__module__}:{type(config).__qualname__}"
    return [own, *(name for value in inside if is_dataclass(value) for name in classes(value))]


def dotted(folder: Path) -> str:
    """Return the folder's dotted name and make sure that Python finds it."""
    parts = [folder.name]
    while (folder.parent / "__init__.py").exists():
        folder = folder.parent
        parts.insert(0, folder.name)
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    return ".".join(parts)
