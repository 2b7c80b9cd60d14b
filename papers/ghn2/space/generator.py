"""Draws records: DeepNets-1M's generator (Sec. 3) and that of our mini spaces.

A draw is a record or the reason why it was rejected; which networks come out depends on the random
stream alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from harness.paper import Refused, require
from papers.cells.space.genotype import Genotype, Pair
from papers.ghn2.space.build import OPERATIONS, blueprint
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.record import Record

SMALL, LARGE = Frame(3, (32, 32), 10), Frame(3, (224, 224), 1000)  # CIFAR-10 and ImageNet
LIGHT = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
)  # of a reduction cell, half the time
MINI = (
    "skip_connect", "max_pool_3x3", "avg_pool_3x3", "conv_1x1", "conv_3x3", "conv_5x5",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5", "cse",
)  # fmt: skip
HIDDEN = 256  # width of a hidden layer until it is drawn
BASE = 32  # channels at which sizes are compared


@dataclass(frozen=True)
class Ranges:
    """What a split draws from; `norm` None: with or without batch norm, as the generator says.

    `steps` are the fewest, the most of networks of more cells than the drawn threshold, and the
    most of all. `largest` is the limit on parameters, at 32 channels in DeepNets.
    """

    steps: tuple[int, int, int]
    cells: tuple[int, int]
    thresholds: tuple[int, ...]
    largest: int
    norm: bool | None = None


DEEPNETS: Mapping[str, Ranges] = {
    "train": Ranges((1, 2, 4), (4, 18), (7, 8, 9, 10), 10**7),
    "deep": Ranges((1, 2, 4), (10, 36), (18,), 10**8),
    "dense": Ranges((2, 6, 10), (4, 18), (7, 8, 9, 10), 10**8),
    "bnfree": Ranges((1, 2, 4), (4, 18), (7, 8, 9, 10), 10**7, norm=False),
    "search": Ranges((1, 3, 6), (6, 20), (10,), 10**7, norm=True),
}
MINIS: Mapping[str, Ranges] = {
    "train": Ranges((1, 2, 2), (2, 4), (4,), 300_000),
    "deep": Ranges((1, 2, 2), (7, 10), (10,), 10**6),
    "dense": Ranges((3, 5, 5), (2, 4), (4,), 10**6),
    "bnfree": Ranges((1, 2, 2), (2, 4), (4,), 300_000, norm=False),
}
MINI_CHANNELS, MINI_WIDE = (8, 12, 16, 24), 48
MINI_SHALLOW, MINI_BARE = 3, 0.25  # up to so many cells a network has this chance of no norm

Draw = Callable[[Random, Ranges, Frame], Record]


def records(draw: Draw, ranges: Ranges, frame: Frame, seed: int) -> Iterator[Record]:
    """Yield accepted records without end."""
    random = Random(seed)
    while True:
        try:
            yield draw(random, ranges, frame)
        except Refused:
            continue


def deepnet(random: Random, ranges: Ranges, frame: Frame) -> Record:
    """Draw a record of DeepNets-1M, at 32 channels.

    Raises:
        Refused: the draw is rejected, and why.
    """
    least, middle, most = ranges.steps
    cells = random.randint(*ranges.cells)
    threshold = random.choice(ranges.thresholds)
    steps = random.randint(least, most if cells <= threshold else middle)
    genotype = drawn(random, steps, OPERATIONS)
    refuse(genotype)
    kernel, growth = random.choice((3, 5, 7)), random.choice((1, 2))
    attends = any(op == "msa" for op, _ in genotype.normal + genotype.reduce)
    searched = ranges.cells == DEEPNETS["search"].cells
    least_of_all = 0.8 if attends or not searched else 0.2
    optional = attends or searched
    preprocess = steps > 1 or growth > 1 or not optional or random.random() > least_of_all
    pooled = attends or cells > threshold or random.random() > 0.1
    norm = ranges.norm
    if norm is None:
        few = cells <= ranges.cells[0] + 1 and steps <= middle
        norm = random.random() < 0.5 if few else True
    stem = random.choice(("simple", "imagenet"))
    stem_pool = stem == "simple" and random.random() > 0.5
    fc = HIDDEN if random.randint(1, 2) == 2 else 0
    record = Record(genotype, cells, BASE, growth, preprocess, norm, stem, kernel, stem_pool,
                    pooled, fc)  # fmt: skip
    return within_limit(record, ranges, frame)


def mini(random: Random, ranges: Ranges, frame: Frame) -> Record:
    """Draw a record of our mini spaces, at one of four widths.

    Raises:
        Refused: the draw is rejected, and why.
    """
    least, middle, most = ranges.steps
    cells = random.randint(*ranges.cells)
    steps = random.randint(least, most if cells <= ranges.thresholds[0] else middle)
    genotype = drawn(random, steps, MINI, random.random() < 0.5)
    refuse(genotype, large=False)
    kernel, growth = random.choice((3, 5, 7)), random.choice((1, 2))
    channels = random.choice(MINI_CHANNELS)
    norm = ranges.norm
    if norm is None:
        norm = cells > MINI_SHALLOW or random.random() >= MINI_BARE
    record = Record(genotype, cells, channels, growth, True, norm, "simple", kernel, style="mini")
    return within_limit(record, ranges, frame)


def drawn(
    random: Random, steps: int, operations: tuple[str, ...], light: bool | None = None
) -> Genotype:
    """Draw a pair of cells of so many sums, with what they concatenate.

    Each sum reads two different states and applies an operation to each; a zero only where there
    is another sum. The reduction cell is `light`, half the time where it is not said: pools,
    identities and zeros. Half the time some sums but the last are not concatenated.
    """
    light = random.random() < 0.5 if light is None else light
    cells: list[tuple[Pair, ...]] = []
    for few in (False, light):
        known = [op for op in operations if op in LIGHT] if few else operations
        known = [op for op in known if steps > 1 or op != "none"]
        pairs: list[Pair] = []
        for step in range(steps):
            states = random.sample(range(step + 2), 2)
            pairs += [(random.choice(known), state) for state in states]
        cells.append(tuple(pairs))
    sums = range(2, 2 + steps)
    concat = tuple(sums)
    if steps > 1 and random.random() < 0.5:
        concat = tuple(s for s in sums if s == sums[-1] or random.random() < 0.5)
    normal, reduce = cells
    return Genotype(normal, concat, reduce, concat)


def refuse(genotype: Genotype, large: bool = True) -> None:
    """Refuse what learns nothing, gates without convolutions, and too many gates or large kernels.

    Gates are unbounded: the authors limit them because trainings diverge.
    """
    cells = [tuple(op for op, _ in pairs) for pairs in (genotype.normal, genotype.reduce)]
    both = cells[0] + cells[1]
    convolves = any("conv" in op for op in both)
    if "cse" in both and not convolves:
        raise Refused("cse without a convolution")
    if any(cell.count("cse") > 1 for cell in cells):
        raise Refused("more than one cse in a cell")
    if large and any(cell.count("conv_5x5") + cell.count("conv_7x7") > 1 for cell in cells):
        raise Refused("more than one dense convolution of width 5 or 7 in a cell")
    if not convolves and not {"cse", "msa"} & set(both):
        raise Refused("nothing to learn")
    if not large and not convolves:
        raise Refused("no convolution")


def within_limit(record: Record, ranges: Ranges, frame: Frame) -> Record:
    """Return a record whose network is connected and within the limit; refuse others."""
    count = blueprint(record, frame).parameters
    if count > ranges.largest:
        raise Refused(f"{count} parameters: at most {ranges.largest}")
    return record


def ranges_of(table: Mapping[str, Ranges], split: str) -> Ranges:
    """Return what a split draws from: validation, test and wide networks as training ones."""
    alike = {"val": "train", "test": "train", "wide": "train"}
    return table[alike.get(require(split, (*table, *alike), "split"), split)]
