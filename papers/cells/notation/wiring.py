"""What a text of a node or recurrent cell must say, checked where the text says it.

`papers.cells.space.genotype.NodeCell.check` has the same rules for cells that no text wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.paper import nearest
from papers.cells.notation.dialects import AUTODL_NAMES
from papers.cells.notation.source import Source, Spot, shortened
from papers.cells.space.genotype import INPUTS, NodeCell, Pair
from papers.cells.space.hand_made import HAND_MADE
from papers.cells.space.node import NODE_SPACES

ACTIVATIONS = ("none", "tanh", "relu", "sigmoid", "identity")
OPERATIONS = tuple(
    sorted(
        {op for space in NODE_SPACES.values() for op in space.ops}
        | {op for op, _ in HAND_MADE.pairs}
        | {"noise"}  # of DARTS's reduced space S4
    )
)


@dataclass(frozen=True)
class Recurrent:
    """A recurrent cell: (activation, state) for nodes 1, 2, ...; state 0 is the root.

    The output is the mean of the states in `mean` (Liu et al. 2019, arXiv:1806.09055, Sec. 2.1).
    """

    nodes: tuple[Pair, ...]
    mean: tuple[int, ...]

    @property
    def text(self) -> str:
        """The cell as one line: `sigmoid~0 relu~1 ; mean 1 2`."""
        nodes = " ".join(f"{name}~{state}" for name, state in self.nodes)
        return f"{nodes} ; mean {' '.join(map(str, self.mean))}"


@dataclass(frozen=True)
class Written:
    """A cell as a text has it, before it is checked: pairs, and the states of the output."""

    pairs: Sequence[tuple[Spot[str], Spot[int]]]
    output: Iterable[Spot[int]]
    at: int  # where its pairs begin


@dataclass(frozen=True)
class Rule:
    """How cells of a kind are built: inputs, pairs of a node, operations, the output's name."""

    inputs: int
    each: int
    ops: tuple[str, ...]
    output: str


NODES = Rule(INPUTS, 2, OPERATIONS, "concat")
RECURRENT = Rule(1, 1, ACTIVATIONS, "mean")


def node_cell(source: Source, name: str, written: Written) -> NodeCell:
    """Return the cell of a text, called `name` in refusals, which have the place."""
    return NodeCell(*_checked(source, name, written, NODES))


def recurrent_cell(source: Source, written: Written) -> Recurrent:
    """Return the recurrent cell of a text."""
    return Recurrent(*_checked(source, "recurrent", written, RECURRENT))


def _checked(
    source: Source, name: str, written: Written, rule: Rule
) -> tuple[tuple[Pair, ...], tuple[int, ...]]:
    pairs = []
    for place, (op, state) in enumerate(written.pairs):
        node = rule.inputs + place // rule.each
        where = f"{name}, node {node}"
        known = AUTODL_NAMES.get(op.value, op.value)
        if known not in rule.ops:
            why = f"unknown operation '{shortened(op.value)}'; {nearest(op.value, rule.ops)}"
            raise source.refused(op.at, f"{where}: {why}")
        if not 0 <= state.value < node:
            states = f"states 0 to {node - 1}" if node > 1 else "state 0 only"
            raise source.refused(state.at, f"{where}: reads {states}, not {_number(state.value)}")
        pairs.append((known, state.value))
    if not pairs or len(pairs) % rule.each:
        why = f"{len(pairs)} pairs, but every node has {rule.each}"
        raise source.refused(written.at, f"{name}: {why}")
    return tuple(pairs), _output(source, name, written, rule)


def _output(source: Source, name: str, written: Written, rule: Rule) -> tuple[int, ...]:
    states = rule.inputs + len(written.pairs) // rule.each
    found: list[int] = []
    at = written.at
    for state in written.output:  # a range may be long: its first fault ends it
        at = state.at
        if not 0 <= state.value < states:
            why = f"there are states 0 to {states - 1}, not {_number(state.value)}"
            raise source.refused(at, f"{name}, {rule.output}: {why}")
        if state.value in found:
            raise source.refused(at, f"{name}, {rule.output}: state {state.value} comes twice")
        found.append(state.value)
    if max(found, default=0) < rule.inputs:
        raise source.refused(at, f"{name}, {rule.output}: no node leads to the output")
    return tuple(found)


def _number(value: int) -> str:
    """Return a number as text, also one that is too long for Python to print."""
    return str(value) if abs(value) < 10**12 else "a number of more than 12 digits"
