"""Python's and JSON's literals, with the place of each: read from the syntax tree, never run.

Lists, tuples, dictionaries, texts, whole numbers, fractions and None; `range(...)`, which Python
prints for the concatenated states; and `Genotype(field=...)`, which it prints for a cell. Nothing
else is a literal: a call of another name, an attribute, an operator are refused where they stand.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Any

from harness.paper import Refused
from papers.cells.notation.source import Source, Spot, shortened

RECORD = "Genotype"  # the one record that is read: its fields are those of a dictionary


@dataclass(frozen=True)
class Fields:
    """What a dictionary or `Genotype(...)` holds; `at` is where it begins."""

    items: dict[str, Literal]
    keys: dict[str, int]  # the place of each field's name
    at: int


@dataclass(frozen=True)
class Literal:
    """A literal: a text, a number, None, a range, `Fields`, or the items of a list or tuple."""

    value: Any
    at: int
    written: str  # as it stands in the text, shortened


def literal(source: Source) -> tuple[str, Literal]:
    """Return the name that a text assigns to (`DARTS = Genotype(...)`; or "") and its literal.

    Raises:
        Refused: no Python, more than one statement, or what is no literal; with its place.
    """
    tree = _Tree(source)
    try:
        return _assigned(source, tree)
    except (MemoryError, RecursionError) as error:  # the parser has both words for it
        raise source.refused(tree.skipped, "nested too deeply to be a cell") from error


def _assigned(source: Source, tree: _Tree) -> tuple[str, Literal]:
    body = tree.parsed().body
    if len(body) != 1:
        second = body[1] if body else None
        at = tree.place(second) if second else 0
        raise source.refused(at, "a text holds one cell, this one begins another statement")
    match body[0]:
        case ast.Expr(value=value):
            return "", tree.read(value)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, tree.read(value)
    raise tree.refused(body[0], "is no literal")


class _Tree:
    """The syntax tree of a source, its nodes read one by one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.skipped = len(source.text) - len(source.text.lstrip())  # Python minds the indent
        self.text = source.text[self.skipped :]
        self.lines = self.text.split("\n")

    def parsed(self) -> ast.Module:
        """Return the tree; refuse what is no Python where Python does."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in texts, which no name has
                return ast.parse(self.text)
        except SyntaxError as error:
            line = min(max(error.lineno or 1, 1), len(self.lines))
            column = min(max(error.offset or 1, 1) - 1, len(self.lines[line - 1]))
            raise self.source.refused(self._absolute(line, column), error.msg) from error
        except ValueError as error:  # a character that no program has
            raise Refused(f"no text of a cell: {error}") from error

    def _absolute(self, line: int, column: int) -> int:
        return self.skipped + sum(len(text) + 1 for text in self.lines[: line - 1]) + column

    def place(self, node: Any) -> int:
        """Return how many characters stand before a node (the tree counts bytes of its line)."""
        head = self.lines[node.lineno - 1].encode()[: node.col_offset]
        return self._absolute(node.lineno, len(head.decode()))

    def written(self, node: ast.AST) -> str:
        """Return what a node looks like in the text, shortened."""
        return shortened(ast.get_source_segment(self.text, node) or "")

    def refused(self, node: ast.AST, why: str) -> Refused:
        """Return the refusal of a node."""
        return self.source.refused(self.place(node), f"{self.written(node)} {why}")

    def read(self, node: ast.AST) -> Literal:
        """Return the literal of a node."""
        return Literal(self._value(node), self.place(node), self.written(node))

    def _value(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=value) if type(value) in (str, int, float, type(None)):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return tuple(self.read(element) for element in elements)
            case ast.Dict(keys=keys, values=values):
                return self._fields(node, [self._key(key, node) for key in keys], values)
            case ast.Call(func=ast.Name(id="range"), args=ends, keywords=[]):
                return self._range(node, ends)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=given):
                return self._record(node, name, given)
        raise self.refused(node, "is no literal: only texts, numbers and lists of them are read")

    def _record(self, node: ast.Call, name: str, given: list[ast.keyword]) -> Fields:
        if name != RECORD:
            raise self.refused(node, f"is a call: only {RECORD}(...) and range(...) are read")
        if node.args:
            raise self.refused(node.args[0], f"needs its field's name: {RECORD}(normal=...)")
        keys = [Spot(field.arg or "**", self.place(field)) for field in given]
        return self._fields(node, keys, [field.value for field in given])

    def _key(self, key: ast.expr | None, node: ast.Dict) -> Spot[str]:
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            raise self.refused(key or node, "is no field's name: they are texts")
        return Spot(key.value, self.place(key))

    def _fields(self, node: ast.expr, keys: list[Spot[str]], values: list[ast.expr]) -> Fields:
        items: dict[str, Literal] = {}
        for key, value in zip(keys, values, strict=True):
            if key.value in items:
                raise self.source.refused(key.at, f"field '{shortened(key.value)}' comes twice")
            items[key.value] = self.read(value)
        return Fields(items, {key.value: key.at for key in keys}, self.place(node))

    def _range(self, node: ast.Call, ends: list[ast.expr]) -> range:
        numbers = [self.read(end).value for end in ends]
        if not 1 <= len(numbers) <= 3 or any(type(number) is not int for number in numbers):
            raise self.refused(node, "is no range: range(first, end) has whole numbers")
        if numbers[2:] == [0]:
            raise self.refused(node, "is no range: its step is 0")
        return range(*numbers)
