"""From what was heard to a graph: what leads to the output, who owns what, what the heads are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from papers.ghn2.graph import CLASS_BIAS, CLASS_WEIGHT, INDEX, Graph, Node, Parameter
from papers.ghn2.recorder.tape import Entry, Tape, Use

WEIGHTED = ("conv", "sep_conv", "dil_conv")


@dataclass(frozen=True)
class Finished:
    """A graph, the size of its classifier, and what the module holds as a transpose."""

    graph: Graph
    classes: int | None
    transposed: frozenset[str]


def finish(tape: Tape, outputs: Sequence[Tensor], wanted: frozenset[str]) -> Finished:
    """Return the graph of the nodes that lead to the outputs.

    `wanted`: the parameters to predict; others show their shape alone.
    """
    entries = list(tape.entries)
    classes = _mark_heads(tape, entries, outputs)
    before = _contracted(entries, tape.within)
    heard = _leading(before, [s for output in outputs for s in tape.value(output).sources])
    alive = sorted(heard | {0})
    place = {index: new for new, index in enumerate(alive)}
    owned: dict[str, Use] = {}
    nodes, edges = [], []
    for index in alive:
        entry = entries[index]
        own = [use for use in entry.uses if use.name in wanted and use.name not in owned]
        owned |= {use.name: use for use in own}
        parameters = tuple(Parameter(u.name, u.shape, u.role, u.rectified) for u in own)
        nodes.append(Node(INDEX[entry.primitive], parameters, entry.shape, -1, entry.label))
        edges += [(place[u], place[index]) for u in sorted(before[index])]
    transposed = frozenset(name for name, use in owned.items() if use.transposed)
    return Finished(Graph(tuple(nodes), tuple(edges)), classes, transposed)


def _contracted(entries: Sequence[Entry], within: set[int]) -> list[tuple[int, ...]]:
    """Return what leads to each node, past nodes that are part of another one."""
    before: list[tuple[int, ...]] = []
    for entry in entries:
        if within.isdisjoint(entry.before):
            before.append(entry.before)
            continue
        past: set[int] = set()
        for u in entry.before:
            past |= set(before[u]) if u in within else {u}
        before.append(tuple(past))
    return before


def _leading(before: Sequence[tuple[int, ...]], ends: Sequence[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(ends)
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting += before[index]
    return found


def _mark_heads(tape: Tape, entries: list[Entry], outputs: Sequence[Tensor]) -> int | None:
    """Give classifiers their roles, and return how many classes the first of them has.

    A classifier is the last weight before an output (N, K), and has K rows.
    """
    classes: int | None = None
    for output in outputs:
        count = output.shape[-1] if output.dim() == 2 else None
        if count is None or classes not in (None, count):
            continue
        waiting = list(tape.value(output).sources)
        while waiting:
            index = waiting.pop()
            entry = entries[index]
            if entry.primitive in WEIGHTED:
                head = _class_weight(entry, count)
                classes = count if head is not entry else classes
                entries[index] = head
            elif entry.primitive == "bias" and entry.shape == (count,):
                uses = tuple(use._replace(role=CLASS_BIAS) for use in entry.uses)
                entries[index] = replace(entry, uses=uses)
                waiting += entry.before
            elif not entry.uses:
                waiting += entry.before
    return classes


def _class_weight(entry: Entry, count: int) -> Entry:
    """Return the entry as a classifier of `count` rows (K, I), or as it is where it is none."""
    shape = entry.uses[0].shape
    if entry.primitive != "conv" or len(entry.uses) > 1 or shape[0] != count:
        return entry
    if any(size > 1 for size in shape[2:]):
        return entry
    use = entry.uses[0]._replace(role=CLASS_WEIGHT, shape=shape[:2])
    return replace(entry, uses=(use,), shape=shape[:2])
