"""What the literals that people print of a cell mean.

    Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=..., ...)
        DARTS's record, which most later papers kept: two pairs a node, one after another
    {'normal': [(('skip_connect', 0), ('skip_connect', 1)), ...], 'normal_concat': [2, 3, 4, 5]}
        GDAS's: the pairs of a node together; without a reduction cell where that is made by hand
    Genotype(recurrent=[('relu', 0), ...], concat=range(1, 9))
        DARTS's and GDAS's recurrent cells
    {"nodes": [["relu", 0], ...], "concat": [1, 2], "origin": "..."}, {"space": ..., "cell": ...}
        `cell.json` of this project's trials
    (4, 0, 3, 1, 4, 3)
        NASLib's numbers of an edge cell of NAS-Bench-201

A pair may have a third number, the weight that it had in the search: it is not part of the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.paper import Refused, nearest
from papers.cells.notation import lines
from papers.cells.notation.dialects import NASLIB_EDGES, NASLIB_OPS, from_naslib
from papers.cells.notation.literal import Fields, Literal
from papers.cells.notation.source import Source, Spot, shortened
from papers.cells.notation.wiring import Recurrent, Written, node_cell, recurrent_cell
from papers.cells.space.edge import NB201, SPACES, Code, EdgeSpace
from papers.cells.space.genotype import CELLS, NodeCell

Drafted = tuple[Spot[str], Spot[int]]

NODE_FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")
UNUSED = ("connectN", "connects")  # fields of AutoDL's record, None in all of its cells
KINDS = {  # the field that tells the kind: what it may have beside it
    "normal": (*NODE_FIELDS[1:], *UNUSED),
    "recurrent": ("concat",),
    "nodes": ("concat", "origin"),
    "space": ("cell",),
}


@dataclass(frozen=True)
class Cells:
    """The cells of a text by their names, and whether its pairs had weights beside them."""

    cells: dict[str, NodeCell]
    weighted: bool = False


def meant(source: Source, literal: Literal) -> tuple[EdgeSpace, Code] | Cells | Recurrent:
    """Return the cell that a literal means.

    Raises:
        Refused: a literal of another form, or a fault in the cell; with the place.
    """
    fields = literal.value
    if isinstance(fields, tuple):
        return NB201, _naslib(source, literal)
    if not isinstance(fields, Fields):
        raise source.refused(literal.at, f"{literal.written} is no cell")
    kind = _kind(source, fields)
    if kind == "normal":
        return _cells(source, fields)
    if kind == "space":
        return _edge_record(source, fields)
    pairs, _ = _pairs(source, fields.items[kind], kind)
    output = _states(source, fields, "concat")
    return recurrent_cell(source, Written(pairs, output, fields.items[kind].at))


def _kind(source: Source, fields: Fields) -> str:
    """Return the field that tells what kind of cell this is; refuse fields that it has not."""
    kind = next((kind for kind in KINDS if kind in fields.items), "")
    known = (kind, *KINDS[kind]) if kind else (*KINDS, *NODE_FIELDS)
    for name, at in fields.keys.items():
        if name not in known:
            raise source.refused(at, f"unknown field '{shortened(name)}'; {nearest(name, known)}")
    if not kind:
        raise source.refused(fields.at, f"a cell begins with one of the fields {', '.join(KINDS)}")
    return kind


def _field(source: Source, fields: Fields, name: str) -> Literal:
    if name not in fields.items:
        raise source.refused(fields.at, f"the field '{name}' is missing")
    return fields.items[name]


# -- genotypes ------------------------------------------------------------------------------------


def _cells(source: Source, fields: Fields) -> Cells:
    for name in UNUSED:
        given = fields.items.get(name)
        if given and given.value is not None:
            raise source.refused(given.at, f"{name}={given.written}: must be None")
    found, weighted = {}, False
    for name in CELLS:
        if name == "reduce" and _absent(source, fields):
            continue
        pairs, weights = _pairs(source, _field(source, fields, name), name)
        weighted |= weights
        output = _states(source, fields, f"{name}_concat")
        found[name] = node_cell(source, name, Written(pairs, output, fields.items[name].at))
    return Cells(found, weighted)


def _absent(source: Source, fields: Fields) -> bool:
    """Return whether a text has no reduction cell: it is made by hand, or was not searched."""
    given = fields.items.get("reduce")
    if given is None and "reduce_concat" in fields.items:
        raise source.refused(fields.keys["reduce_concat"], "stands without the field 'reduce'")
    return given is None or given.value is None


def _pairs(source: Source, listed: Literal, name: str) -> tuple[list[Drafted], bool]:
    """Return the pairs of a cell, by themselves or in nodes, and whether some had weights."""
    if not isinstance(listed.value, tuple):
        raise source.refused(listed.at, f"{name}: {listed.written} is no list of pairs")
    pairs: list[Drafted] = []
    weighted = False
    for item in _flat(source, listed.value, name):
        parts = item.value if isinstance(item.value, tuple) else ()
        types = [type(part.value) for part in parts]
        if types[:2] != [str, int] or types[2:] not in ([], [float], [int]):
            raise source.refused(item.at, f"{name}: {item.written} is not (operation, state)")
        weighted |= len(parts) == 3
        pairs.append((Spot(parts[0].value, parts[0].at), Spot(parts[1].value, parts[1].at)))
    return pairs, weighted


def _flat(source: Source, items: Sequence[Literal], name: str) -> Iterator[Literal]:
    """Yield pairs, also those of a node that holds its two together."""
    for item in items:
        inner = item.value if isinstance(item.value, tuple) else ()
        if not inner or not isinstance(inner[0].value, tuple):
            yield item
            continue
        if len(inner) != 2:
            why = f"{name}: {item.written} has {len(inner)} pairs, but every node has 2"
            raise source.refused(item.at, why)
        yield from inner


def _states(source: Source, fields: Fields, name: str) -> Iterator[Spot[int]]:
    """Yield the states of a list or range, each at its place; nobody counts a long range."""
    listed = _field(source, fields, name)
    if isinstance(listed.value, range):
        yield from (Spot(state, listed.at) for state in listed.value)
        return
    if not isinstance(listed.value, tuple):
        raise source.refused(listed.at, f"{name}: {listed.written} is no list of states")
    for item in listed.value:
        if type(item.value) is not int:
            raise source.refused(item.at, f"{name}: {item.written} is no state")
        yield Spot(item.value, item.at)


# -- edge cells -----------------------------------------------------------------------------------


def _naslib(source: Source, listed: Literal) -> Code:
    last = len(NASLIB_OPS) - 1
    for place, item in enumerate(listed.value):
        if type(item.value) is not int:
            why = f"{item.written} is no number: a list alone is NASLib's six of an edge cell"
            raise source.refused(item.at, why)
        if not 0 <= item.value <= last:
            why = f"number {place} is {item.written}; NASLib's operations are 0 to {last}"
            raise source.refused(item.at, why)
    count = len(listed.value)
    if count != len(NASLIB_EDGES):
        why = f"{count} numbers, but a cell of NASLib has {len(NASLIB_EDGES)} edges"
        raise source.refused(listed.at, why)
    return from_naslib([item.value for item in listed.value])


def _edge_record(source: Source, fields: Fields) -> tuple[EdgeSpace, Code]:
    space, cell = _field(source, fields, "space"), _field(source, fields, "cell")
    if space.value not in SPACES:
        known = nearest(str(space.value), SPACES)
        raise source.refused(space.at, f"unknown space {space.written}; {known}")
    if not isinstance(cell.value, str):
        raise source.refused(cell.at, f"{cell.written} is no text of an edge cell")
    try:
        return lines.edge_cell(Source(cell.value), SPACES[space.value])
    except Refused as error:
        raise source.refused(cell.at, f"in the text of the cell, {error}") from error
