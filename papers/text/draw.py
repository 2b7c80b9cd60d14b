"""The recurrent cell that a trial found, drawn from its files; no run imports it."""

from __future__ import annotations

from pathlib import Path

from papers.text.architecture import read, text
from papers.text.published import Recurrent


def shown(folder: Path) -> str:
    """Return the cell that a trial found: its line, and the picture."""
    cell = read(folder)
    return f"{text(cell)}\n\n{drawing(cell)}"


def drawing(cell: Recurrent) -> str:
    """Return a picture in text, a line for each state, indented below the state that it reads."""
    lines = ["x(t), h(t-1)", "|- s0  tanh"]

    def below(parent: int, depth: int) -> None:
        for node, (name, state) in enumerate(cell.nodes, start=1):
            if state == parent:
                mark = "" if node in cell.concat else "  (not in the mean)"
                lines.append(f"{'|  ' * depth}|- s{node}  {name}{mark}")
                below(node, depth + 1)

    below(0, 1)
    kept = ", ".join(f"s{state}" for state in cell.concat)
    return "\n".join([*lines, f"h(t) = mean of {kept}", ""])
