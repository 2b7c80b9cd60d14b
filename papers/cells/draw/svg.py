"""Cells as pictures: SVG text, written here, so that a terminal needs no plotting library.

An edge cell has its nodes in a row and an arc for every edge. A cell of a genotype is drawn like a
circuit: every state is a horizontal line that begins at its node and runs to the right, drops lead
from it into operations, and a bar at the right end concatenates. Boxes never overlap, because
a node lies below the lines of all earlier states and right of their nodes.

Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from papers.cells.draw.text import TITLES, Line, edge_lines, node_lines
from papers.cells.space.edge import Code, EdgeSpace
from papers.cells.space.genotype import CELLS, INPUTS, Genotype, NodeCell

INK, WIRE, FAINT, PAPER = "#1e293b", "#64748b", "#cbd5e1", "#ffffff"
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
FAMILIES = {  # the beginning of an operation's name: fill, line
    "skip": ("#e3f5ea", "#2f9158"),
    "sep": ("#e2edfb", "#2b66b1"),
    "dil": ("#ece6fb", "#6b46b8"),
    "max": ("#fde6da", "#c4501b"),
    "avg": ("#fcf1cf", "#a67608"),
    "none": ("#f4f6f8", "#9aa6b5"),
    "noise": ("#fbe4ef", "#b0347a"),
    "grouped": ("#daf1f1", "#0b7a80"),
    "c": ("#daf1f1", "#0b7a80"),
    "relu": ("#e2edfb", "#2b66b1"),
    "tanh": ("#fde6da", "#c4501b"),
    "sigmoid": ("#ece6fb", "#6b46b8"),
    "identity": ("#e3f5ea", "#2f9158"),
}
LABELS = {
    "none": "none",
    "noise": "noise",
    "skip": "skip",
    "c1": "conv 1",
    "c3": "conv 3",
    "c5": "conv 5",
    "avg": "avg 3",
    "skip_connect": "skip",
    "conv_3x1_1x3": "3×1, 1×3",
    "conv_7x1_1x7": "7×1, 1×7",
    "grouped_conv_3x3": "grp 3×3",
    "max_pool_norm_3x3": "max+bn",
}


def label(op: str) -> str:
    """Return an operation's name as people write it: `sep_conv_3x3` is sep 3×3."""
    kind, _, size = op.replace("_conv", "").replace("_pool", "").partition("_")
    return LABELS.get(op, f"{kind} {size.replace('x', '×')}".rstrip())


def colours(op: str) -> tuple[str, str]:
    """Return (fill, line) of an operation's family."""
    return next(pair for start, pair in FAMILIES.items() if op.startswith(start))


@dataclass
class Sheet:
    """The elements of a picture: wires below, boxes above them."""

    wires: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)

    def wire(self, path: str, colour: str = WIRE, live: bool = True, halo: bool = False) -> None:
        """Draw a line; with a halo it passes over what was drawn before it."""
        if halo:
            self.wires.append(f'<path d="{path}" fill="none" stroke="{PAPER}" stroke-width="7"/>')
        stroke = colour if live else FAINT
        dashes = "" if live else ' stroke-dasharray="4 4"'
        self.wires.append(
            f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="2"{dashes}/>'
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        """Mark where a drop leaves its line."""
        self.boxes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')

    def arrow(self, x: float, y: float, way: tuple[int, int], colour: str) -> None:
        """Draw an arrow's head with its tip at (x, y), pointing along `way`."""
        dx, dy = way
        points = [(x, y), (x - 9 * dx - 4 * dy, y - 9 * dy - 4 * dx)]
        points.append((x - 9 * dx + 4 * dy, y - 9 * dy + 4 * dx))
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        self.boxes.append(f'<polygon points="{corners}" fill="{colour}"/>')

    def text(self, x: float, y: float, text: str, **style: str) -> None:
        """Write text, centred at (x, y) unless `anchor` says otherwise."""
        given = {"size": "13", "fill": INK, "weight": "normal", "anchor": "middle", **style}
        self.boxes.append(
            f'<text x="{x:.1f}" y="{y + 0.35 * float(given["size"]):.1f}" fill="{given["fill"]}" '
            f'font-size="{given["size"]}" font-weight="{given["weight"]}" '
            f'text-anchor="{given["anchor"]}">{escape(text)}</text>'
        )

    def pill(self, x: float, y: float, op: str, more: str = "", live: bool = True) -> None:
        """Draw an operation's box with its middle at (x, y)."""
        fill, line = colours(op) if live else colours("none")
        self.boxes.append(
            f'<rect x="{x - PILL / 2:.1f}" y="{y - 13:.1f}" width="{PILL}" height="26" rx="8" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.5"/>'
        )
        self.text(x, y, label(op) + more, fill=line)

    def chip(self, x: float, y: float, name: str, live: bool = True) -> None:
        """Draw a state: a circle with its number."""
        fill = INK if live else FAINT
        self.boxes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{CHIP}" fill="{fill}"/>')
        self.text(x, y, name, fill=PAPER, weight="bold")

    def svg(self, width: float, height: float, title: str) -> str:
        """Return the picture."""
        body = "\n".join([*self.wires, *self.boxes])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" role="img">\n'
            f"<title>{escape(title)}</title>\n"
            f'<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )


PILL, CHIP = 96, 14  # an operation's width, a state's radius
LEFT, COLUMN, BAND, LANE = 130, 214, 84, 44  # inputs' margin, a node's width and height, inputs


# -- edge cells -----------------------------------------------------------------------------------

STEP, RISE = 180, 78  # between nodes, between arcs


def edge_svg(space: EdgeSpace, code: Code, title: str = "") -> str:
    """Return the picture of an edge cell; dead edges are dashed and grey."""
    lines, sheet = edge_lines(space, code), Sheet()
    spans = space.nodes - 1
    base = 90 + RISE * max(spans - 1, 0)
    for line in sorted(lines, key=lambda line: line.live):
        _arc(sheet, line, base)
    for node in range(space.nodes):
        used = any(line.live and node in (line.source, line.target) for line in lines)
        sheet.chip(70 + STEP * node, base, str(node), used)
    last = 70 + STEP * spans
    sheet.text(70 - 24, base, "in", fill=WIRE, anchor="end")
    sheet.text(last + 24, base, "out", fill=WIRE, anchor="start")
    name = title or f"{space.name} {''.join(map(str, code))}"
    sheet.text(24, 30, name, size="18", weight="bold", anchor="start")
    dead = not any(line.live for line in lines)
    below = "dead: nothing leads from the input to the output" if dead else space.text(code)
    sheet.text(24, 54, below, fill=WIRE, anchor="start")
    return sheet.svg(last + 70, base + 40 + RISE * max(spans - 2, 0), name)


def _arc(sheet: Sheet, line: Line, base: float) -> None:
    """Draw an edge: straight to the next node, otherwise over or under the nodes between."""
    x, end = 70 + STEP * line.source, 70 + STEP * line.target
    colour = colours(line.op)[1] if line.live else FAINT
    span, side = line.target - line.source, 1 if line.source % 2 else -1
    if span == 1:
        top = base
        sheet.wire(f"M{x + CHIP},{base} H{end - CHIP - 4}", colour, line.live)
        sheet.arrow(end - CHIP - 1, base, (1, 0), colour)
    else:
        top = base + side * RISE * (span - 1)
        begin, over = base + side * CHIP, base + side * (CHIP + RISE * (span - 1) * 4 / 3 - 19)
        bend = 0.12 * (end - x)
        curve = f"C{x + bend},{over} {end - bend},{over} {end},{begin + side * 5}"
        sheet.wire(f"M{x},{begin} {curve}", colour, line.live)
        sheet.arrow(end, begin + side, (0, -side), colour)
    sheet.pill((x + end) / 2, top, line.op, live=line.live)


# -- genotypes ------------------------------------------------------------------------------------


def genotype_svg(genotype: Genotype, title: str = "genotype") -> str:
    """Return the picture of both cells, the normal one above; `/2` marks what halves the size."""
    return cells_svg({name: genotype.cell(name) for name in CELLS}, title)


def cells_svg(cells: Mapping[str, NodeCell], title: str) -> str:
    """Return the picture of the cells of these names, one below the other."""
    sheet, top, width = Sheet(), 76.0, 0.0
    sheet.text(24, 30, title, size="18", weight="bold", anchor="start")
    for name, cell in cells.items():
        sheet.text(24, top, TITLES[name], size="15", fill=WIRE, anchor="start")
        right, top = _cell(sheet, cell, top + 40, "/2" if name == "reduce" else "")
        width, top = max(width, right), top + 50
    return sheet.svg(width, top - 40, title)


def _row(state: int, top: float) -> float:
    """Return the height of a state's line."""
    return top + LANE * state if state < INPUTS else top + LANE + 70 + BAND * (state - INPUTS)


def _cell(sheet: Sheet, cell: NodeCell, top: float, halved: str) -> tuple[float, float]:
    """Draw a cell below `top` and return its right and lower end."""
    lines, bar = node_lines(cell), LEFT + COLUMN * len(cell.nodes) + 30
    needed = {line.source for line in lines if line.live} | set(cell.concat)
    drops = [LEFT + COLUMN * (p // 2) + (22 if p % 2 == 0 else 8) for p in range(len(lines))]
    for state in range(cell.states):
        x = LEFT - 24 if state < INPUTS else LEFT + COLUMN * (state - INPUTS + 1) - 34
        y = _row(state, top)
        readers = [x for x, line in zip(drops, lines, strict=True) if line.source == state]
        end = bar if state in cell.concat else max(readers, default=x)
        sheet.wire(f"M{x},{y} H{end}", live=state in needed)
        sheet.chip(x, y, str(state), state in needed)
        if state in cell.concat:
            sheet.arrow(bar, y, (1, 0), WIRE)
        if state < INPUTS:
            sheet.text(x - 24, y, ("older", "newer")[state], fill=WIRE, anchor="end")
    for place, line in enumerate(lines):
        upper = place % 2 == 0
        _drop(sheet, line, (drops[place], top), (upper, halved if line.source < INPUTS else ""))
    heights = [_row(state, top) for state in cell.concat]
    collect(sheet, bar, (min(heights), max(heights)), "concat")
    return bar + 90, _row(cell.states - 1, top) + 34


def _drop(sheet: Sheet, line: Line, at: tuple[float, float], how: tuple[bool, str]) -> None:
    """Draw an operation with the wire that leads from its source and the one to its node."""
    (x, top), (upper, halved) = at, how
    begin, node = _row(line.source, top), _row(line.target, top)
    y = node - 18 if upper else node + 18
    colour = colours(line.op)[1] if line.live else FAINT
    left = LEFT + COLUMN * (line.target - INPUTS) + 44
    chip = left + PILL + 40 - CHIP
    sheet.wire(f"M{x},{begin + 5} V{y - 9} Q{x},{y} {x + 9},{y} H{left - 8}", colour, halo=True)
    sheet.wire(f"M{x},{begin} V{begin + 8}", colour)
    sheet.dot(x, begin, colour)
    sheet.arrow(left, y, (1, 0), colour)
    right = left + PILL
    sheet.wire(f"M{right},{y} C{right + 16},{y} {chip - 14},{node} {chip},{node}", colour)
    sheet.pill(left + PILL / 2, y, line.op, halved and f" {halved}", line.live)


def collect(sheet: Sheet, x: float, ends: tuple[float, float], word: str) -> None:
    """Draw the bar from the highest to the lowest of the states that become the output."""
    upper, lower = ends
    middle = (upper + lower) / 2
    sheet.boxes.append(
        f'<rect x="{x:.1f}" y="{upper - 18:.1f}" width="24" height="{lower - upper + 36:.1f}" '
        f'rx="8" fill="#eef2f7" stroke="{WIRE}" stroke-width="1.5"/>'
    )
    sheet.boxes.append(f'<g transform="rotate(-90 {x + 12:.1f} {middle:.1f})">')
    sheet.text(x + 12, middle, word if lower - upper > 30 else "", fill=WIRE)
    sheet.boxes.append("</g>")
    sheet.wire(f"M{x + 24},{middle} H{x + 42}")
    sheet.arrow(x + 50, middle, (1, 0), WIRE)
    sheet.text(x + 70, middle, "out", fill=WIRE)
