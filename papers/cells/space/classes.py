"""When two codes are the same network: dead codes, canonical forms, functional classes.

Two codes are of one class when their computation graphs are equal up to the names of the weights:
what does not reach the output is gone, a skip connection is its source, the order of a sum does
not matter, and one convolution whose value is used twice stays one. Pooling is not distributed
over sums.

A value is a multiset of terms, kept as a sorted tuple: the input, a convolution (by its edge), or
the pooled form of a value. Zero is the empty tuple, and every operation maps zero to zero.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

from papers.cells.space.edge import KERNELS, Code, EdgeSpace

INPUT = ("in",)
ZERO = "#"  # sorts before every other text, on which the published count depends
Term = tuple[Any, ...]
Value = tuple[Term, ...]


class Graph:
    """What a code computes: the output's value and, for each live convolution, its argument."""

    def __init__(self, space: EdgeSpace, code: Code) -> None:
        self.names = space.names(code)
        self.arguments: dict[int, Value] = {}  # edge's place -> what its convolution is applied to
        values: list[Value] = [(INPUT,)]
        places = {edge: place for place, edge in enumerate(space.edges)}
        for target in range(1, space.nodes):
            terms: list[Term] = []
            for source in range(target):
                terms += self._terms(places[source, target], values[source])
            values.append(tuple(sorted(terms, key=repr)))
        self.output = values[-1]

    def _terms(self, place: int, value: Value) -> Value:
        name = self.names[place]
        if name == "none" or not value:
            return ()
        if name == "skip":
            return value
        if name in KERNELS:
            self.arguments[place] = value
            return (("conv", place),)
        return (("avg", value),)

    @property
    def dead(self) -> bool:
        """Whether nothing leads from the input to the output."""
        return not self.output

    @cached_property
    def live(self) -> tuple[int, ...]:
        """The places of the convolutions that the output depends on."""
        found: set[int] = set()
        waiting = list(_convolutions(self.output))
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += _convolutions(self.arguments[place])
        return tuple(sorted(found))

    def shape(self, place: int) -> str:
        """Return a convolution as text without saying which weights it has."""
        return f"{self.names[place]}({self._written(self.arguments[place], {})})"

    def _written(self, value: Value, labels: dict[int, int]) -> str:
        return "+".join(sorted(self._term(term, labels) for term in value))

    def _term(self, term: Term, labels: dict[int, int]) -> str:
        if term == INPUT:
            return "x"
        if term[0] == "avg":
            return f"avg({self._written(term[1], labels)})"
        label = labels.get(term[1])
        name = self.names[term[1]] if label is None else f"{self.names[term[1]]}#{label}"
        return f"{name}({self._written(self.arguments[term[1]], labels)})"

    @cached_property
    def canonical(self) -> str:
        """The least text of the output over all ways to number the weights.

        Only convolutions of equal shape can stand for each other, so only their numbers are
        permuted.
        """
        shapes: dict[str, list[int]] = {}
        for place in self.live:
            shapes.setdefault(self.shape(place), []).append(place)
        groups = [shapes[shape] for shape in sorted(shapes)]
        return min(self._written(self.output, labels) for labels in _numberings(groups))


def _convolutions(value: Value) -> Iterator[int]:
    for term in value:
        if term[0] == "conv":
            yield term[1]
        elif term[0] == "avg":
            yield from _convolutions(term[1])


def _numberings(groups: list[list[int]]) -> Iterator[dict[int, int]]:
    for orders in itertools.product(*(itertools.permutations(group) for group in groups)):
        places = itertools.chain.from_iterable(orders)
        yield {place: number for number, place in enumerate(places)}


class Classes:
    """The functional classes of a space: each code's class, each class's representative.

    The representative has the fewest edges, hence no dead one, and of those the smallest code; so
    a class that lives in two spaces has the same representative in both. Classes are numbered in
    the order of their representatives.
    """

    def __init__(self, space: EdgeSpace) -> None:
        self.space = space
        members: dict[str, list[Code]] = {}
        for code in space.enumerate():
            members.setdefault(Graph(space, code).canonical, []).append(code)
        kept = [min(codes, key=lambda c: (sum(map(bool, c)), c)) for codes in members.values()]
        order = sorted(range(len(kept)), key=kept.__getitem__)
        self.representatives = tuple(kept[place] for place in order)
        ranked = list(members.values())
        self.members = tuple(tuple(ranked[place]) for place in order)
        self._of = {c: number for number, codes in enumerate(self.members) for c in codes}

    def __len__(self) -> int:
        return len(self.representatives)

    def of(self, code: Code) -> int:
        """Return the number of a code's class."""
        return self._of[self.space.check(code)]

    def representative(self, code: Code) -> Code:
        """Return the code that stands for a code's class."""
        return self.representatives[self.of(code)]


@lru_cache(maxsize=8)
def classes(space: EdgeSpace) -> Classes:
    """Return the classes of a space, computed once per process."""
    return Classes(space)


def dead(space: EdgeSpace) -> int:
    """Return how many codes of a space lead nowhere."""
    return sum(Graph(space, code).dead for code in space.enumerate())


def written(space: EdgeSpace, code: Code) -> str:
    """Return NAS-Bench-201's own text of what a code computes, by which it counts 6466.

    A skip connection repeats its source's text and a lone zero gives zero, but zeros stay in a
    sum, and which weights are used twice cannot be told (arXiv:2001.00326, Sec. 2.1).
    """
    names = dict(zip(space.edges, space.names(code), strict=True))
    texts = ["x"]
    for target in range(1, space.nodes):
        terms = [_applied(names[source, target], texts[source]) for source in range(target)]
        texts.append("+".join(sorted(terms)))
    return texts[-1]


def _applied(name: str, text: str) -> str:
    if name == "none" or text == ZERO:
        return ZERO
    return text if name == "skip" else f"({text}){name}"
