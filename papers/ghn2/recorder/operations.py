"""Functions without weights: sums, gates, concatenations, pools; and all that merely passes on."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from papers.ghn2.graph import BIAS, SCALE
from papers.ghn2.recorder.call import Call
from papers.ghn2.recorder.tape import (
    CONSTANT,
    SCORES,
    WEIGHTS,
    Tape,
    Value,
    joined,
    tensors,
)


def passed_on(tape: Tape, call: Call) -> Value:
    """Return what a function without parameters passes on: all that it was given.

    Parameters that meet data here meet an operation that is no primitive.
    """
    values = [tape.value(each) for each in tensors((call.args, call.kwargs))]
    if any(value.alias for value in values) and any(value.data for value in values):
        return tape.refuse(call.name, *values)
    return joined(values)


def elementwise(tape: Tape, call: Call) -> Value:
    """Return what is made of several, entry by entry: a bare parameter joins the data."""
    values = [tape.value(each) for each in tensors((call.args, call.kwargs))]
    if any(value.data for value in values):
        values = [tape.bare(value) for value in values]
    return joined(values)


def first(tape: Tape, call: Call) -> Value:
    """Return the value of the first argument: the others give a shape, a type or a place."""
    return tape.value(call.args[0])


def fresh(tape: Tape, call: Call) -> Value:
    """Return a constant: only shapes were read."""
    return CONSTANT


# -- two operands ---------------------------------------------------------------------------------


def addition(tape: Tape, call: Call) -> Value:
    """Add or subtract: a `sum` where two come together, a `bias` where b is a vector."""
    a, b = _operands(tape, call)
    if a.alias and b.alias and a.parameters != b.parameters:
        a, b = tape.bare(a), tape.bare(b)
    if a.alias and b.data:
        a, b = b, a
    if a.data and b.alias:
        if not a.stage and tape.vector(b):
            uses = tape.uses(b, BIAS)
            return tape.node("bias", a.sources, uses, uses[0].shape)
        b = tape.bare(b)
    both = joined([a, b])
    if len(both.sources) < 2 or both.stage or not (a.data and b.data):
        return both
    return tape.node("sum", both.sources, label="sum")


def multiplication(tape: Tape, call: Call) -> Value:
    """Multiply or divide: `cse` where one is a gate of the other, a scale where b is a vector."""
    a, b = _operands(tape, call)
    if a.alias and b.alias and a.parameters != b.parameters:
        return tape.refuse(call.name, a, b)
    if a.alias and b.data:
        a, b = b, a
    if a.data and b.alias:
        if not a.stage and tape.vector(b):
            uses = tape.uses(b, SCALE)
            return tape.node("ln", a.sources, uses, uses[0].shape)
        return joined([a, tape.bare(b)])
    if a.data and b.data and a.sources != b.sources and not (a.stage or b.stage):
        return gated(tape, a, b, call.at(0, "input"), call.at(1, "other"))
    return joined([a, b])


def _operands(tape: Tape, call: Call) -> tuple[Value, Value]:
    return tape.value(call.at(0, "input")), tape.value(call.at(1, "other"))


def gated(tape: Tape, a: Value, b: Value, one: Tensor, other: Tensor) -> Value:
    """Return `cse` where one operand holds a number a channel and the other a map a channel.

    The average that the gate is computed from is part of it, and no node of its own.
    """
    if one.numel() < other.numel():
        a, b, one, other = b, a, other, one
    both = joined([a, b])
    if one.numel() == other.numel() or one.dim() < 3 or sum(n > 1 for n in other.shape[1:]) != 1:
        return both
    seen, waiting = set(a.sources), list(b.sources)
    while waiting:
        index = waiting.pop()
        if index in seen or index < min(a.sources):
            continue
        seen.add(index)
        entry = tape.entries[index]
        if entry.primitive == "glob_avg" and set(entry.before) <= set(a.sources):
            tape.within.add(index)
        else:
            waiting += entry.before
    return tape.node("cse", both.sources, label="cse")


# -- several --------------------------------------------------------------------------------------


def concatenation(tape: Tape, call: Call) -> Value:
    """Join with cat, stack and their kin: `concat` where two come together."""
    values = [tape.value(each) for each in call.at(0, "tensors")]
    if any(value.data for value in values):
        values = [tape.bare(value) for value in values]
    both = joined(values)
    if len(both.sources) < 2 or both.stage or sum(value.data for value in values) < 2:
        return both
    return tape.node("concat", both.sources, label="concat")


def softmax(tape: Tape, call: Call) -> Value:
    """Scores of attention become weights."""
    value = passed_on(tape, call)
    return value._replace(stage=WEIGHTS) if value.stage == SCORES else value


def written(tape: Tape, call: Call) -> Value:
    """Write into x, x[...] = y or x.copy_(y): x holds both from now on."""
    given = call.args[-1]
    into, value = tape.value(call.args[0]), tape.value(given)
    if into.data or (into.alias and value.data):
        into, value = tape.bare(into), tape.bare(value)
    both = joined([into, value])
    if both != into or isinstance(given, Tensor):
        tape.assign(call.args[0], both)
    return both


# -- pools ----------------------------------------------------------------------------------------


def max_pool(tape: Tape, call: Call) -> Value:
    """Follow max_pool{1,2,3}d(input, kernel_size, ...)."""
    return _pool(tape, "max_pool", call, call.at(1, "kernel_size"))


def avg_pool(tape: Tape, call: Call) -> Value:
    """Follow avg_pool{1,2,3}d(input, kernel_size, ...): `glob_avg` where the kernel covers all."""
    return _pool(tape, "avg_pool", call, call.at(1, "kernel_size"))


def adaptive_max_pool(tape: Tape, call: Call) -> Value:
    """Follow adaptive_max_pool{1,2,3}d(input, output_size)."""
    return _pool(tape, "max_pool", call, None)


def adaptive_avg_pool(tape: Tape, call: Call) -> Value:
    """Follow adaptive_avg_pool{1,2,3}d(input, output_size): `glob_avg` where it is 1."""
    return _pool(tape, "avg_pool", call, None)


def _pool(tape: Tape, primitive: str, call: Call, kernel: Any) -> Value:
    given, value = call.at(0, "input"), tape.value(call.at(0, "input"))
    if not value.data:
        return value
    size = given.shape[2:]
    left = next(tensors(call.result)).shape[2:]
    if kernel is None:
        kernel = tuple(max(1, i // o) for i, o in zip(size, left, strict=True))
    kernel = (kernel,) * len(size) if isinstance(kernel, int) else tuple(kernel)
    if primitive == "avg_pool" and all(o == 1 for o in left) and kernel == tuple(size):
        return tape.node("glob_avg", value.sources, label=call.name)
    return tape.node(primitive, value.sources, (), (1, 1, *kernel), call.name)


def mean(tape: Tape, call: Call) -> Value:
    """Average over dimensions: `glob_avg` where a number a channel is left of a map a channel."""
    given, value = call.args[0], tape.value(call.args[0])
    dims = call.at(1, "dim")
    if not value.data or value.stage or dims is None:
        return value
    dims = {d % given.dim() for d in ([dims] if isinstance(dims, int) else dims)}
    if given.dim() < 3 or 0 in dims or len(dims) != given.dim() - 2:
        return value
    return tape.node("glob_avg", value.sources, label=call.name)
