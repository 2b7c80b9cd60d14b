"""From a record to a blueprint: stems, cells, operations and heads of DeepNets-1M (Sec. 3).

Style `mini` is ours: separable convolutions come once, not twice, a cell's older input is halved
by a strided convolution, and the stem keeps its width.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from harness.paper import Refused, require
from papers.ghn2.space.draft import Blueprint, Draft, Frame, Value
from papers.ghn2.space.record import Record

OPERATIONS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5",
    "dil_conv_3x3", "dil_conv_5x5", "conv_1x1", "conv_7x1_1x7", "conv_3x3", "conv_5x5",
    "conv_7x7", "msa", "cse",
)  # fmt: skip
DROPOUT = 0.5
PATCH = {False: 3, True: 16}  # small and large images


def blueprint(record: Record, frame: Frame) -> Blueprint:
    """Return the layers of a record's network.

    Raises:
        Refused: its output does not depend on its input, or an operation is unknown.
    """
    return Builder(record, Draft(frame)).build()


def reductions(cells: int) -> tuple[int, ...]:
    """Return at which cells channels grow and sizes shrink: a third and two thirds of the way."""
    return tuple(sorted({cells // 3, 2 * cells // 3} - {0}))


class Builder:
    """Writes one record's network into a draft."""

    def __init__(self, record: Record, draft: Draft) -> None:
        self.record, self.draft = record, draft
        self.strides = not record.attends

    def build(self) -> Blueprint:
        """Write everything from the stem to the logits."""
        record, draft = self.record, self.draft
        older, newer, halved = self.stem(draft.input())
        channels = record.channels
        places = reductions(record.cells)
        for cell in range(record.cells):
            draft.cell = cell
            reduction = cell in places
            channels *= record.growth if reduction else 1
            states = (self.older(older, channels, halved), self.newer(newer, channels))
            older, newer = newer, self.cell(states, channels, reduction)
            halved = reduction and self.strides
        draft.cell = -1
        if newer is None:
            raise Refused("the output does not depend on the input")
        return draft.finished(self.head(newer))

    # -- before the cells -------------------------------------------------------------------------

    def stem(self, x: int) -> tuple[Value, Value, bool]:
        """Write the stem: the first cell's two inputs, and whether the older is twice as large."""
        record, draft, large = self.record, self.draft, self.draft.frame.large
        if record.attends:
            patch = PATCH[large]
            pad = 0 if large else 1
            x = draft.positions(draft.patches(x, record.channels, patch, pad))
            return x, x, False
        if record.stem == "simple":
            wide = record.style == "deepnets" and record.preprocess and not large
            channels = record.channels * (3 if wide else 1)
            stride = 4 if large else draft.frame.stem_stride
            x = self.norm(draft.conv(x, channels, record.stem_kernel, stride))
            if record.stem_pool:
                x = draft.pool(x, "max_pool", 2)
            return x, x, False
        stride = 2 if large else 1
        half = max(1, record.channels // 2)
        x = draft.relu(self.norm(draft.conv(x, half, record.stem_kernel, stride)))
        older = self.norm(draft.conv(x, record.channels, 3, stride))
        newer = self.norm(draft.conv(draft.relu(older), record.channels, 3, 2))
        return older, newer, True

    # -- cells ------------------------------------------------------------------------------------

    def older(self, x: Value, channels: int, halved: bool) -> Value:
        """Write the preprocessing of the output of the cell before the last."""
        if x is None or not halved:
            return self.newer(x, channels)
        if not self.record.preprocess:
            return self.draft.subsample(x)
        if self.record.style == "mini":
            return self.dense(x, channels, 1, 2)
        return self.factorized(x, channels)

    def newer(self, x: Value, channels: int) -> Value:
        """Write the preprocessing of the last cell's output."""
        if x is None or not self.record.preprocess:
            return x
        return self.dense(x, channels, 1)

    def cell(self, inputs: tuple[Value, Value], channels: int, reduction: bool) -> Value:
        """Write one cell: sums of two operations each, and the concatenation of some of them."""
        cell = self.record.genotype.cell("reduce" if reduction else "normal")
        states: list[Value] = list(inputs)
        for pairs in cell.nodes.values():
            one, other = (
                self.operation(
                    op, states[j], channels, 2 if reduction and j < 2 and self.strides else 1
                )
                for op, j in pairs
            )
            states.append(self.draft.sum(one, other))
        return self.draft.concat([states[state] for state in cell.concat])

    def operation(self, name: str, x: Value, channels: int, stride: int) -> Value:
        """Write one operation on a state of as many channels."""
        require(name, OPERATIONS, "operation")
        if x is None or name == "none":
            return None
        if name == "skip_connect":
            return x if stride == 1 else self.factorized(x, channels)
        kind = name.rpartition("_")[0]
        if kind in ("sep_conv", "dil_conv", "conv"):
            return self.convolution(kind, int(name[-1]), x, channels, stride)
        if name == "conv_7x1_1x7":
            return self.dense_pair(x, channels, stride)
        if kind in ("max_pool", "avg_pool"):
            return self.draft.pool(x, kind, stride)
        squeeze = name == "cse"
        return self.squeeze(x, channels, stride) if squeeze else self.attention(x, channels)

    def convolution(self, kind: str, kernel: int, x: int, channels: int, stride: int) -> int:
        """Write a dense or a separable convolution; DeepNets has separable ones twice."""
        if kind == "conv":
            return self.dense(x, channels, kernel, stride)
        if kind == "dil_conv":
            return self.separable(x, channels, kernel, stride, dilation=2)
        first = self.separable(x, channels, kernel, stride)
        return first if self.record.style == "mini" else self.separable(first, channels, kernel)

    def dense(self, x: int, channels: int, kernel: int, stride: int = 1) -> int:
        """Write ReLU, convolution, norm."""
        draft = self.draft
        return self.norm(draft.conv(draft.relu(x), channels, kernel, stride))

    def dense_pair(self, x: int, channels: int, stride: int) -> int:
        """Write ReLU, a 1x7 and a 7x1 convolution, norm; no ReLU follows the first."""
        draft = self.draft
        if draft.frame.dim == 1:
            raise Refused("operation 'conv_7x1_1x7': needs two dimensions; did you mean conv_7x7?")
        first = draft.conv(draft.relu(x), channels, (1, 7), stride, rectified=False)
        return self.norm(draft.conv(first, channels, (7, 1)))

    def separable(
        self, x: int, channels: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> int:
        """Write ReLU, a depthwise and a pointwise convolution, norm."""
        draft = self.draft
        deep = draft.conv(draft.relu(x), channels, kernel, stride, dilation, depthwise=True)
        return self.norm(draft.conv(deep, channels, 1))

    def factorized(self, x: int, channels: int) -> int:
        """Write ReLU, two strided 1x1 convolutions, one of them a place further on, norm."""
        draft = self.draft
        x = draft.relu(x)
        half = channels // 2
        one = draft.conv(x, half, 1, 2)
        other = draft.conv(draft.shift(x), channels - half, 1, 2)
        both = draft.concat((one, other))
        assert both is not None
        return self.norm(both)

    def squeeze(self, x: int, channels: int, stride: int) -> int:
        """Write channel squeeze and excitation; the gate is a hard swish, as the authors'."""
        draft = self.draft
        hidden = draft.relu(draft.linear(draft.mean(x, node=False), max(1, channels // 2)))
        x = draft.gate(x, draft.linear(hidden, channels))
        return draft.subsample(x) if stride == 2 else x

    def attention(self, x: int, channels: int) -> int:
        """Write a block of a transformer, norms first, its MLP no wider than its input."""
        draft = self.draft
        heads = draft.attend(draft.linear(draft.norm(x, "ln"), 3 * channels, bias=False))
        y = draft.sum(draft.linear(heads, channels), x)
        assert y is not None
        hidden = draft.through(nn.GELU, draft.linear(draft.norm(y, "ln"), channels))
        out = draft.sum(draft.linear(hidden, channels), y)
        assert out is not None
        return out

    def norm(self, x: int) -> int:
        """Write a batch norm where the network has any."""
        return self.draft.norm(x) if self.record.norm else x

    # -- after them -------------------------------------------------------------------------------

    def head(self, x: int) -> int:
        """Write the global mean or the flattening, and one or two linear layers."""
        record, draft = self.record, self.draft
        x = draft.mean(x) if record.pooled else draft.flatten(x)
        if record.fc:
            x = draft.through(partial(nn.Dropout, DROPOUT), draft.relu(draft.linear(x, record.fc)))
        return draft.linear(x, draft.frame.classes, classifier=True)
