"""Genotypes: a normal and a reduction cell of nodes that each sum two operations.

States 0 and 1 are a cell's inputs, the older and the newer one; node i = 2, 3, ... is the sum of
two pairs (operation, state j < i); the cell's output is the concatenation of named states
(Liu et al. 2019, arXiv:1806.09055, Sec. 2.1; Zoph et al. 2017, arXiv:1707.07012, Sec. 3).

A genotype as text is one line, `normal: CELL / reduce: CELL`, and a cell is
`sep_conv_3x3~0 skip_connect~1 | ... ; concat 2 3 4 5`.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

from harness.paper import Refused, require

Pair = tuple[str, int]  # (operation, the state that it is applied to)

CELLS = ("normal", "reduce")
INPUTS = 2  # states that are no nodes


@dataclass(frozen=True)
class NodeCell:
    """One cell: two pairs for each node, and the states that are concatenated."""

    pairs: tuple[Pair, ...]
    concat: tuple[int, ...]

    @property
    def states(self) -> int:
        """Return how many states there are: two inputs and the nodes."""
        return INPUTS + len(self.pairs) // 2

    @property
    def nodes(self) -> dict[int, tuple[Pair, Pair]]:
        """The two pairs of every node, by the node's number."""
        pairs = zip(self.pairs[::2], self.pairs[1::2], strict=True)
        return dict(enumerate(pairs, start=INPUTS))

    @property
    def loose(self) -> tuple[int, ...]:
        """The loose ends: states that no node reads, cell inputs among them."""
        used = {j for _, j in self.pairs}
        return tuple(state for state in range(self.states) if state not in used)

    @property
    def canonical(self) -> NodeCell:
        """The same cell with the pairs of a node, and the concatenated states, in order."""
        ordered = (
            sorted(node, key=lambda pair: (pair[1], pair[0])) for node in self.nodes.values()
        )
        return NodeCell(tuple(itertools.chain.from_iterable(ordered)), tuple(sorted(self.concat)))

    @property
    def text(self) -> str:
        """The cell as text: `sep_conv_3x3~0 skip_connect~1 | ... ; concat 2 3 4 5`."""
        nodes = (" ".join(f"{op}~{j}" for op, j in node) for node in self.nodes.values())
        return f"{' | '.join(nodes)} ; concat {' '.join(map(str, self.concat))}"

    def check(self, name: str) -> None:
        """Refuse a cell that is no graph, under the name that the cell goes by.

        Raises:
            Refused: an odd number of pairs, a state that does not come before its reader, a
                concatenation of nothing, of cell inputs only, twice, or of what does not exist.
        """
        if not self.pairs or len(self.pairs) % 2:
            raise Refused(f"{name}: {len(self.pairs)} pairs, but every node has two")
        for place, (op, j) in enumerate(self.pairs):
            node = INPUTS + place // 2
            if not 0 <= j < node:
                where = f"{name}, node {node}, pair {place % 2}"
                raise Refused(f"{where}: '{op}~{j}' must read one of the states 0 to {node - 1}")
        for place, state in enumerate(self.concat):
            if not 0 <= state < self.states or state in self.concat[:place]:
                fault = "named twice" if state in self.concat[:place] else "unknown"
                raise Refused(
                    f"{name}, concat entry {place}: state {state} is {fault}; there are states 0 "
                    f"to {self.states - 1}"
                )
        if max(self.concat, default=0) < INPUTS:
            raise Refused(f"{name}, concat {self.concat}: no node leads to the output")


@dataclass(frozen=True)
class Genotype:
    """A normal and a reduction cell, as DARTS writes them: two pairs a node, one after another."""

    normal: tuple[Pair, ...]
    normal_concat: tuple[int, ...]
    reduce: tuple[Pair, ...]
    reduce_concat: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in CELLS:
            self.cell(name).check(name)

    @classmethod
    def of(cls, normal: NodeCell, reduce: NodeCell) -> Genotype:
        """Return the genotype of two cells."""
        return cls(normal.pairs, normal.concat, reduce.pairs, reduce.concat)

    def cell(self, name: str) -> NodeCell:
        """Return the cell `normal` or `reduce`."""
        if require(name, CELLS, "cell") == "normal":
            return NodeCell(self.normal, self.normal_concat)
        return NodeCell(self.reduce, self.reduce_concat)

    @property
    def canonical(self) -> Genotype:
        """The same network with every order that does not matter fixed: equal when they are."""
        return Genotype.of(self.cell("normal").canonical, self.cell("reduce").canonical)

    @property
    def text(self) -> str:
        """The genotype as one line: `normal: CELL / reduce: CELL`."""
        return " / ".join(f"{name}: {self.cell(name).text}" for name in CELLS)

    @classmethod
    def parse(cls, text: str) -> Genotype:
        """Return the genotype of a text that `text` wrote; refuse others with the position."""
        parts = text.split("/")
        if len(parts) != len(CELLS):
            raise Refused(f"'{text}': a genotype is 'normal: CELL / reduce: CELL'")
        cells = []
        for name, part in zip(CELLS, parts, strict=True):
            head, colon, body = part.partition(":")
            if head.strip() != name or not colon:
                raise Refused(f"'{part.strip()}': the {name} cell must begin with '{name}:'")
            cells.append(parse_cell(body, name))
        return cls.of(*cells)

    def json(self) -> str:
        """Return the genotype as a JSON object with the four fields."""
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_json(cls, text: str) -> Genotype:
        """Return the genotype of a JSON object with the four fields; refuse anything else."""
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise Refused(f"no JSON: {error}") from error
        fields = tuple(cls.__dataclass_fields__)
        if not isinstance(found, dict) or set(found) != set(fields):
            for name in found if isinstance(found, dict) else ():
                require(name, fields, "field of a genotype")
            raise Refused(f"a genotype is a JSON object with the fields {', '.join(fields)}")
        normal, reduce = (
            NodeCell(_pairs(found[name], name), _states(found[f"{name}_concat"], f"{name}_concat"))
            for name in CELLS
        )
        return cls.of(normal, reduce)


def parse_cell(text: str, name: str = "cell") -> NodeCell:
    """Return the cell of a text such as `a~0 b~1 | c~0 d~2 ; concat 2 3`, called `name` in errors.

    Raises:
        Refused: with the node and the pair that is none; see `NodeCell.check` for the rest.
    """
    body, _, tail = text.partition(";")
    pairs: list[Pair] = []
    for node, part in enumerate(body.split("|"), start=INPUTS):
        entries = part.split()
        if len(entries) != 2:
            raise Refused(f"{name}, node {node}: {len(entries)} pairs, but every node has two")
        for place, entry in enumerate(entries):
            op, _, j = entry.partition("~")
            if not j.isdecimal():
                where = f"{name}, node {node}, pair {place}"
                raise Refused(f"{where}: '{entry}' is not 'operation~state'")
            pairs.append((op, int(j)))
    word, *states = tail.split() or [""]
    if word != "concat" or not all(state.isdecimal() for state in states):
        raise Refused(f"{name}: '{tail.strip()}' must be '; concat 2 3 ...' after the nodes")
    cell = NodeCell(tuple(pairs), tuple(map(int, states)))
    cell.check(name)
    return cell


def _pairs(found: Any, name: str) -> tuple[Pair, ...]:
    pairs = []
    for place, pair in enumerate(found if isinstance(found, list) else [found]):
        if not (isinstance(pair, list) and [type(part) for part in pair] == [str, int]):
            raise Refused(f"{name}, entry {place}: {pair!r} is not [operation, state]")
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def _states(found: Any, name: str) -> tuple[int, ...]:
    if not isinstance(found, list) or not all(type(state) is int for state in found):
        raise Refused(f"{name}: {found!r} is not a list of states")
    return tuple(found)
