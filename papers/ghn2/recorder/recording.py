"""One forward of a user's module, recorded as a graph.

The forward runs on the meta device, where tensors have shapes and no numbers; where a module asks
for numbers (it branches on data, or leaves torch) it runs again on the real example. It runs in
evaluation, and where that leaves parameters unused, in training too: auxiliary heads speak there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from harness.paper import Refused
from papers.ghn2.graph import Graph
from papers.ghn2.recorder import modules, shapes, stand_ins
from papers.ghn2.recorder.finish import finish
from papers.ghn2.recorder.listener import Listener
from papers.ghn2.recorder.tape import Tape, Value, tensors

FAILURES = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, AssertionError)
META, REAL = "meta", "real"


@dataclass(frozen=True)
class Names:
    """A module's tensors: all by name, and what is known of its parameters.

    `shapes` has each parameter once, by the first of its names; `tied` leads from its other names
    to that one. `frozen`: those that require no gradient.
    """

    state: dict[str, Tensor] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, module: nn.Module) -> Names:
        """Return those of a module."""
        first: dict[int, str] = {}
        names = cls()
        for name, parameter in module.named_parameters(remove_duplicate=False):
            names.state[name] = parameter
            known = first.setdefault(id(parameter), name)
            if known != name:
                names.tied[name] = known
                continue
            names.shapes[name] = tuple(parameter.shape)
            if not parameter.requires_grad:
                names.frozen.add(name)
        names.state.update(module.named_buffers(remove_duplicate=False))
        return names


@dataclass(frozen=True)
class Recording:
    """A module's graph, and what is not in it.

    `names`: the module's tensors. `classes`: numbers of the output, None without a classifier.
    `transposed`: parameters that the module holds as the transpose of what the graph has.
    `unsupported`: by operation, parameters that only it uses. `idle`: parameters that no operation
    used, or none that leads to the output. `device`: "meta" or "real"; `training`: whether it was
    heard in training; `decided`: functions through which data decided the way.
    """

    graph: Graph
    names: Names
    classes: int | None
    transposed: frozenset[str]
    unsupported: Mapping[str, tuple[str, ...]]
    idle: tuple[str, ...]
    device: str
    training: bool
    decided: tuple[str, ...]


def record(module: nn.Module, example: Any, frozen: bool = False, quick: bool = True) -> Recording:
    """Return the graph of a module's forward on an example: a tensor, a tuple, or keywords.

    `frozen`: whether parameters that require no gradient are to be predicted, too. `quick`:
    whether shapes on the meta device are computed in `shapes` rather than by torch.

    Raises:
        Refused: a wrapper, or a module whose parameters are no plain ones; an example without a
            tensor; a forward that fails on the real example.
    """
    modules.check(module)
    session = _Session(module, *_arguments(example), Names.of(module), frozen, quick)
    found = session.recorded(training=False)
    if not found.idle:
        return found
    try:
        other = session.recorded(training=True)
    except Refused:
        return found  # some modules want targets there
    return other if other.graph.size > found.graph.size else found


def _arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not any(True for _ in tensors(example)):
        raise Refused(
            f"example={type(example).__name__}: holds no tensor; give a batch of inputs, a tuple "
            "of arguments or a dict of keywords"
        )
    if isinstance(example, Mapping):
        return (), dict(example)
    return (tuple(example) if isinstance(example, list | tuple) else (example,)), {}


@dataclass(frozen=True)
class _Session:
    """A module and its example, to be heard in a mode and on a device."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: Names
    frozen: bool
    quick: bool

    def recorded(self, training: bool) -> Recording:
        """Return what is heard on the meta device, or else on the real example."""
        failure: Exception | None = None
        for device in (META, REAL):
            try:
                return self._heard(device, training)
            except FAILURES as error:
                failure = error
        given = [tuple(each.shape) for each in tensors((self.args, self.kwargs))]
        reason = (str(failure).strip().splitlines() or [""])[0]
        what = f"{type(failure).__name__}: {reason}"
        raise Refused(f"example={given}: the module's forward fails on it: {what}") from failure

    def _heard(self, device: str, training: bool) -> Recording:
        meta = device == META
        state = (stand_ins.on_meta if meta else stand_ins.real)(self.names.state)
        args, kwargs = self.args, self.kwargs
        if meta:
            args, kwargs = stand_ins.like((args, kwargs), stand_ins.empty)
        if training:
            args, kwargs = stand_ins.like((args, kwargs), stand_ins.several)
        tape = self._tape(state, (args, kwargs))
        listener = Listener(tape, shapes.answers() if meta and self.quick else {})
        cards = {each.device.index for each in self.names.state.values() if each.is_cuda}
        left_alone = torch.random.fork_rng(devices=[] if meta else sorted(cards))
        with left_alone, stand_ins.mode(self.module, training), torch.no_grad(), listener:
            output = functional_call(self.module, state, args, kwargs, tie_weights=False)
        return self._finished(tape, list(stand_ins.outputs(output)), listener, device, training)

    def _tape(self, state: Mapping[str, Tensor], example: Any) -> Tape:
        tape = Tape(self.names.shapes)
        for name in self.names.shapes:
            value = Value((), (name,))
            tape.assign(self.names.state[name], value)  # some modules hold it in a list of theirs
            tape.assign(state[name], value)
        for each in tensors(example):
            tape.assign(each, Value((0,)))
        return tape

    def _finished(
        self, tape: Tape, outputs: list[Tensor], listener: Listener, device: str, training: bool
    ) -> Recording:
        wanted = frozenset(self.names.shapes)
        wanted -= frozenset() if self.frozen else self.names.frozen
        done = finish(tape, outputs, wanted)
        left = wanted - {parameter.name for parameter in done.graph.parameters()}
        unsupported = {
            operation: tuple(name for name in self.names.shapes if name in names & left)
            for operation, names in tape.unsupported.items()
            if names & left
        }
        left -= {name for names in unsupported.values() for name in names}
        return Recording(
            graph=done.graph,
            names=self.names,
            classes=done.classes,
            transposed=done.transposed,
            unsupported=unsupported,
            idle=tuple(name for name in self.names.shapes if name in left),
            device=device,
            training=training,
            decided=tuple(sorted(listener.decided)),
        )
