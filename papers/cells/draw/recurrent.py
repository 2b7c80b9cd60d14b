"""A recurrent cell as text and as a picture: a tree, because every node reads one state.

State 0 is the root, tanh of the word and of the last state; the output is the mean of states
(Liu et al. 2019, arXiv:1806.09055, Sec. 2.1). Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from papers.cells.draw.svg import CHIP, FAINT, PILL, WIRE, Sheet, collect, colours
from papers.cells.draw.text import Line, joined
from papers.cells.space.genotype import Pair

LEFT, TOP, STEP, ROW = 130, 84, 190, 52  # the root's place; from a state to its reader, to a row


def recurrent_lines(nodes: Sequence[Pair], mean: Sequence[int]) -> list[Line]:
    """Return the activations between a cell's states, and whether the mean depends on them."""
    needed, lines = set(mean), []
    for node in range(len(nodes), 0, -1):  # readers come after what they read
        op, j = nodes[node - 1]
        live = op != "none" and node in needed
        needed |= {j} if live else set()
        lines.append(Line(j, op, node, live))
    return lines[::-1]


def recurrent_text(nodes: Sequence[Pair], mean: Sequence[int], title: str = "") -> str:
    """Return a recurrent cell as text, under a title."""
    states = " ".join(map(str, mean))
    head = f"recurrent cell (0 tanh of x(t) and h(t-1)), h(t) the mean of {states}"
    blocks = [title] if title else []
    blocks.append("\n".join([head, *joined(recurrent_lines(nodes, mean), set(mean))]))
    return "\n\n".join(blocks)


def recurrent_svg(nodes: Sequence[Pair], mean: Sequence[int], title: str = "recurrent") -> str:
    """Return the picture of a recurrent cell; what the mean does not depend on is grey.

    A state has a row of its own and stands one step right of the one that it reads. Right of a
    state its row is free, so that lines to the mean cross nothing.
    """
    lines, sheet = recurrent_lines(nodes, mean), Sheet()
    places = dict(_places(lines, 0, 0))
    rows = {state: TOP + ROW * row for row, state in enumerate(places)}
    columns = {state: LEFT + STEP * depth for state, depth in places.items()}
    bar = max(columns.values()) + 50
    needed = {line.source for line in lines if line.live} | set(mean)
    for line in sorted(lines, key=lambda line: (line.live, -line.target)):  # the nearest on top
        begin = (columns[line.source], rows[line.source])
        _branch(sheet, line, begin, rows[line.target])
    for state in places:
        x, y = columns[state], rows[state]
        if state in mean:
            sheet.wire(f"M{x},{y} H{bar}")
            sheet.arrow(bar, y, (1, 0), WIRE)
        sheet.chip(x, y, str(state), state in needed)
    sheet.text(LEFT - 24, TOP, "x(t), h(t-1)", fill=WIRE, anchor="end")
    heights = [rows[state] for state in mean]
    collect(sheet, bar, (min(heights), max(heights)), "mean")
    sheet.text(24, 30, title, size="18", weight="bold", anchor="start")
    return sheet.svg(bar + 90, max(rows.values()) + 50, title)


def _places(lines: Sequence[Line], state: int, depth: int) -> Iterator[tuple[int, int]]:
    """Yield each state and its depth, what reads a state right after it: the rows' order."""
    yield state, depth
    for line in lines:
        if line.source == state:
            yield from _places(lines, line.target, depth + 1)


def _branch(sheet: Sheet, line: Line, begin: tuple[float, float], y: float) -> None:
    """Draw an activation with the wire that leads from its source down to its node's row."""
    (x, top), colour = begin, colours(line.op)[1] if line.live else FAINT
    pill = x + STEP / 2
    left = pill - PILL / 2
    path = f"M{x},{top + CHIP} V{y - 9} Q{x},{y} {x + 9},{y} H{left - 8}"
    sheet.wire(path, colour, line.live)
    sheet.arrow(left, y, (1, 0), colour)
    sheet.wire(f"M{pill + PILL / 2},{y} H{x + STEP - CHIP}", colour, line.live)
    sheet.pill(pill, y, line.op, live=line.live)
