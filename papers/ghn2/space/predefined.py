"""ResNet-50 and a vision transformer by hand: the two predefined test networks (Sec. 3)."""

from __future__ import annotations

from papers.cells.space.genotype import Genotype
from papers.ghn2.space.build import blueprint
from papers.ghn2.space.draft import Blueprint, Draft, Frame
from papers.ghn2.space.record import Record

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # width and blocks (He et al. 2016, Tab. 1)
EXPANSION = 4


def resnet50(frame: Frame) -> Blueprint:
    """Return ResNet-50, strides in the 3x3 convolutions; small images keep their size in the stem.

    127 nodes on large images, as torchvision's; 126 on small ones, where no pool comes first.
    """
    draft = Draft(frame)
    x = draft.conv(draft.input(), 64, 7 if frame.large else 3, 2 if frame.large else 1)
    x = draft.relu(draft.norm(x))
    if frame.large:
        x = draft.pool(x, "max_pool", 2)
    for stage, (width, blocks) in enumerate(STAGES):
        for block in range(blocks):
            draft.cell += 1
            x = bottleneck(draft, x, width, 2 if stage and not block else 1)
    draft.cell = -1
    return draft.finished(draft.linear(draft.mean(x), frame.classes, classifier=True))


def bottleneck(draft: Draft, x: int, width: int, stride: int) -> int:
    """Append a block of three convolutions and its shortcut."""
    out = EXPANSION * width
    y = draft.relu(draft.norm(draft.conv(x, width, 1)))
    y = draft.relu(draft.norm(draft.conv(y, width, 3, stride)))
    y = draft.norm(draft.conv(y, out, 1))
    changed = draft.shape(x) != draft.shape(y)
    both = draft.sum(y, draft.norm(draft.conv(x, out, 1, stride)) if changed else x)
    assert both is not None
    return draft.relu(both)


def transformer(frame: Frame, channels: int = 128) -> Blueprint:
    """Return 12 cells, ten with attention and two average pools: 129 nodes."""
    normal = (("msa", 1), ("none", 0))
    reduce = (("avg_pool_3x3", 1), ("none", 0))
    genotype = Genotype(normal, (2,), reduce, (2,))
    return blueprint(Record(genotype, 12, channels, preprocess=False), frame)


PREDEFINED = {"resnet50": resnet50, "vit": transformer}
