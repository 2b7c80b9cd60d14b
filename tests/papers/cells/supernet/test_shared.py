"""The search network on rows: its losses, what it derives, how it is judged, and samples."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from harness.paper import Refused
from harness.trial import stream
from papers.cells.rows import Rows
from papers.cells.supernet.bilevel import Optimizers, gradients
from papers.cells.supernet.config import Bilevel
from papers.cells.supernet.derivation import path
from papers.cells.supernet.method import Method
from papers.cells.supernet.node import Design
from papers.cells.supernet.relaxation import Relaxation
from papers.cells.supernet.shared import NodeSearch

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)


def network(rows: Rows, design: Design = TINY, seed: int = 0, **options: object) -> NodeSearch:
    """Return a first-order search."""
    config = Bilevel()
    method = Method(partial(Optimizers, config=config), **options)
    return NodeSearch(design, config, rows, 8, partial(stream, seed), method)


def test_the_loss_is_the_fast_forms_and_what_is_differentiated_twice_the_loops(few_rows):
    one = network(few_rows)
    one.supernet.double()
    one.relaxation.double()
    batch = (few_rows.train.x[:8].double(), few_rows.train.y[:8])
    problem = one.optimizers.problem
    fast, loop = problem.loss(batch), problem.twice(batch)
    torch.testing.assert_close(fast, loop, rtol=1e-12, atol=0)
    both = (*problem.alphas, *problem.weights)
    for a, b in zip(gradients(fast, both), gradients(loop, both), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    with pytest.raises(Refused, match="create_graph=True"):
        gradients(problem.loss(batch), problem.weights, create_graph=True)
    again = gradients(problem.twice(batch), problem.weights, create_graph=True)
    assert any(gradient.requires_grad for gradient in again)


def test_the_discrete_error_is_that_of_weights_of_one_and_zero(few_rows):
    one = network(few_rows)
    for turn in range(4):
        one.step(turn, 4)
    cells = one.genotype
    weights = []
    for name in ("normal", "reduce"):
        operations = TINY.operations(name == "reduce")
        chosen = path(cells.cell(name), TINY, operations)
        onehot = torch.zeros(len(TINY.edges), 8)
        for edge, index in enumerate(chosen):
            if index is not None:
                onehot[edge, index] = 1
        assert onehot.sum() == 4  # two edges for each of two nodes
        weights.append(onehot)
    with torch.no_grad():
        wrong = (one.supernet(few_rows.val.x, *weights).argmax(1) != few_rows.val.y).float().mean()
    assert one.discrete_error() == pytest.approx(float(wrong))
    assert one.discrete_error(cells) == one.discrete_error()
    with torch.no_grad():
        mixed = (
            (one.supernet(few_rows.val.x, *one.weights).argmax(1) != few_rows.val.y).float().mean()
        )
    assert one.error() == pytest.approx(float(mixed))
    assert 0 <= one.error(few_rows.train) <= 1


def test_judging_leaves_no_trace(few_rows):
    one = network(few_rows)
    before = {name: value.clone() for name, value in one.supernet.state_dict().items()}
    one.error(), one.discrete_error(), one.row(), one.flops
    assert all(torch.equal(before[n], v) for n, v in one.supernet.state_dict().items())
    assert "running_mean" not in "".join(before)  # statistics are the batch's, always


def test_a_search_goes_on_where_it_was(few_rows):
    whole, half, resumed = network(few_rows), network(few_rows), network(few_rows, seed=9)
    for turn in range(4):
        whole.step(turn, 4)
    for turn in range(2):
        half.step(turn, 4)
    for name, item in resumed.stateful.items():
        given = half.stateful[name]
        item.load_state_dict(given.state_dict())
    for turn in range(2, 4):
        resumed.step(turn, 4)
    assert resumed.row() == whole.row()
    assert all(map(torch.equal, resumed.weights, whole.weights))


def test_reduced_spaces_are_searched_with_their_own_operations(few_rows):
    edges = (("skip_connect", "sep_conv_3x3"),) * 5
    one = network(few_rows, replace(TINY, normal=edges, reduce=edges))
    one.step(0, 1)
    assert one.weights[0].shape == (5, 2)
    found = one.genotype
    assert {op for op, _ in found.normal + found.reduce} <= {"skip_connect", "sep_conv_3x3"}
    row = one.row()
    assert row["skips"] + row["convolutions"] == 4
    assert "alpha_none" not in row
    assert row["alpha_skip_connect"] + row["alpha_sep_conv_3x3"] == pytest.approx(1)


def test_a_row_counts_the_derived_normal_cell(few_rows):
    one = network(few_rows)
    with torch.no_grad():
        one.relaxation.alphas["normal"][:, 3] = 3  # skip_connect
    assert one.row()["skips"] == 4
    assert one.row()["convolutions"] == 0


def test_a_hard_sample_runs_and_trains_one_operation_an_edge(few_rows):
    """What GDAS does: unsampled weights have no gradient, and every loss is of another sample."""
    drawn = torch.Generator().manual_seed(0)
    seen: list[torch.Tensor] = []

    def sample(relaxation: Relaxation, name: str) -> torch.Tensor:
        weights = relaxation.weights(name)
        index = torch.multinomial(weights.detach(), 1, generator=drawn)
        onehot = torch.zeros_like(weights).scatter_(1, index, 1.0)
        seen.append(index)
        return (onehot - weights.detach() + weights) * onehot

    config = Bilevel()
    train = partial(Optimizers, config=config, order="weights_first", unsampled="skip")
    method = Method(train, choose=sample, hard=True)
    one = NodeSearch(TINY, config, few_rows, 8, partial(stream, 0), method)
    before = {name: p.detach().clone() for name, p in one.supernet.named_parameters()}
    alpha = [a.detach().clone() for a in one.relaxation.parameters()]
    one.step(0, 2)
    assert len(seen) == 4  # both cells, once for w and once for alpha
    assert not torch.equal(seen[0], seen[2])
    moved = {n for n, p in one.supernet.named_parameters() if not torch.equal(before[n], p)}
    still = set(before) - moved
    assert "stem.0.weight" in moved
    assert any(".mixed." in name for name in still)  # not sampled: their bytes are kept
    assert any(".mixed." in name for name in moved)
    after = one.relaxation.parameters()
    assert not any(torch.equal(a, b) for a, b in zip(alpha, after, strict=True))
