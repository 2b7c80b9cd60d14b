"""A search by samples on DARTS's space: what runs, what learns, what a step costs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from harness.trial import stream
from papers.cells.rows import Rows
from papers.cells.supernet.node import Design, MixedEdge, Supernet
from papers.cells.supernet.node_fast import FastSupernet
from papers.gdas.config import Gdas
from papers.gdas.node_search import Sampled

pytestmark = pytest.mark.usefixtures("prepared")
TINY = Design(channels=2, cells=3, nodes=2, dim=1, inputs=1)
FULL = Design(channels=2, cells=3, dim=1, inputs=1)
CONFIG = Gdas(lr=0.1, epochs=2)


def network(rows: Rows, config: Gdas = CONFIG, design: Design = TINY) -> Sampled:
    return Sampled(design, config, rows, 8, partial(stream, 0), "paper")


def sample(design: Design, *ops: int) -> torch.Tensor:
    """A one-hot choice, operations in turn over the edges."""
    places = torch.tensor([ops[edge % len(ops)] for edge in range(len(design.edges))])
    return torch.eye(8)[places]


def executed(net: Supernet, x: torch.Tensor, choice: torch.Tensor) -> list[int]:
    """How many operations each cell runs, counted by hooks on the modules."""
    counts = []
    for cell in net.mixed_cells():
        ran: list[nn.Module] = []
        for edge in cell.mixed:
            assert isinstance(edge, MixedEdge)
            for op in edge.operations.values():
                op.register_forward_hook(lambda module, inputs, out, ran=ran: ran.append(module))
        counts.append(ran)
    net(x, choice, choice, True)
    return [len(ran) for ran in counts]


def test_a_cell_runs_fourteen_operations_and_nones_run_none():
    x = torch.randn(4, 1, 40)
    assert executed(Supernet(FULL), x, sample(FULL, 1, 4, 7)) == [14, 14, 14]
    assert executed(Supernet(FULL), x, sample(FULL, 0, 3)) == [7, 7, 7]


@pytest.mark.parametrize("form", [Supernet, FastSupernet])
def test_a_cell_of_nones_is_zero_and_its_gradients_are_finite(form):
    net = Supernet(TINY) if form is Supernet else FastSupernet.of(Supernet(TINY))
    choice = sample(TINY, 0).requires_grad_()
    logits = net(torch.randn(4, 1, 40), choice, choice, True)
    assert torch.equal(logits, logits[:1].expand(4, -1))  # only the head's bias is left
    logits.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


def test_only_what_was_sampled_learns(few_rows):
    one = network(few_rows)
    before = {name: p.detach().clone() for name, p in one.supernet.named_parameters()}
    one.sampler.cool(0, 2)
    one.optimizers.update(next(one.streams["train"]))
    normal, reduce = one.sampler.last
    for place, cell in enumerate(one.supernet.mixed_cells()):
        drawn = reduce if cell.reduction else normal
        for edge, mixed in enumerate(cell.mixed):
            assert isinstance(mixed, MixedEdge)
            for name, op in mixed.operations.items():
                ran = mixed.names[drawn[edge]] == name
                for own, weight in op.named_parameters():
                    start = before[f"cells.{place}.mixed.{edge}.operations.{name}.{own}"]
                    assert ran or torch.equal(weight, start)


def test_dense_lets_decay_go_on_where_nothing_ran(few_rows):
    one = network(few_rows, replace(CONFIG, unsampled="dense", weight_decay=0.5))
    before = [p.detach().clone() for p in one.supernet.parameters()]
    one.step(0, 2)
    after = list(one.supernet.parameters())
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True) if b.dim() > 1)


def test_w_and_alpha_have_samples_of_their_own(few_rows):
    one = network(few_rows, design=FULL)
    one.step(0, 2)
    assert len(one.sampler.last) == 4  # normal and reduction cell, for w and then for alpha
    assert one.sampler.last[:2] != one.sampler.last[2:]


def test_the_fast_form_takes_the_same_steps(few_rows, double):
    pair = []
    for form in ("fast", "supernet"):
        one = network(few_rows)
        one.supernet.double()
        one.relaxation.double()
        problem = one.optimizers.problem
        net = getattr(one, form)
        object.__setattr__(problem, "loss", lambda batch, one=one, net=net: one._loss(net, batch))
        for name, part in one.streams.items():
            part.part = replace(part.part, x=part.part.x.double())
            one.streams[name] = part
        for turn in range(2):
            one.step(turn, 2)
        pair.append([*problem.alphas, *problem.weights])
    for quick, slow in zip(*pair, strict=True):
        torch.testing.assert_close(quick, slow, rtol=0, atol=1e-9)


def test_a_steps_work_lies_between_that_of_no_and_of_all_operations(few_rows):
    one = network(few_rows, design=FULL)
    whole = super(Sampled, one).flops
    assert whole / 8 < one.flops < whole / 2


def test_a_row_tells_both_derivations_and_both_halves(few_rows):
    one = network(few_rows)
    for turn in range(10):
        one.step(turn, 10)
    row = one.row()
    assert row["temperature"] == pytest.approx(0.1)
    assert 0 <= row["halves_agree"] <= 1
    assert 0 <= row["derivations_agree"] <= 1
    assert set(one.both()) == {"cell_paper", "cell_release"}
    assert one.genotype.text == one.both()["cell_paper"]
