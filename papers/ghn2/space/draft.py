"""Drafts of networks: layers that read layers, from which module and graph both follow.

A builder writes a draft layer by layer; a zero (None) that flows into a sum or a concatenation
leaves it. What does not reach the output is dropped with its parameters, so each network has
exactly the weights that its logits depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from torch import nn

from harness.paper import Refused
from papers.ghn2 import graph
from papers.ghn2.graph import INDEX, Graph, Node, Parameter
from papers.ghn2.space import layers

Size = tuple[int, ...]
Kernel = int | tuple[int, int]
Value = int | None  # the place of a layer in the draft, or nothing but zeros


@dataclass(frozen=True)
class Frame:
    """What goes into a network and comes out: dimensions, channels, size, classes."""

    channels: int
    size: Size
    classes: int
    stem_stride: int = 1

    @property
    def dim(self) -> int:
        """1 for signals, 2 for images."""
        return len(self.size)

    @property
    def large(self) -> bool:
        """Whether images are of ImageNet's kind, for which stems have larger strides."""
        return self.size[0] >= 128


@dataclass(frozen=True)
class Window:
    """How a convolution moves over space."""

    kernel: tuple[int, ...]
    stride: int
    padding: tuple[int, ...]
    dilation: int = 1
    groups: int = 1

    def after(self, size: Size) -> Size:
        """Return the size of its output."""
        reach = (self.dilation * (k - 1) + 1 for k in self.kernel)
        return tuple(
            (n + 2 * p - r) // self.stride + 1
            for n, p, r in zip(size, self.padding, reach, strict=True)
        )

    def module(self, channels: int, out: int) -> nn.Module:
        """Return it as a module."""
        kinds = layers.CONV if self.kernel != (1,) else layers.POINTWISE
        make = kinds[len(self.kernel)]
        return make(
            channels, out, self.kernel, self.stride, self.padding, self.dilation, self.groups,
            bias=False,
        )  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One layer: what it reads, how its module is made, and its nodes in the graph, in a row."""

    inputs: tuple[int, ...]
    make: Callable[[], nn.Module]
    channels: int
    size: Size
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Blueprint:
    """The layers of a network, each after those it reads; the last one gives the logits."""

    layers: tuple[Layer, ...]
    frame: Frame

    @property
    def graph(self) -> Graph:
        """The same as nodes of primitives; parameters are named as in the module."""
        nodes: list[Node] = []
        edges: set[tuple[int, int]] = set()
        ends: list[tuple[int, ...]] = []  # the nodes that each layer's value comes from
        for place, layer in enumerate(self.layers):
            sources = tuple(dict.fromkeys(end for i in layer.inputs for end in ends[i]))
            for node in layer.nodes:
                if node.name in ("sum", "concat") and len(sources) < 2:
                    continue  # of a value and itself: zeros were left out
                edges |= {(source, len(nodes)) for source in sources}
                sources = (len(nodes),)
                named = tuple(replace(p, name=f"layers.{place}.{p.name}") for p in node.parameters)
                nodes.append(replace(node, parameters=named))
            ends.append(sources)
        return Graph(tuple(nodes), tuple(sorted(edges)))

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return sum(
            _numbers(parameter.shape)
            for layer in self.layers
            for node in layer.nodes
            for parameter in node.parameters
        )


def _numbers(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


@dataclass
class Draft:
    """A network while it is written; every method appends a layer and returns its place."""

    frame: Frame
    layers: list[Layer] = field(default_factory=list)
    cell: int = -1

    def input(self) -> int:
        """Begin with what goes into the network."""
        frame = self.frame
        return self._add((), nn.Identity, frame.channels, frame.size, (self._node("input"),))

    def through(self, make: Callable[[], nn.Module], x: int) -> int:
        """Append what is no node and keeps the shape: an activation, dropout."""
        return self._add((x,), make, *self.shape(x))

    def relu(self, x: int) -> int:
        """Append a ReLU."""
        return self.through(nn.ReLU, x)

    def conv(
        self,
        x: int,
        out: int,
        kernel: Kernel,
        stride: int = 1,
        dilation: int = 1,
        depthwise: bool = False,
        rectified: bool = True,
    ) -> int:
        """Append a convolution without bias, padded so that stride 1 keeps the size."""
        dim, channels = self.frame.dim, self.layers[x].channels
        kernels = kernel if isinstance(kernel, tuple) else (kernel,) * dim
        pads = tuple(dilation * (k // 2) for k in kernels)
        window = Window(kernels, stride, pads, dilation, channels if depthwise else 1)
        return self._window(x, out, window, rectified and not depthwise)

    def patches(self, x: int, out: int, side: int, padding: int) -> int:
        """Append a map of patches that do not overlap."""
        dim = self.frame.dim
        return self._window(x, out, Window((side,) * dim, side, (padding,) * dim), True)

    def linear(self, x: int, out: int, bias: bool = True, classifier: bool = False) -> int:
        """Append a linear map of channels, at every place; with a bias as a node of its own."""
        channels, size = self.shape(x)
        roles = (
            (graph.CLASS_WEIGHT, graph.CLASS_BIAS) if classifier else (graph.WEIGHT, graph.BIAS)
        )
        shape = (out, channels)
        nodes = [self._node("conv", (Parameter("weight", shape, roles[0]),), shape)]
        if bias:
            nodes.append(self._node("bias", (Parameter("bias", (out,), roles[1]),), (out,)))
        make = partial(layers.ChannelLinear, channels, out, bias=bias)
        return self._add((x,), make, out, size, tuple(nodes))

    def norm(self, x: int, kind: str = "bn") -> int:
        """Append a normalisation, `bn` of the batch or `ln` of each place's channels."""
        channels, size = self.shape(x)
        pair = (
            Parameter("weight", (channels,), graph.SCALE),
            Parameter("bias", (channels,), graph.SHIFT),
        )
        make = partial(layers.BatchNorm if kind == "bn" else layers.ChannelNorm, channels)
        return self._add((x,), make, channels, size, (self._node(kind, pair, (channels,)),))

    def pool(self, x: int, kind: str, stride: int, width: int = 3) -> int:
        """Append a pool, `max_pool` or `avg_pool`; a mean leaves padding out."""
        channels, size = self.shape(x)
        dim = self.frame.dim
        window = Window((width,) * dim, stride, ((width - 1) // 2,) * dim)
        make = partial(layers.MAX_POOL[dim], width, stride, window.padding)
        if kind == "avg_pool":
            make = partial(
                layers.AVG_POOL[dim], width, stride, window.padding, count_include_pad=False
            )
        node = self._node(kind, shape=(1, 1, *window.kernel))
        return self._add((x,), make, channels, window.after(size), (node,))

    def subsample(self, x: int) -> int:
        """Append every second place."""
        channels, size = self.shape(x)
        return self._add((x,), partial(layers.Subsample, self.frame.dim), channels,
                         _strided(size, 2))  # fmt: skip

    def mean(self, x: int, node: bool = True) -> int:
        """Append the mean over space."""
        nodes = (self._node("glob_avg"),) if node else ()
        return self._add((x,), layers.Mean, self.shape(x)[0], (), nodes)

    def flatten(self, x: int) -> int:
        """Append all places of all channels as channels."""
        channels, size = self.shape(x)
        return self._add((x,), nn.Flatten, channels * _numbers(size), ())

    def gate(self, x: int, gate: int) -> int:
        """Append channels times their gates."""
        return self._add((x, gate), layers.Gate, *self.shape(x), (self._node("cse"),))

    def attend(self, x: int) -> int:
        """Append attention on queries, keys and values that stand behind one another."""
        channels, size = self.shape(x)
        return self._add((x,), layers.Attend, channels // 3, size, (self._node("msa"),))

    def positions(self, x: int) -> int:
        """Append learned positions of the shape of another layer, and add them to it."""
        channels, size = self.shape(x)
        shape = (1, channels, *size) if len(size) == 2 else (1, *size, channels)
        value = Parameter("values", shape, graph.POSITION)
        node = self._node("pos_enc", (value,), shape)
        own = self._add((), partial(layers.Positions, channels, size), channels, size, (node,))
        return self._add((own, x), layers.Sum, channels, size, (self._node("sum"),))

    def sum(self, x: Value, y: Value) -> Value:
        """Append the sum of what is there of two values."""
        if x is None or y is None:
            return y if x is None else x
        if self.shape(x) != self.shape(y):
            raise Refused(f"sum of {self.shape(x)} and {self.shape(y)}: shapes must be equal")
        return self._add((x, y), layers.Sum, *self.shape(x), (self._node("sum"),))

    def concat(self, values: Sequence[Value]) -> Value:
        """Append what is there of several values, behind one another."""
        there = [value for value in values if value is not None]
        if len(there) < 2:
            return there[0] if there else None
        channels = sum(self.shape(value)[0] for value in there)
        size = self.shape(there[0])[1]
        return self._add(tuple(there), layers.Concat, channels, size, (self._node("concat"),))

    def shift(self, x: int) -> int:
        """Append the same, moved by one place."""
        return self.through(layers.Shift, x)

    def shape(self, x: int) -> tuple[int, Size]:
        """Return channels and size of a layer's value."""
        return self.layers[x].channels, self.layers[x].size

    def finished(self, output: int) -> Blueprint:
        """Return what leads to the output, renumbered; positions and input keep their order.

        Raises:
            Refused: the output does not depend on the input.
        """
        alive, waiting = set[int](), [output]
        while waiting:
            place = waiting.pop()
            if place not in alive:
                alive.add(place)
                waiting += self.layers[place].inputs
        if 0 not in alive:
            raise Refused("the output does not depend on the input")
        kept = sorted(alive)
        new = {old: place for place, old in enumerate(kept)}
        return Blueprint(
            tuple(
                replace(layer, inputs=tuple(new[i] for i in layer.inputs))
                for layer in (self.layers[old] for old in kept)
            ),
            self.frame,
        )

    # -- inside -----------------------------------------------------------------------------------

    def _window(self, x: int, out: int, window: Window, rectified: bool) -> int:
        channels, size = self.shape(x)
        shape = (out, channels // window.groups, *window.kernel)
        name = "conv" if window.groups == 1 else "sep_conv"
        name = "dil_conv" if window.groups > 1 and window.dilation > 1 else name
        weight = Parameter("weight", shape, rectified=rectified)
        make = partial(window.module, channels, out)
        node = self._node(name, (weight,), shape)
        return self._add((x,), make, out, window.after(size), (node,))

    def _add(
        self,
        inputs: tuple[int, ...],
        make: Callable[[], nn.Module],
        channels: int,
        size: Size,
        nodes: tuple[Node, ...] = (),
    ) -> int:
        self.layers.append(Layer(inputs, make, channels, size, nodes))
        return len(self.layers) - 1

    def _node(
        self,
        primitive: str,
        parameters: tuple[Parameter, ...] = (),
        shape: tuple[int, ...] | None = None,
    ) -> Node:
        return Node(INDEX[primitive], parameters, shape, self.cell)


def _strided(size: Size, stride: int) -> Size:
    return tuple((n - 1) // stride + 1 for n in size)
