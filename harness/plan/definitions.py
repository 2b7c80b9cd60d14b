"""The definitions at the top level of modules, read from their files: nothing is imported.

A definition is one statement: a function, a class, an assignment, or a block that binds names. An
import binds a name too; it is followed to what it leads to, through any number of re-exports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from harness.plan.scopes import (
    DEFINED,
    WHOLE,
    Import,
    Key,
    Scope,
    Target,
    Targets,
    binds,
    by_name,
    imports,
    names_of,
)
from harness.plan.wording import Wording, wording

# what brings a data set to where it is read: the data's own hash, in every result, says what came
# (the last four: their names until they had a room)
BRINGS_DATA = {f"harness.data.{name}" for name in ("store", "registry", "download", "dvc")} | {
    f"harness.{name}" for name in ("datasets", "datasets_registry", "download", "datasets_dvc")
}


@dataclass
class Module:
    """One parsed file: its statements, which names they bind, and what it imports."""

    name: str
    package: str
    statements: list[ast.stmt]
    bound: list[tuple[str, ...]] = field(default_factory=list)
    places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)


@lru_cache(maxsize=4096)
def parsed(name: str, is_package: bool, source: bytes) -> Module:
    """Return the definitions of a module's source; each source is parsed once."""
    tree = ast.parse(source)
    package = name if is_package else name.rpartition(".")[0]
    module = Module(name, package, list(_statements(tree.body)))
    module.imported = sorted(set(_imported(tree, package)))
    for place, statement in enumerate(module.statements):
        names = tuple(dict.fromkeys(names_of(statement))) if not _is_import(statement) else ()
        module.bound.append(names)
        for part, bound in enumerate(names):
            module.places.setdefault(bound, []).append((place, part))
        if not isinstance(statement, DEFINED):
            for bound, items in binds([statement], package, Scope("module")).imports.items():
                module.imports.setdefault(bound, []).extend(items)
    module.stars = [item.module for item in module.imports.pop("*", [])]
    return module


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, less what runs only when it is the program.

    What stands under `if TYPE_CHECKING` counts like the rest, for dataclasses name their types.
    """
    for statement in body:
        test = ast.unparse(statement.test) if isinstance(statement, ast.If) else ""
        if isinstance(statement, ast.If) and test.endswith("TYPE_CHECKING"):
            yield from _statements([*statement.body, *statement.orelse])
        elif not test.startswith("__name__ =="):
            yield statement


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and bool(by_name(statement.value))


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted name of all that may be a module and that is imported anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for item in imports(node, package):
                yield from (item.module, f"{item.module}.{item.attribute}")
        elif by_name(node):
            yield by_name(node)


class Modules:
    """All modules below one root, and those of the harness, by their dotted names."""

    def __init__(self, root: Path, instrument: Path) -> None:
        self.root, self.instrument = root, instrument
        self.read: dict[Path, bytes | None] = {}  # every file looked for, with what it holds
        self.module = cache(self._module)
        self.is_project = cache(self._is_project)
        self.resolve = cache(self._resolve)
        self.wording = cache(self._wording)

    def is_current(self) -> bool:
        """Tell whether every file that was read, or was not there, is still as it was."""
        return all(_content(path) == content for path, content in self.read.items())

    def _home(self, name: str) -> Path:
        top = name.partition(".")[0]
        return (self.instrument if top == "harness" else self.root).joinpath(*name.split("."))

    def _module(self, name: str) -> Module | None:
        """Return a module of the project; None where the name is a library's or a folder's."""
        if name in BRINGS_DATA:
            return None
        above = name.rpartition(".")[0]
        parent = self.module(above) if above else None
        if above and (not self.is_project(above) or (parent and parent.package != above)):
            return None  # a library's, or the name of a definition in a file
        home = self._home(name)
        for path in (home / "__init__.py", home.with_name(f"{home.name}.py")):
            self.read[path] = content = _content(path)
            if content is not None:
                return parsed(name, path.parent == home, content)
        return None

    def _is_project(self, name: str) -> bool:
        return self.module(name) is not None or self._home(name).is_dir()

    # -- where names lead -----------------------------------------------------------------------

    def _resolve(self, name: str, attribute: str) -> Targets:
        """Return what a name at the top level of a module leads to, or nothing."""
        return tuple(dict.fromkeys(self._search(name, attribute, frozenset())))

    def _search(
        self, name: str, attribute: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Target]:
        module = self.module(name)
        if module is None or (name, attribute) in seen:
            return
        seen |= {(name, attribute)}
        for place, part in module.places.get(attribute, []):
            yield Target(name, place, part)
        for item in module.imports.get(attribute, []):
            yield from self._follow(item, seen)
        if attribute not in module.places and attribute not in module.imports:
            for star in module.stars:
                yield from self._search(star, attribute, seen)

    def _follow(self, item: Import, seen: frozenset[tuple[str, str]]) -> Iterator[Target]:
        dotted = f"{item.module}.{item.attribute}".rstrip(".")
        if not item.attribute or not self.is_project(item.module):
            yield Target(dotted, external=not self.is_project(item.module))
            return
        found = list(self._search(item.module, item.attribute, seen))
        if not found and self.is_project(dotted):
            found = [Target(dotted)]
        # a module may make its attributes when they are asked for
        yield from found or self._search(item.module, "__getattr__", seen)

    def imported(self, item: Import) -> Targets:
        """Return what an import leads to."""
        return tuple(self._follow(item, frozenset()))

    def attribute(self, module: str, name: str) -> Targets:
        """Return what an attribute of a module leads to: a definition, or a module inside it."""
        found = self.resolve(module, name)
        inner = f"{module}.{name}"
        return found or ((Target(inner),) if self.is_project(inner) else ())

    # -- what definitions say -------------------------------------------------------------------

    def _wording(self, key: Key) -> Wording:
        """Return the words of a definition, or of a whole module: each name and what it is."""
        module = self.module(key[0])
        if module is None:
            return Wording()
        names = Names(self, module)
        if key[1] == WHOLE:
            every = ", ".join(f"{name}={name}" for name in sorted(self._every(module.name, set())))
            return wording(ast.parse(f"_ = dict({every})").body[0], ("_",), names)
        return wording(module.statements[key[1]], module.bound[key[1]], names)

    def _every(self, name: str, seen: set[str]) -> set[str]:
        """Return every name that stands at the top level of a module."""
        module = self.module(name) if name not in seen else None
        if module is None:
            return set()
        seen.add(name)
        more = [self._every(star, seen) for star in module.stars]
        return {*module.places, *module.imports}.union(*more)

    def closure(self, names: Sequence[str]) -> list[str]:
        """Return the modules that are imported, at once or later, where these are."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            parts = name.split(".")
            waiting += [".".join(parts[:end]) for end in range(1, len(parts)) if name not in found]
            module = self.module(name) if name not in found else None
            found.add(name)
            waiting += module.imported if module is not None else []
        return sorted(name for name in found if self.module(name) is not None)


class Names:
    """The names of one module."""

    def __init__(self, modules: Modules, module: Module) -> None:
        self.modules, self.module, self.package = modules, module, module.package

    def named(self, name: str) -> Targets:
        """Return what a name at the top level of this module leads to."""
        return self.modules.resolve(self.module.name, name)

    def imported(self, item: Import) -> Targets:
        """Return what an import inside this module leads to."""
        return self.modules.imported(item)

    def attribute(self, module: str, name: str) -> Targets:
        """Return what an attribute of some module leads to."""
        return self.modules.attribute(module, name)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
