"""Splits of networks: named lists that a seed and a count give again, none twice (Sec. 3).

A network that is evaluated differs from every training network by its graph, not by its seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import overload

from harness.paper import require
from harness.trial import stream
from papers.ghn2.space import widths
from papers.ghn2.space.build import blueprint
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.generator import (
    DEEPNETS,
    MINI_WIDE,
    MINIS,
    deepnet,
    mini,
    ranges_of,
    records,
)
from papers.ghn2.space.network import Network
from papers.ghn2.space.predefined import PREDEFINED
from papers.ghn2.space.record import Record

TESTS = ("test", "wide", "deep", "dense", "bnfree")
SPLITS = ("train", "val", *TESTS, "predefined")
SEED = 1  # of all splits but those that a trial draws


@dataclass(frozen=True)
class Space:
    """A space of networks on one kind of input: `deepnets` or `mini`."""

    style: str
    frame: Frame

    def __post_init__(self) -> None:
        require(self.style, ("deepnets", "mini"), "space of networks")

    def network(self, record: Record) -> Network:
        """Return the network of a record, as wide as that says."""
        return Network(blueprint(record, self.frame), record.json())

    def split(
        self, name: str, count: int, seed: int = SEED, avoid: Collection[str] = ()
    ) -> list[Network]:
        """Return so many networks of a split; none is, as a graph, among `avoid` or there twice.

        Networks of `wide` are those of `test`, wider. Of `predefined` there are two.
        """
        require(name, SPLITS, "split")
        if name == "predefined":
            made = [make(self.frame) for make in PREDEFINED.values()]
            return [Network(b, n) for b, n in zip(made, PREDEFINED, strict=True)][:count]
        seen, found = set(avoid), list[Network]()
        for record in self.records(name, seed):
            network = self.network(record)
            if network.graph.digest not in seen:
                seen.add(network.graph.digest)
                found.append(network)
            if len(found) == count:
                break
        return found

    def records(self, name: str, seed: int = SEED) -> Iterator[Record]:
        """Yield the records of a split without end, at their widths."""
        drawn_as = "test" if name == "wide" else name
        own = stream(seed, "networks", self.style, drawn_as)
        width = Random(stream(seed, "widths", self.style, drawn_as))
        if self.style == "mini":
            for record in records(mini, ranges_of(MINIS, name), self.frame, own):
                yield record.at(MINI_WIDE) if name == "wide" else record
            return
        for record in records(deepnet, ranges_of(DEEPNETS, name), self.frame, own):
            if name == "train":
                yield widths.drawn(record, self.frame, width)
                continue
            fixed = widths.evaluated(record, self.frame)
            wider = widths.WIDER[self.frame.large] if name == "wide" else 1
            yield fixed.at(wider * fixed.channels)


KEPT = 2000  # networks of a pool that stay in memory


class Pool(Sequence[Network]):
    """Training networks that are drawn when they are asked for, each from a stream of its own.

    None is, as a graph, among `avoid`. A pool larger than memory forgets what it gave.
    """

    def __init__(self, space: Space, count: int, seed: int, avoid: Collection[str]) -> None:
        self.space, self.size, self.seed, self.avoid = space, count, seed, frozenset(avoid)
        self._known: dict[int, Network] = {}

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, place: int) -> Network: ...

    @overload
    def __getitem__(self, place: slice) -> list[Network]: ...

    def __getitem__(self, place: int | slice) -> Network | list[Network]:
        """Return the network of a place, or those of some."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.size))]
        if not 0 <= place < self.size:
            raise IndexError(f"place {place}: there are networks 0 to {self.size - 1}")
        if place not in self._known:
            found = self.space.split("train", 1, stream(self.seed, place), self.avoid)[0]
            if self.size > KEPT:
                return found
            self._known[place] = found
        return self._known[place]
