"""A user's network, all of its parameters predicted in one pass, and a report of what was covered.

The network is heard once (papers.ghn2.recorder), its graph is read by the hypernetwork, and what
comes out goes by the names of the network's own state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from harness.paper import Refused
from papers.ghn2 import graph
from papers.ghn2.graph import Graph, Node
from papers.ghn2.hyper.features import four
from papers.ghn2.hyper.network import HyperNetwork
from papers.ghn2.recorder.recording import Names, Recording, record
from papers.ghn2.recorder.tape import tensors
from papers.ghn2.space.draft import Frame

CLASSIFIER = (graph.CLASS_WEIGHT, graph.CLASS_BIAS)
State = dict[str, Tensor]


@dataclass(frozen=True)
class Report:
    """What was predicted and what was not, in numbers and by name.

    `predicted` and `total` count numbers; what is frozen, or a classifier that was not asked for,
    is in neither. `unsupported`: by operation, parameters that no primitive takes. `idle`: those
    that no operation used on the way that the forward took. `frozen`, `classifier`: left as they
    were. `tied`: second names of a parameter. `untracked`: norms without running statistics, which
    go by the batch; `unfilled`: norms whose running statistics no data have filled. `severed`:
    whether data left torch, so that no edge leads from the input.
    """

    predicted: int
    total: int
    nodes: int
    unsupported: Mapping[str, tuple[str, ...]]
    idle: tuple[str, ...]
    frozen: tuple[str, ...]
    classifier: tuple[str, ...]
    tied: Mapping[str, str]
    untracked: tuple[str, ...]
    unfilled: tuple[str, ...]
    device: str
    training: bool
    decided: tuple[str, ...]
    severed: bool = False

    @property
    def coverage(self) -> float:
        """The share of the parameters that is predicted."""
        return self.predicted / self.total if self.total else 1.0

    def missing(self) -> str:
        """Return what is not predicted, and why, in half a line."""
        parts = [f"'{op}' is no primitive ({_few(own)})" for op, own in self.unsupported.items()]
        if self.idle:
            parts.append(f"not used in this forward ({_few(self.idle)})")
        return "; ".join(parts)

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        yield (
            f"predicted {self.predicted:,} of {self.total:,} parameters "
            f"({100 * self.coverage:.4g} %), {self.nodes} nodes"
        )
        if self.coverage < 1:
            yield f"left as they were: {self.missing()}"
        if self.frozen:
            yield f"frozen, left as they were: {_few(self.frozen)}"
        if self.classifier:
            yield f"classifier, left as it was: {_few(self.classifier)}"
        for name, first in self.tied.items():
            yield f"tied, predicted once: '{name}' is '{first}'"
        if self.untracked:
            yield f"without running statistics, normalised by the batch: {_few(self.untracked)}"
        if self.unfilled:
            yield (
                f"running statistics that no data have filled: {_few(self.unfilled)}; evaluate "
                "with statistics of the batch, or run training data through first"
            )
        if self.training:
            yield "heard in training, where auxiliary heads speak"
        if self.device == "real":
            how = f" ({', '.join(self.decided)})" if self.decided else ""
            yield f"heard on the real example{how}: another one may take another way"
        if self.severed:
            yield "data left torch on their way: no edge of the graph leads from the input"


def predict(
    ghn: HyperNetwork,
    module: nn.Module,
    example: Any,
    *,
    frame: Frame | None = None,
    partial: bool = False,
    frozen: bool = False,
    classifier: bool = True,
) -> tuple[State, Report]:
    """Return a module's state with predicted parameters, and a report; the module stays as it is.

    `example` is a batch for its forward: a tensor, a tuple of arguments or a dict of keywords.
    `frame`: what the hypernetwork was trained on, to compare with. `partial`: whether parameters
    may be left as they are where no primitive takes them. `frozen`: whether those that require no
    gradient are predicted, too. `classifier`: whether the last layer is.

    Raises:
        Refused: coverage below 100 % unless `partial`; other classes, channels or dimensions than
            the hypernetwork's; no classifier; a kernel above the largest; numbers that are not
            finite; what `record` refuses.
    """
    if frame is not None:
        _compare(example, frame)
    recording = record(module, example, frozen)
    names = recording.names
    network = _asked(recording, ghn, classifier)
    report = _report(module, recording, network, frozen)
    if report.coverage < 1 and not partial:
        raise Refused(
            f"module: {100 * report.coverage:.4g} % of its parameters are predicted: "
            f"{report.missing()}; allow a partial prediction to leave them as they are"
        )
    for parameter in network.parameters():
        _fits(parameter, ghn)
    with torch.no_grad():
        predicted = ghn([network])[0]
    _check_finite(predicted)
    return _state(module, names, predicted, recording.transposed), report


# -- what is asked for ----------------------------------------------------------------------------


def _compare(example: Any, frame: Frame) -> None:
    given = next(tensors(example), None)
    if given is None:
        return
    if given.dim() != frame.dim + 2:
        raise Refused(
            f"example={tuple(given.shape)}: the hypernetwork was trained on inputs of "
            f"{frame.dim} dimensions, (N, {frame.channels}, {', '.join(map(str, frame.size))})"
        )
    if given.shape[1] != frame.channels:
        raise Refused(
            f"example={tuple(given.shape)}: {given.shape[1]} channels; the hypernetwork was "
            f"trained on {frame.channels}"
        )


def _asked(recording: Recording, ghn: HyperNetwork, classifier: bool) -> Graph:
    """Return the graph that the hypernetwork reads, with or without the classifier's tensors."""
    classes = ghn.hyper.classes
    if not classifier:
        return _without_classifier(recording.graph, classes)
    if recording.classes is None:
        raise Refused(
            "module: no classifier: its output must be (N, K) from a linear map with K rows; "
            "leave it out to predict the rest (classifier=False)"
        )
    if recording.classes != classes:
        raise Refused(
            f"module: {recording.classes} classes; the hypernetwork predicts classifiers of "
            f"{classes}: give the module as many, or leave its classifier out (classifier=False)"
        )
    return recording.graph


def _without_classifier(network: Graph, classes: int) -> Graph:
    """Return a graph whose classifiers are not predicted, and look like those of training."""
    nodes = []
    for node in network.nodes:
        if any(parameter.role in CLASSIFIER for parameter in node.parameters):
            node = _plain(node, classes)
        nodes.append(node)
    return Graph(tuple(nodes), network.edges)


def _plain(node: Node, classes: int) -> Node:
    assert node.shape is not None
    return replace(node, parameters=(), shape=(classes, *node.shape[1:]))


def _fits(parameter: graph.Parameter, ghn: HyperNetwork) -> None:
    if parameter.role != graph.WEIGHT:
        return
    kernel, largest = four(parameter.shape)[2:], ghn.hyper.kernel
    if kernel[0] > largest[0] or kernel[1] > largest[1]:
        raise Refused(
            f"parameter '{parameter.name}': its kernel {kernel} is above the largest that the "
            f"hypernetwork decodes, {largest}"
        )


# -- what comes of it -----------------------------------------------------------------------------


def _state(
    module: nn.Module, names: Names, predicted: Mapping[str, Tensor], transposed: frozenset[str]
) -> State:
    """Return the module's state with the predicted tensors in its own shapes and types."""
    state: State = {name: value.detach() for name, value in module.state_dict().items()}
    for name, tensor in predicted.items():
        own = names.state[name]
        turned = tensor.t().contiguous() if name in transposed else tensor
        state[name] = turned.reshape(own.shape).to(own.device, own.dtype)
    for name, first in names.tied.items():
        if first in predicted:
            state[name] = state[first]
    return state


def _check_finite(predicted: Mapping[str, Tensor]) -> None:
    sums = torch.stack([tensor.sum() for tensor in predicted.values()] or [torch.zeros(())])
    if bool(sums.isfinite().all()):
        return
    for name, tensor in predicted.items():
        if not bool(tensor.isfinite().all()):
            raise Refused(
                f"parameter '{name}': the hypernetwork predicts numbers that are not finite; "
                "its own weights are broken, or its training diverged"
            )


def _report(module: nn.Module, recording: Recording, network: Graph, frozen: bool) -> Report:
    names = recording.names
    kept = () if frozen else tuple(name for name in names.shapes if name in names.frozen)
    asked = {parameter.name for parameter in network.parameters()}
    left = [p.name for p in recording.graph.parameters() if p.name not in asked]
    aside = {*kept, *left}
    norms = [(n, p) for n, p in module.named_modules() if isinstance(p, _NormBase)]
    return Report(
        predicted=sum(_numbers(names.shapes[name]) for name in asked),
        total=sum(_numbers(s) for name, s in names.shapes.items() if name not in aside),
        nodes=len(network),
        unsupported=recording.unsupported,
        idle=recording.idle,
        frozen=kept,
        classifier=tuple(left),
        tied=names.tied,
        untracked=tuple(n for n, part in norms if part.running_mean is None),
        unfilled=tuple(n for n, part in norms if _unfilled(part)),
        device=recording.device,
        training=recording.training,
        decided=recording.decided,
        severed=not any(u == 0 for u, _ in network.edges),
    )


def _unfilled(part: _NormBase) -> bool:
    """Whether a norm keeps running statistics that are still those it began with."""
    count = part.num_batches_tracked
    return part.running_mean is not None and (count is None or count.is_meta or int(count) == 0)


def _numbers(shape: tuple[int, ...]) -> int:
    return int(torch.Size(shape).numel())


def _few(names: tuple[str, ...], most: int = 3) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
