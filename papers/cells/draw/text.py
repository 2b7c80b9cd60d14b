"""Cells as text for terminals: a line for each edge, joined at the node that sums them.

    0 ── sep_conv_3x3 ──┐
    1 ── skip_connect ──┴─▶ 2 ──▶ out

What does not reach the output, or is not reached from the input, is dotted. Pictures are drawn by
`papers.cells.draw.svg`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import CELLS, INPUTS, Genotype, NodeCell

TITLES = {"normal": "normal cell", "reduce": "reduction cell"}


@dataclass(frozen=True)
class Line:
    """An operation between two states, and whether the output depends on it."""

    source: int
    op: str
    target: int
    live: bool = True


def edge_lines(space: EdgeSpace, code: Code) -> list[Line]:
    """Return the edges of an edge cell, in the order of the code."""
    names, edges, last = space.names(code), space.edges, space.nodes - 1
    present = [edge for edge, name in zip(edges, names, strict=True) if name != "none"]
    reached, needed = {0}, {last}
    for source, target in present:  # target-major: sources are settled before they are read
        reached |= {target} if source in reached else set()
    for source, target in reversed(present):
        needed |= {source} if target in needed else set()
    return [
        Line(s, name, t, name != "none" and s in reached and t in needed)
        for (s, t), name in zip(edges, names, strict=True)
    ]


def node_lines(cell: NodeCell) -> list[Line]:
    """Return the pairs of a cell, in their order."""
    needed = set(cell.concat)
    for node, pairs in reversed(cell.nodes.items()):
        needed |= {j for _, j in pairs} if node in needed else set()
    places = enumerate(cell.pairs)
    nodes = ((INPUTS + place // 2, op, j) for place, (op, j) in places)
    return [Line(j, op, node, op != "none" and node in needed) for node, op, j in nodes]


def edge_text(space: EdgeSpace, code: Code) -> str:
    """Return an edge cell as text: its names, then its edges."""
    lines = edge_lines(space, code)
    digits = "".join(map(str, code))
    head = f"{space.name} {digits}, number {space.encode(code)}: {space.text(code)}"
    drawn = joined(lines, {space.nodes - 1})
    if not any(line.live for line in lines):
        drawn.append("  dead: nothing leads from the input to the output")
    return "\n".join([head, *drawn])


def cell_text(cell: NodeCell) -> str:
    """Return one cell of a genotype as text, the concatenated states at the right."""
    return "\n".join(joined(node_lines(cell), set(cell.concat)))


def genotype_text(genotype: Genotype, title: str = "") -> str:
    """Return both cells as text, under a title."""
    return cells_text({name: genotype.cell(name) for name in CELLS}, title)


def cells_text(cells: Mapping[str, NodeCell], title: str = "") -> str:
    """Return the cells of these names as text, under a title."""
    blocks = [title] if title else []
    for name, cell in cells.items():
        states = " ".join(map(str, cell.concat))
        head = f"{TITLES[name]} (0 older input, 1 newer input), concat {states}"
        blocks.append(f"{head}\n{cell_text(cell)}")
    return "\n\n".join(blocks)


def joined(lines: Sequence[Line], ends: set[int]) -> list[str]:
    """Return the rows of a drawing; the states in `ends` lead to the output."""
    width = max(len(line.op) for line in lines)
    left, states = [], []  # each row's text, and the state that it ends in (-1: none)
    targets = {line.target for line in lines}
    digits = len(str(max(targets)))
    for state in sorted(ends - targets):
        left.append(f"  {state:<{digits}} ──{'─' * (width + 2)}────────")
        states.append(state)
    for target in sorted(targets):
        group = [line for line in lines if line.target == target]
        for row, line in enumerate(group):
            dash = "─" if line.live else "·"
            text = f"  {line.source:<{digits}} {dash * 2} {line.op} "
            text += f"{dash * (width - len(line.op) + 2)}"
            final = row == len(group) - 1
            text += _corner(row, len(group)) if len(group) > 1 else dash
            arrow = "─▶" if any(line.live for line in group) else "·▷"
            head = f"{arrow} {target:<{digits}} "
            left.append(text + (head if final else " " * len(head)))
            states.append(target if final else -1)
    return _collected(left, states, ends)


def _corner(row: int, rows: int) -> str:
    if rows == 1:
        return "─"
    return "┐" if row == 0 else "┴" if row == rows - 1 else "┤"


def _collected(left: list[str], states: list[int], ends: set[int]) -> list[str]:
    """Return rows with the line that collects the ends at their right."""
    rows = [row for row, state in enumerate(states) if state in ends]
    drawn = []
    for row, text in enumerate(left):
        mark = "  │" if rows[0] < row < rows[-1] else ""
        if row in rows:
            corner = _corner(rows.index(row), len(rows))
            mark = f"──{corner}" + ("─▶ out" if row == rows[-1] else "")
        drawn.append((text + mark).rstrip())
    return drawn
