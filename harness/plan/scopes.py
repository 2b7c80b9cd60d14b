"""Where the names inside one definition lead: its own scopes first, then what modules bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

Key = tuple[str, int]  # a module and a place in it, or WHOLE
WHOLE = -1
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True)
class Target:
    """What a name leads to: a definition, a module as a whole, or something of a library."""

    module: str
    place: int = WHOLE
    part: int = 0  # which of the names that one statement binds
    external: bool = False

    @property
    def key(self) -> Key:
        """The place of this target in the graph of definitions."""
        return self.module, self.place


Targets = tuple[Target, ...]


@dataclass(frozen=True)
class Import:
    """One name that an import binds: `from module import attribute as name`."""

    name: str
    module: str
    attribute: str = ""


class Resolver(Protocol):
    """Who knows where the names of one module lead."""

    package: str

    def named(self, name: str) -> Targets:
        """Return what a name at the top level of this module leads to."""

    def imported(self, item: Import) -> Targets:
        """Return what an import leads to."""

    def attribute(self, module: str, name: str) -> Targets:
        """Return what an attribute of a module leads to."""


@dataclass
class Scope:
    """The names that one function, comprehension or class body binds."""

    kind: str
    local: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global


def imports(node: ast.AST, package: str) -> Iterator[Import]:
    """Yield what a statement imports; `x = importlib.import_module("m")` is an import too."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield Import(alias.asname or top, alias.name if alias.asname else top)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        module = ".".join([*above, node.module] if node.module else above)
        for alias in node.names:
            yield Import(alias.asname or alias.name, module, alias.name)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        (target,), module = node.targets, by_name(node.value)
        if isinstance(target, ast.Name) and module:
            yield Import(target.id, module)


def by_name(node: ast.AST) -> str:
    """Return the module that `importlib.import_module("module")` imports, or nothing."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return ""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    called = node.func.id if isinstance(node.func, ast.Name) else called
    named = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    found = called == "import_module" and isinstance(named, str) and not named.startswith(".")
    return str(named) if found else ""


def binds(nodes: Iterable[ast.AST], package: str, scope: Scope) -> Scope:
    """Add the names that some statements bind in their own scope, not in those inside."""
    for node in nodes:
        found = list(imports(node, package))
        for item in found:
            scope.imports.setdefault(item.name, []).append(item)
        if isinstance(node, DEFINED):
            scope.local.add(node.name)
        elif isinstance(node, ast.Global):
            scope.outer |= set(node.names)
        elif isinstance(node, Comprehension):
            binds(_walrus(node), package, scope)
        elif not found and not isinstance(node, ast.Lambda):
            scope.local |= set(_bound(node))
            binds(ast.iter_child_nodes(node), package, scope)
    return scope


def _walrus(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what `:=` binds in a comprehension: names of the scope around it."""
    return (inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))


def names_of(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds, in the order in which they stand in it."""
    if isinstance(node, DEFINED):
        yield node.name
    elif isinstance(node, Comprehension):
        yield from (name for target in _walrus(node) for name in _bound(target))
    elif not isinstance(node, ast.Lambda):
        yield from _bound(node)
        for child in ast.iter_child_nodes(node):
            yield from names_of(child)


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


class Scopes:
    """The scopes around a place in a definition, innermost last."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.stack: list[Scope] = []

    def enter(self, kind: str, body: Iterable[ast.AST], local: Iterable[str] = ()) -> None:
        """Enter a scope; `local` are its parameters."""
        scope = binds(body, self.resolver.package, Scope(kind))
        scope.local = (scope.local | set(local)) - scope.outer
        self.stack.append(scope)

    def leave(self) -> None:
        """Leave the innermost scope."""
        self.stack.pop()

    @property
    def at_import(self) -> bool:
        """Whether this place runs as soon as its module is imported."""
        return all(scope.kind == "class" for scope in self.stack)

    @property
    def types_are_read(self) -> bool:
        """Whether the annotation of a variable is kept here: it is not inside functions."""
        kinds = [scope.kind for scope in self.stack if scope.kind != "comprehension"]
        return not kinds or kinds[-1] == "class"

    def is_global(self, name: str) -> bool:
        """Tell whether a name is declared global around this place."""
        return any(name in scope.outer for scope in self.stack)

    def _find(self, name: str) -> tuple[bool, Targets]:
        """Return whether a name may be a local one, and what it leads to at the top level."""
        maybe = inside = False
        for scope in reversed(self.stack):
            if name in scope.outer:
                break
            if scope.kind == "class" and inside:
                continue  # methods do not see what their class body binds
            maybe |= name in scope.local
            found = scope.imports.get(name, [])
            # a class body may read a name before it binds it: then it is the outer one
            if found or (scope.kind != "class" and name in scope.local):
                return maybe, tuple(t for item in found for t in self.resolver.imported(item))
            inside |= scope.kind == "function"
        return maybe, self.resolver.named(name)

    def chain(self, node: ast.AST) -> tuple[bool, list[tuple[Target, list[str]]]]:
        """Return where `name.attribute.attribute` leads, each with the attributes left over.

        And before that whether it may be a local name as well.
        """
        path: list[str] = []
        while isinstance(node, ast.Attribute):
            path.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            maybe, targets = self._find(node.id)
        else:
            module = by_name(node)
            maybe, targets = False, self.resolver.imported(Import("", module)) if module else ()
        return maybe, [pair for target in targets for pair in self._descend(target, path)]

    def _descend(self, target: Target, path: list[str]) -> Iterator[tuple[Target, list[str]]]:
        inner: Targets = ()
        if path and target.place == WHOLE and not target.external:
            inner = self.resolver.attribute(target.module, path[0])
        if not inner:
            yield target, path
        for each in inner:
            yield from self._descend(each, path[1:])

    def keys(self, node: ast.AST) -> set[Key]:
        """Return the definitions to which `name.attribute` leads."""
        return {t.key for t, _ in self.chain(node)[1] if not t.external and t.place != WHOLE}

    def changed(self, node: ast.AST) -> set[Key]:
        """Return the definitions on which `X.append(y)` or `X[i].y = z` acts, if any."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            found = self.keys(node)
            if found:
                return found
            node = node.func if isinstance(node, ast.Call) else node.value
        return self.keys(node)
