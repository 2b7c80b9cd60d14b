"""Which rule each torch function follows, by its name; what is not here passes on what it got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812

from papers.ghn2.recorder import operations as op
from papers.ghn2.recorder import weights as w
from papers.ghn2.recorder.call import Rule

RULES: dict[Rule, str] = {
    w.convolution: "conv1d conv2d conv3d",
    w.linear: "linear",
    w.product: "matmul __matmul__ mm bmm mv",
    w.reflected_product: "__rmatmul__",
    w.product_and_bias: "addmm baddbmm",
    w.einsum: "einsum",
    w.scaled_attention: "scaled_dot_product_attention",
    w.attention: "multi_head_attention_forward",
    op.addition: "add add_ __add__ __radd__ __iadd__ sub sub_ subtract __sub__ __rsub__ "
    "__isub__ rsub",
    op.multiplication: "mul mul_ multiply __mul__ __rmul__ __imul__ div div_ divide true_divide "
    "__truediv__ __rtruediv__ __itruediv__ __div__",
    op.concatenation: "cat concat concatenate stack hstack vstack dstack column_stack",
    op.softmax: "softmax",
    op.written: "__setitem__ copy_ index_copy_ index_put_ masked_scatter_",
    op.max_pool: "max_pool1d max_pool2d max_pool3d _max_pool1d _max_pool2d _max_pool3d "
    "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices",
    op.avg_pool: "avg_pool1d avg_pool2d avg_pool3d",
    op.adaptive_max_pool: "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d "
    "_adaptive_max_pool1d _adaptive_max_pool2d _adaptive_max_pool3d",
    op.adaptive_avg_pool: "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d",
    op.mean: "mean",
    op.elementwise: "where maximum minimum max min fmax fmin pow float_power lerp addcmul addcdiv "
    "prelu masked_fill clamp clip index_add masked_scatter expand_copy",
    op.first: "view_as expand_as reshape_as type_as to masked_select_as",
    op.fresh: "zeros_like ones_like empty_like full_like rand_like randn_like randint_like "
    "new_zeros new_ones new_full new_empty new_tensor argmax argmin",
}
NORMALISATIONS = (  # two functions of one name order their arguments differently
    (F.batch_norm, "bn", 3, 4),
    (torch.batch_norm, "bn", 1, 2),
    (F.instance_norm, "ln", 3, 4),
    (torch.instance_norm, "ln", 1, 2),
    (F.layer_norm, "ln", 2, 3),
    (torch.layer_norm, "ln", 2, 3),
    (F.group_norm, "ln", 2, 3),
    (torch.group_norm, "ln", 2, 3),
    (F.rms_norm, "ln", 2, None),
    (torch.rms_norm, "ln", 2, None),
)


def by_name() -> dict[str, Rule]:
    """Return the rule of every function that has one of its own."""
    return dict(_pairs())


def _pairs() -> Iterator[tuple[str, Rule]]:
    for rule, names in RULES.items():
        for name in names.split():
            yield name, rule


def by_function() -> dict[Any, Rule]:
    """Return the rules of functions that their names do not tell apart."""
    return {
        function: w.normalisation(primitive, weight, bias)
        for function, primitive, weight, bias in NORMALISATIONS
    }
