"""Functions that take weights: convolutions, linear maps, products of matrices, normalisations.

A weight is a node between its input and its bias. Shapes: O rows out, I columns in.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from papers.ghn2.graph import BIAS, SCALE, SHIFT, WEIGHT
from papers.ghn2.recorder.call import Call, Rule
from papers.ghn2.recorder.tape import SCORES, WEIGHTS, Tape, Use, Value, joined


def convolution(tape: Tape, call: Call) -> Value:
    """Follow conv{1,2,3}d(input, weight, bias, stride, padding, dilation, groups)."""
    weight, groups = call.at(1, "weight"), call.at(6, "groups", 1)
    dilation = call.at(5, "dilation", 1)
    dilated = dilation != 1 if isinstance(dilation, int) else any(d != 1 for d in dilation)
    primitive = "conv" if groups == 1 else "dil_conv" if dilated else "sep_conv"
    kernel = tuple(weight.shape[2:])
    first_of_pair = len(kernel) == 2 and kernel[0] < kernel[1]
    rectified = not (first_of_pair or (groups > 1 and weight.shape[1] == 1))
    before = tape.value(call.at(0, "input"))
    after = weighted(tape, primitive, before, weight, rectified=rectified)
    return biased(tape, after, call.at(2, "bias"))


def linear(tape: Tape, call: Call) -> Value:
    """Add the weight of a linear map, and its bias."""
    after = weighted(tape, "conv", tape.value(call.at(0, "input")), call.at(1, "weight"))
    return biased(tape, after, call.at(2, "bias"))


def weighted(
    tape: Tape,
    primitive: str,
    before: Value,
    weight: Tensor,
    transposed: bool = False,
    rectified: bool = True,
) -> Value:
    """Return the value after a weight (O, I, *kernel), or (I, O) where it stands transposed.

    A weight that is computed from data is no node: what it comes from flows through.
    """
    value = tape.value(weight)
    if not value.alias:
        return joined([before, value])
    alone = len(value.parameters) == 1
    uses = []
    for name in value.parameters:
        shape = tape.shapes[name]
        if alone and len(shape) < 2:  # a vector that is viewed as a matrix or a kernel
            shape = tuple(weight.shape) if weight.dim() > 1 else (1, *weight.shape)
        turned = transposed and len(shape) == 2
        uses.append(Use(name, WEIGHT, shape[::-1] if turned else shape, rectified, turned))
    return tape.node(primitive, before.sources, tuple(uses), uses[0].shape)


def biased(tape: Tape, before: Value, bias: Tensor | None) -> Value:
    """Return the value after a bias (O), where there is one."""
    value = tape.value(bias)
    if not value.alias:
        return joined([before, value]) if value.data else before
    uses = tape.uses(value, BIAS)
    return tape.node("bias", before.sources, uses, uses[0].shape)


# -- products of matrices -------------------------------------------------------------------------


def product(tape: Tape, call: Call) -> Value:
    """Follow matmul(a, b), also as an operator, mm, bmm and mv."""
    return _product(tape, call.name, call.at(0, "input"), call.at(1, "other"))


def reflected_product(tape: Tape, call: Call) -> Value:
    """Follow __rmatmul__: the left matrix stands second."""
    return _product(tape, call.name, call.args[1], call.args[0])


def product_and_bias(tape: Tape, call: Call) -> Value:
    """Follow addmm(bias, a, b) and baddbmm(scores, a, b)."""
    first = call.at(0, "input")
    after = _product(tape, call.name, call.at(1, "mat1"), call.at(2, "mat2"))
    if tape.value(first).alias and not after.stage:
        return biased(tape, after, first)
    return joined([after, tape.bare(tape.value(first))])


def _product(tape: Tape, name: str, a: Tensor, b: Tensor) -> Value:
    left, right = tape.value(a), tape.value(b)
    if left.alias and right.data:
        matrix, turns = _matrix(a), True
    elif right.alias and left.data:
        matrix, turns = _matrix(b), False
    elif left.alias and right.alias:
        return tape.refuse(name, left, right)
    else:
        return of_data(tape, left, right)
    if matrix is None:
        return tape.refuse(name, left, right)
    transposed = matrix.dim() == 2 and _turned(matrix) == turns
    before = right if left.alias else left
    return weighted(tape, "conv", before, matrix, transposed=transposed)


def _matrix(given: Tensor) -> Tensor | None:
    """Return the one matrix that a batch repeats, None where there are several."""
    while given.dim() > 2:
        if given.shape[0] > 1 and given.stride(0):
            return None
        given = given[0]
    return given


def _turned(matrix: Tensor) -> bool:
    """Whether a matrix is seen as the transpose of how it is stored."""
    return matrix.stride(0) < matrix.stride(1)


def of_data(tape: Tape, left: Value, right: Value) -> Value:
    """Return the product of two tensors of data.

    Two that meet are the scores of attention; what is weighted by the softmax of scores is `msa`.
    """
    both = joined([left, right])
    if WEIGHTS in (left.stage, right.stage):
        return tape.node("msa", both.sources, label="msa")
    if left.data and right.data:
        return both._replace(stage=max(SCORES, both.stage))
    return both


def einsum(tape: Tape, call: Call) -> Value:
    """Read the equation of two operands as a product of matrices."""
    equation, operands = call.args[0], call.args[1:]
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    values = [tape.value(operand) for operand in operands]
    aliases = [place for place, value in enumerate(values) if value.alias]
    if not aliases or not any(value.data for value in values):
        return of_data(tape, *values) if len(values) == 2 else joined(values)
    matrix = _side(equation, aliases[0]) if len(values) == 2 else None
    if matrix is None or operands[aliases[0]].dim() != 2:
        return tape.refuse("einsum", *values)
    weight = operands[aliases[0]]
    transposed = (matrix == "in, out") != _turned(weight)
    return weighted(tape, "conv", values[1 - aliases[0]], weight, transposed=transposed)


def _side(equation: str, place: int) -> str | None:
    """Return which way round the operand at a place is a matrix, None where it is none."""
    given, _, kept = str(equation).replace(" ", "").partition("->")
    terms = given.split(",")
    own, other = terms[place], terms[1 - place]
    summed = [letter in other and letter not in kept for letter in own]
    free = [letter in kept and letter not in other for letter in own]
    if summed == [True, False] and free == [False, True]:
        return "in, out"
    return "out, in" if summed == [False, True] and free == [True, False] else None


# -- attention ------------------------------------------------------------------------------------


def scaled_attention(tape: Tape, call: Call) -> Value:
    """Follow scaled_dot_product_attention(query, key, value, mask)."""
    given = [call.at(0, "query"), call.at(1, "key"), call.at(2, "value"), call.at(3, "attn_mask")]
    return tape.node("msa", _all(tape, given).sources, label="msa")


def attention(tape: Tape, call: Call) -> Value:
    """Follow multi_head_attention_forward: projections in, attention, projection out."""
    query, key, values = (call.at(place, name) for place, name in enumerate(_INPUTS))
    packed, bias = call.at(5, "in_proj_weight"), call.at(6, "in_proj_bias")
    extra = _all(tape, [call.at(7, "bias_k"), call.at(8, "bias_v"), call.at(16, "attn_mask")])
    if packed is not None:
        given = joined([tape.value(each) for each in (query, key, values)])
        seen = biased(tape, weighted(tape, "conv", given, packed), bias)
    else:
        kinds = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        apart = [
            weighted(tape, "conv", tape.value(each), call.kwargs[kind])
            for each, kind in zip((query, key, values), kinds, strict=True)
        ]
        seen = biased(tape, joined(apart), bias)
    heads = tape.node("msa", joined([seen, extra]).sources, label="msa")
    after = weighted(tape, "conv", heads, call.at(11, "out_proj_weight"))
    return biased(tape, after, call.at(12, "out_proj_bias"))


_INPUTS = ("query", "key", "value")


def _all(tape: Tape, given: list[Any]) -> Value:
    return joined([tape.bare(tape.value(each)) for each in given])


# -- normalisation --------------------------------------------------------------------------------


def normalisation(primitive: str, weight: int, bias: int | None) -> Rule:
    """Return the rule of a normalisation whose scale and shift stand at two places."""

    def rule(tape: Tape, call: Call) -> Value:
        scale = tape.value(call.at(weight, "weight"))
        shift = tape.value(call.at(bias, "bias")) if bias is not None else Value()
        uses = tape.uses(scale, SCALE) + tape.uses(shift, SHIFT)
        before = joined([tape.value(call.at(0, "input")), Value(scale.sources + shift.sources)])
        return tape.node(
            primitive, before.sources, uses, uses[0].shape if uses else None, call.name
        )

    return rule
