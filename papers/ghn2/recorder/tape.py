"""What has been heard so far: which nodes there are, and from which nodes each tensor comes.

A tensor is known by its storage. Views, reshapes, slices and transposes share the storage of what
they show, so they need no rule of their own, and a write through a view is seen by the whole.

Words: a tensor is *data* when it comes from the example (it has sources), an *alias* when it comes
from parameters alone, and a constant otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor

from papers.ghn2.graph import POSITION, WEIGHT

SCORES, WEIGHTS = 1, 2  # of attention: before and after its softmax


class Value(NamedTuple):
    """What a storage holds: the nodes it comes from, or the parameters that it is made of."""

    sources: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    stage: int = 0

    @property
    def data(self) -> bool:
        """Whether it depends on the example, or on nodes at all."""
        return bool(self.sources)

    @property
    def alias(self) -> bool:
        """Whether it is made of parameters alone."""
        return bool(self.parameters)


CONSTANT = Value()


class Use(NamedTuple):
    """A parameter as a node uses it.

    `shape` is what the hypernetwork decodes; `transposed`: the module holds the transpose of it.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    rectified: bool = True
    transposed: bool = False


@dataclass
class Entry:
    """A node as it was heard: before it is known whether it leads to the output."""

    primitive: str
    before: tuple[int, ...]
    uses: tuple[Use, ...] = ()
    shape: tuple[int, ...] | None = None
    label: str = ""


@dataclass
class Tape:
    """Nodes in the order in which they were heard, and the value of every storage.

    `shapes`: of every parameter by name. `unsupported`: by operation, the parameters that it uses
    and that no primitive takes. `within`: averages inside a gate, which are no nodes of their own.
    """

    shapes: Mapping[str, tuple[int, ...]]
    entries: list[Entry] = field(default_factory=lambda: [Entry("input", ())])
    unsupported: dict[str, set[str]] = field(default_factory=dict)
    within: set[int] = field(default_factory=set)
    values: dict[int, Value] = field(default_factory=dict)
    _held: list[Tensor] = field(default_factory=list)  # a freed storage gives its address away
    _bare: dict[str, int] = field(default_factory=dict)

    def value(self, given: Any) -> Value:
        """Return what is known of a tensor; a number, or what was never heard of, is constant."""
        if isinstance(given, Tensor):
            return self.values.get(given.untyped_storage()._cdata, CONSTANT)
        return CONSTANT

    def assign(self, tensor: Tensor, value: Value) -> None:
        """Let a tensor's storage hold a value."""
        key = tensor.untyped_storage()._cdata
        if key not in self.values:
            self._held.append(tensor)
        self.values[key] = value

    def node(
        self,
        primitive: str,
        before: Iterable[int],
        uses: tuple[Use, ...] = (),
        shape: tuple[int, ...] | None = None,
        label: str = "",
    ) -> Value:
        """Add a node after others; return the value that it gives."""
        name = uses[0].name if uses else label
        self.entries.append(Entry(primitive, tuple(before), uses, shape, name))
        return Value((len(self.entries) - 1,))

    def bare(self, value: Value) -> Value:
        """Return a value as data: each parameter in it becomes a `pos_enc`, once."""
        if not value.alias:
            return value
        for name in value.parameters:
            if name not in self._bare:
                shape = self.shapes[name] or (1,)
                use = Use(name, POSITION, shape)
                self._bare[name] = self.node("pos_enc", (), (use,), shape).sources[0]
        return Value(tuple(sorted(self._bare[name] for name in value.parameters)))

    def vector(self, value: Value) -> str | None:
        """Return the name of the one parameter with at most one dimension that a value is."""
        if len(value.parameters) == 1 and len(self.shapes[value.parameters[0]]) <= 1:
            return value.parameters[0]
        return None

    def uses(self, value: Value, role: str = WEIGHT, rectified: bool = True) -> tuple[Use, ...]:
        """Return how a node uses the parameters of a value, in one role and as they are."""
        return tuple(
            Use(name, role, self.shapes[name] or (1,), rectified) for name in value.parameters
        )

    def refuse(self, operation: str, *values: Value) -> Value:
        """Note that no primitive takes these parameters; return the rest of the values."""
        names = {name for value in values for name in value.parameters}
        self.unsupported.setdefault(operation, set()).update(names)
        return joined([value for value in values if not value.alias])


def joined(values: Iterable[Value]) -> Value:
    """Return the value of what is made of several: sources, parameters and the last stage."""
    sources: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    stage = 0
    for value in values:
        if value.sources and value.sources != sources:
            sources = union(sources, value.sources) if sources else value.sources
        if value.parameters and value.parameters != parameters:
            parameters = tuple(dict.fromkeys(parameters + value.parameters))
        stage = max(stage, value.stage)
    return Value(sources, parameters, stage)


def union(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return the nodes of both, each once, in order."""
    return one if one == other else tuple(sorted({*one, *other}))


def tensors(given: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or results, however deep they lie in lists and mappings."""
    if isinstance(given, Tensor):
        yield given
    elif isinstance(given, list | tuple):
        for each in given:
            yield from tensors(each)
    elif isinstance(given, Mapping):
        for each in given.values():
            yield from tensors(each)
