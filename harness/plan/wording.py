"""What one definition says, in a form that neither names, nor layout, nor Python's version moves.

The words of a definition are its syntax tree written out by hand rather than by `ast.dump`, whose
output differs among versions of Python: fields that are empty are left out, and so are docstrings,
imports, positions, and the annotations that nobody reads at run time. Parentheses, commas, quotes
and line breaks are no part of a tree, so that formatting changes nothing. Where the definition
names another one that stands at the top level of a module, there is a slot instead of the name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.plan.scopes import DEFINED, Comprehension, Key, Resolver, Scopes, imports

SLOT = "\x01"  # no text that `ascii` made contains it
UNSAID = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
# methods that change what a top-level name holds; called in a function they tie it to that name
CHANGERS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "register"}
    | {"remove", "setdefault", "update"}
)
# decorators that do not look at annotations
INERT = frozenset(
    {"abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "lru_cache"}
    | {"no_grad", "once_differentiable", "override", "property", "setter", "singledispatch"}
    | {"staticmethod", "wraps"}
)
PARAMETERS = ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg")


@dataclass
class Wording:
    """The words of one definition with slots for others, and what it does to them."""

    text: str = ""
    slots: list[Key] = field(default_factory=list)  # what stands in each slot, in order
    changes: set[Key] = field(default_factory=set)  # the definitions that it changes
    calls: set[Key] = field(default_factory=set)  # those that run as soon as it is made
    acts: bool = False  # whether importing it has an effect on something else


def wording(statement: ast.stmt, bound: Sequence[str], resolver: Resolver) -> Wording:
    """Return the words of a statement at the top level of a module; it binds these names."""
    writer = _Writer(bound, resolver)
    writer.statement(statement)
    writer.said.text = "\n".join(writer.parts)
    return writer.said


class _Writer:
    """Writes one statement and all that is in it."""

    def __init__(self, bound: Sequence[str], resolver: Resolver) -> None:
        self.bound, self.package = bound, resolver.package
        self.scopes = Scopes(resolver)
        self.parts: list[str] = []
        self.said = Wording()

    # -- any node -------------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> None:
        """Write a statement, unless it says nothing at run time."""
        worded = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if worded or isinstance(node, ast.Pass | ast.Global) or any(imports(node, self.package)):
            return
        if not self.scopes.stack and isinstance(node, ast.Expr):
            called = node.value.func if isinstance(node.value, ast.Call) else None
            self._note(self.scopes.changed(called) if isinstance(called, ast.Attribute) else set())
        elif self.scopes.at_import and not isinstance(node, DEFINED):
            functions = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
            self.said.calls |= {key for each in functions for key in self.scopes.keys(each)}
        self.write(node)

    def write(self, value: object) -> None:
        """Write a field of a node: a node, a list, a constant."""
        if isinstance(value, ast.AST):
            getattr(self, f"_{type(value).__name__.lower()}", self._any)(value)
        elif isinstance(value, list):
            self.parts.append("[")
            for item in value:
                self.statement(item) if isinstance(item, ast.stmt) else self.write(item)
            self.parts.append("]")
        else:
            self.parts.append(ascii(value))

    def _any(self, node: ast.AST, unsaid: frozenset[str] = UNSAID) -> None:
        self._open(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in unsaid and value is not None and value != []:
                self.parts.append(f".{name}")
                self.write(value)
        self.parts.append(")")

    def _open(self, node: ast.AST) -> None:
        self.parts.append(f"({type(node).__name__}")

    # -- names ----------------------------------------------------------------------------------

    def _refer(self, node: ast.AST) -> bool:
        """Write what a name leads to; return whether that says it all."""
        maybe, found = self.scopes.chain(node)
        for target, path in found:
            if target.external:
                self.parts.append(f"<{'.'.join([target.module, *path])}>")
            else:
                self.parts.append(f"{SLOT}{target.part}{''.join(f'.{name}' for name in path)}")
                self.said.slots.append(target.key)
        return bool(found) and not maybe

    def _own(self, name: str) -> None:
        """Write a name that is bound here: at the top level only which of the statement's it is.

        Inside it is a local name, an attribute or a field, and says what it is called.
        """
        outermost = not self.scopes.stack and name in self.bound
        self.parts.append(f"={self.bound.index(name)}" if outermost else name)

    def _name(self, node: ast.Name) -> None:
        stored = not isinstance(node.ctx, ast.Load)
        if stored and not self.scopes.is_global(node.id):
            self._own(node.id)
            return
        self.said.changes |= self.scopes.keys(node) if stored else set()
        if not self._refer(node):
            self.parts.append(node.id)

    def _attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._note(self.scopes.changed(node))
        if not self._refer(node):
            self._any(node)

    def _subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._note(self.scopes.changed(node))
        self._any(node)

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGERS:
            self.said.changes |= self.scopes.changed(node.func)
        if not self._refer(node):
            self._any(node)

    def _note(self, changed: set[Key]) -> None:
        """Note what a statement changes; at the top level that may be something else."""
        self.said.changes |= changed
        self.said.acts |= not changed and not self.scopes.stack

    # -- scopes ---------------------------------------------------------------------------------

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._open(node)
        self._own(node.name)
        read = self._decorators(node.decorator_list)
        self._signature(node.args, read)
        if read and node.returns is not None:
            self.write(node.returns)
        kinds = [str(getattr(kind, "name", "")) for kind in getattr(node, "type_params", [])]
        self.scopes.enter("function", node.body, [*_parameters(node.args), *kinds])
        self.write(node.body)
        self.scopes.leave()
        self.parts.append(")")

    _asyncfunctiondef = _functiondef

    def _lambda(self, node: ast.Lambda) -> None:
        self._open(node)
        self._signature(node.args, False)
        self.scopes.enter("function", [node.body], _parameters(node.args))
        self.write(node.body)
        self.scopes.leave()
        self.parts.append(")")

    def _classdef(self, node: ast.ClassDef) -> None:
        self._open(node)
        self._own(node.name)
        self._decorators(node.decorator_list)
        for value in (node.bases, node.keywords, getattr(node, "type_params", [])):
            self.write(value)
        if self.scopes.at_import:  # a base or a metaclass may note who inherits from it
            above = [*node.bases, *(keyword.value for keyword in node.keywords)]
            self.said.calls |= {key for each in above for key in self.scopes.keys(each)}
        self.scopes.enter("class", node.body)
        self.write(node.body)
        self.scopes.leave()
        self.parts.append(")")

    def _decorators(self, nodes: Sequence[ast.expr]) -> bool:
        """Write the decorators; return whether one of them may read annotations.

        `@table.register` puts what it decorates where others find it, and `@decorator` may.
        """
        self.write(list(nodes))
        read = False
        for node in nodes:
            function = node.func if isinstance(node, ast.Call) else node
            keys = self.scopes.keys(function)
            if self.scopes.at_import and isinstance(function, ast.Attribute):
                self.said.changes |= keys
            elif self.scopes.at_import:
                self.said.calls |= keys
            read |= bool(keys) or self._last(function) not in INERT
        return read

    def _last(self, function: ast.expr) -> str:
        """Return the last part of a decorator's full name."""
        found = self.scopes.chain(function)[1]
        full = [".".join([target.module, *path]) for target, path in found]
        return (full[0] if full else ast.unparse(function)).rpartition(".")[2]

    def _signature(self, arguments: ast.arguments, read: bool) -> None:
        """Write names and defaults of parameters, and annotations where a decorator reads them."""
        for kind in PARAMETERS:
            for parameter in _of_kind(arguments, kind):
                self.parts.append(f"{kind} {parameter.arg}")
                if read and parameter.annotation is not None:
                    self.write(parameter.annotation)
        self.write(arguments.defaults)
        self.write(arguments.kw_defaults)

    def _comprehension_of(self, node: Comprehension) -> None:
        """Write a comprehension; what its first loop goes over stands outside its scope."""
        self._open(node)
        self.write(node.generators[0].iter)
        self.scopes.enter("comprehension", [each.target for each in node.generators])
        for number, generator in enumerate(node.generators):
            self._any(generator, UNSAID if number else UNSAID | {"iter"})
        for value in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.write(value)
        self.scopes.leave()
        self.parts.append(")")

    _listcomp = _setcomp = _generatorexp = _dictcomp = _comprehension_of

    # -- what can be written in more than one way ------------------------------------------------

    def _annassign(self, node: ast.AnnAssign) -> None:
        """Write a local variable with its type as one without."""
        if self.scopes.types_are_read:
            self._any(node)
        elif node.value is not None:
            self.write(ast.Assign([node.target], node.value))

    def _joinedstr(self, node: ast.JoinedStr) -> None:
        """Write an f-string with its constant parts joined, however this Python cuts them."""
        self._open(node)
        constant = ""
        for value in node.values:
            if isinstance(value, ast.Constant):
                constant += str(value.value)
            else:
                self.parts.append(ascii(constant))
                constant = ""
                self.write(value)
        self.parts += [ascii(constant), ")"]

    def _constant(self, node: ast.Constant) -> None:
        self.parts.append(ascii(node.value))


def _of_kind(arguments: ast.arguments, kind: str) -> list[ast.arg]:
    value = getattr(arguments, kind)
    return value if isinstance(value, list) else [value] if value else []


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    return (parameter.arg for kind in PARAMETERS for parameter in _of_kind(arguments, kind))
