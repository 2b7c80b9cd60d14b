"""Cells that are written as one line, without brackets: edge cells, and this project's own lines.

|c5~0|+|skip~0|avg~1|                            an edge cell; NAS-Bench-201's names too
normal: a~0 b~1 | c~0 d~2 ; concat 2 3 / ...     a genotype, or its normal cell alone
sigmoid~0 relu~1 ; mean 1 2                      a recurrent cell
"""

from __future__ import annotations

import re

from harness.paper import nearest
from papers.cells.notation.dialects import NB201_NAMES
from papers.cells.notation.source import Source, Spot, pieces, shortened
from papers.cells.notation.wiring import Recurrent, Written, node_cell, recurrent_cell
from papers.cells.space.edge import NB201, T0, T2, Code, EdgeSpace
from papers.cells.space.genotype import CELLS, NodeCell

FOREIGN = {theirs for theirs, ours in NB201_NAMES.items() if theirs != ours}
NUMBER = re.compile("[0-9]{1,9}")
ENTRY = re.compile(f"([^\\s~]*)~({NUMBER.pattern})")  # operation~state

# -- edge cells -----------------------------------------------------------------------------------


def edge_cell(source: Source, space: EdgeSpace | None = None) -> tuple[EdgeSpace, Code]:
    """Return an edge cell and its space: the given one, or the one that its names tell.

    NAS-Bench-201's names are those of its space, whatever they are; so is `c1`. Other cells are of
    T2, those of three nodes of T0, and spaces around a `+` do not matter.

    Raises:
        Refused: what is no edge cell, or of another space; with the place.
    """
    nodes = list(pieces(Spot(source.text, 0), "+"))
    entries = [_entries(source, node, target) for target, node in enumerate(nodes, start=1)]
    found = [entry for node in entries for entry in node]
    names = {entry.value for entry in found}
    foreign = bool(names & FOREIGN)
    if space is None:
        own = T0 if len(nodes) == T0.nodes - 1 else T2
        space = NB201 if foreign or "c1" in names else own
    if len(nodes) != space.nodes - 1:
        at = nodes[-1].at if len(nodes) > space.nodes - 1 else len(source.text.rstrip())
        why = f"{len(nodes)} nodes, but {space.name} has {space.nodes - 1}"
        raise source.refused(at, f"{why} after its input")
    known = {name: name for name in space.ops}
    if foreign and space is NB201:
        known = NB201_NAMES
    for entry in found:
        if entry.value not in known:
            why = f"unknown operation '{shortened(entry.value)}' in {space.name}"
            raise source.refused(entry.at, f"{why}; {nearest(entry.value, known)}")
    return space, space.code(tuple(known[entry.value] for entry in found))


def _entries(source: Source, node: Spot[str], target: int) -> list[Spot[str]]:
    """Return the operations of a node: `|a~0|b~1|` has one from each earlier node, in order."""
    body = node.value
    if len(body) < 2 or not (body[0] == body[-1] == "|"):
        raise source.refused(
            node.at, f"node {target}: '{shortened(body)}' must stand between bars"
        )
    found: list[Spot[str]] = []
    for part in pieces(Spot(body[1:-1], node.at + 1), "|"):
        entry = ENTRY.fullmatch(part.value)
        state = len(found)
        if not entry or int(entry[2]) != state or state == target:
            what = f"an operation and '~{state}'" if state < target else "the node's end"
            text = shortened(part.value)
            raise source.refused(part.at, f"node {target}: '{text}' stands where {what} belongs")
        found.append(Spot(entry[1], part.at))
    if len(found) != target:
        end = node.at + len(body) - 1
        why = f"node {target}: has an edge from each of {target} nodes, here are {len(found)}"
        raise source.refused(end, why)
    return found


# -- this project's lines -------------------------------------------------------------------------


def cells(source: Source) -> dict[str, NodeCell]:
    """Return the cells of a line that `Genotype.text` wrote, or of its normal half."""
    found: dict[str, NodeCell] = {}
    for part in pieces(Spot(source.text, 0), "/"):
        head, colon, body = part.value.partition(":")
        if len(found) == len(CELLS):
            raise source.refused(part.at, "a genotype has two cells, this is a third")
        name = CELLS[len(found)]
        if head.strip() != name or not colon:
            text = shortened(head)
            raise source.refused(part.at, f"'{text}': the {name} cell must begin with '{name}:'")
        begin = part.at + len(head) + 1
        found[name] = node_cell(source, name, _written(source, Spot(body, begin), name, "concat"))
    return found


def recurrent(source: Source) -> Recurrent:
    """Return the recurrent cell of a line that `Recurrent.text` wrote."""
    whole = Spot(source.text, 0)
    return recurrent_cell(source, _written(source, whole, "recurrent", "mean"))


def _written(source: Source, body: Spot[str], name: str, output: str) -> Written:
    """Read `a~0 b~1 | c~0 d~2 ; concat 2 3`; cells of one pair a node have no bars."""
    head, _, _ = body.value.partition(";")
    bars, since = output == "concat", 0  # pairs since the last bar
    pairs: list[tuple[Spot[str], Spot[int]]] = []
    for word in re.finditer(r"\||[^\s|]+", head):
        at, text, entry = body.at + word.start(), word.group(), ENTRY.fullmatch(word.group())
        if bars and (text == "|") != (since == 2):
            why = f"{name}: '{shortened(text)}', but a node has two pairs, and a bar ends it"
            raise source.refused(at, why)
        if bars and text == "|":
            since = 0
        elif entry:
            pairs.append((Spot(entry[1], at), Spot(int(entry[2]), at + entry.start(2))))
            since += 1
        else:
            raise source.refused(at, f"{name}: '{shortened(text)}' is not 'operation~state'")
    if bars and pairs and since == 0:
        end = body.at + len(head.rstrip()) - 1
        raise source.refused(end, f"{name}: a bar ends the last node, none follows")
    return Written(pairs, _output(source, body, name, output), body.at)


def _output(source: Source, body: Spot[str], name: str, output: str) -> list[Spot[int]]:
    """Read what stands after the nodes: `concat 2 3`."""
    head, _, tail = body.value.partition(";")
    at = min(body.at + len(head) + 1, len(source.text))
    words = [Spot(word.group(), at + word.start()) for word in re.finditer(r"\S+", tail)]
    wanted = [output, *["a state"] * len(words[1:])]
    for word, right in zip(words or [Spot("", at)], wanted, strict=True):
        if not (word.value == output if right == output else NUMBER.fullmatch(word.value)):
            why = f"{name}: '{shortened(word.value)}', but '; {output}' and states end a cell"
            raise source.refused(word.at, why)
    return [Spot(int(word.value), word.at) for word in words[1:]]
