"""The recurrent search by samples: steps, temperatures, derivations, and a trial that resumes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.budget import Limit
from harness.meter import Meter
from harness.paper import Refused
from harness.training import metrics
from papers.gdas.recurrent import search, study
from papers.gdas.recurrent.released import NeverReset
from papers.text import architecture, draw
from papers.text.cell import OPERATIONS, offset
from papers.text.config import RandomCells
from papers.text.published import RECURRENT
from papers.text.search import CELL
from tests.lab.recurrent import corpus, ran_of, small_of

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
TURNS = 10


class Seeds:
    """A trial as far as a search needs it."""

    device = "cpu"
    meter = Meter({"search": (TURNS, 1)}, Limit())

    @staticmethod
    def stream(*names: str | int) -> int:
        return sum(map(ord, "/".join(map(str, names))))


def searching(name: str = study.GDAS, **changes: Any) -> search.Sampled:
    config = small_of(EXPERIMENTS[name], search_batch=4, val_batch=2, **changes)
    return search.Sampled(config, corpus(), Seeds())  # type: ignore[arg-type]


def test_each_step_draws_a_sample_for_w_and_then_another_for_alpha():
    found = searching(epochs=TURNS)
    seen = []
    for turn in range(TURNS):
        found.update(turn)
        assert len(found.sampler.last) == 2
        seen += found.sampler.last
    assert len(set(seen)) > TURNS
    assert found.sampler.tau == pytest.approx(1.0)


def test_tau_falls_from_its_start_to_its_floor():
    found = searching(epochs=5)
    taus = []
    for turn in range(TURNS):
        found.update(turn)
        taus.append(found.sampler.tau)
    assert taus == pytest.approx([10, 10, 7.75, 7.75, 5.5, 5.5, 3.25, 3.25, 1, 1])


def test_w_moves_before_alpha_is_asked():
    """The gradient of alpha is taken at the new w, so no step of w may see the new alpha."""
    found = searching()
    order = []
    optimizers = found.optimizers
    for name in ("weights", "alphas"):
        optimizer = getattr(optimizers, name)
        optimizer.register_step_post_hook(lambda *_, name=name: order.append(name))
    found.update(0)
    assert order == ["weights", "alphas"]


@pytest.mark.parametrize(("unsampled", "moves"), [("skip", False), ("dense", True)])
def test_a_matrix_that_no_edge_reads_is_left_alone_or_decays(unsampled: str, moves: bool):
    """W is one tensor of all nodes: it is left alone only where no node runs at all."""
    found = searching(unsampled=unsampled, weight_decay=0.01)
    nothing = torch.zeros(offset(found.config.nodes + 1), len(OPERATIONS))
    nothing[:, 0] = 1
    found.sampler = lambda *_: nothing  # type: ignore[assignment]
    before = found.model.cell.nodes.detach().clone()
    found.optimizers.update(found.train.next())
    assert torch.equal(before, found.model.cell.nodes) is not moves


def test_a_step_moves_both_and_carries_both_states():
    found = searching()
    weights = [w.clone() for w in found.model.parameters()]
    alpha = found.relaxation.alphas[CELL].clone()
    found.update(0)
    assert not torch.equal(alpha, found.relaxation.alphas[CELL])
    moved = [a - b for a, b in zip(weights, found.model.parameters(), strict=True)]
    size = torch.linalg.vector_norm(torch.stack([m.norm() for m in moved])).item()
    assert 0 < size <= 20 * 0.25 * 1.001
    for read in (found.train, found.alpha):
        assert read.hidden.any()
        assert not read.hidden.requires_grad


def test_the_release_may_keep_none_and_the_paper_never_does():
    found = searching(nodes=2)
    with torch.no_grad():
        alpha = found.relaxation.alphas[CELL]
        alpha.zero_()
        alpha[0, OPERATIONS.index("none")] = 2.0
        alpha[0, OPERATIONS.index("relu")] = 1.0
        alpha[1, OPERATIONS.index("tanh")] = 1.5
        alpha[2, OPERATIONS.index("none")] = 4.0
        alpha[2, OPERATIONS.index("identity")] = 2.9
    assert found.derived().nodes == (("relu", 0), ("tanh", 0))
    assert found.released().nodes == (("none", 0), ("none", 1))
    told = found.quality()
    assert (told["nones"], told["derivations_agree"]) == (2, 0)
    assert found.cells() == {
        "cell": "relu~0 tanh~0 ; mean 1 2",
        "cell_release": "none~0 none~1 ; mean 1 2",
    }


def test_both_derivations_agree_where_none_is_weak():
    found = searching()
    with torch.no_grad():
        found.relaxation.alphas[CELL][:, OPERATIONS.index("none")] = -9.0
    assert found.quality()["derivations_agree"] == 1
    assert found.quality()["nones"] == 0


def test_a_path_runs_its_cell_alone():
    cell = RECURRENT["GDAS"]
    weights = search.path(cell)
    assert torch.equal(weights.sum(1), torch.ones(offset(9)))
    assert int((weights[:, 1:].sum(1) > 0).sum()) == 8
    assert architecture.derive(weights, 8).nodes == cell.nodes


def test_halves_of_the_last_epochs_are_compared():
    found = searching()
    for turn in range(TURNS):
        assert "halves_agree" not in found.quality()
        found.update(turn)
    assert 0 <= found.quality()["halves_agree"] <= 1


def test_flops_are_those_that_torch_counts_in_the_mean_over_samples():
    """The pass that leads to alpha alone needs no products for the weights: it is two thirds."""
    found = searching(search_bptt=8)
    train, val = found.train.next(), found.alpha.next()
    counted = [metrics.flops(lambda: found.optimizers.step(train, val, 1.0)) for _ in range(40)]
    assert len(set(counted)) > 4
    assert 0.75 < sum(counted) / len(counted) / found.flops() < 0.95


# -- alpha as the authors' code updates it --------------------------------------------------------


def test_gradients_of_alpha_pile_up_and_it_makes_two_steps():
    found = searching(study.RELEASED)
    optimizers = found.optimizers
    assert isinstance(optimizers, NeverReset)
    order: list[str] = []
    along: list[torch.Tensor] = []
    alpha = found.relaxation.alphas[CELL]

    def note(name: str) -> None:
        order.append(name)
        if name == "alphas":
            assert alpha.grad is not None
            along.append(alpha.grad.clone())

    for name in ("weights", "alphas"):
        optimizer = getattr(optimizers, name)
        optimizer.register_step_pre_hook(lambda *_, name=name: note(name))
    found.update(0)
    assert order == ["alphas", "weights"]  # there is nothing to step along at first
    found.update(1)
    assert order[2:] == ["alphas", "alphas", "weights"]
    assert not torch.equal(along[0], along[1])  # w's loss has added to it in between
    assert not torch.equal(along[1], along[2])  # and alpha's own
    (total,) = optimizers.sums
    assert not torch.equal(total, along[2])


def test_the_sum_is_that_of_all_losses(monkeypatch: pytest.MonkeyPatch):
    found = searching(study.RELEASED)
    seen: list[torch.Tensor] = []
    whole = torch.autograd.grad
    alpha = found.relaxation.alphas[CELL]

    def spied(loss: torch.Tensor, of: Any, **how: Any) -> Any:
        slopes = whole(loss, of, **how)
        seen.extend(s for s, w in zip(slopes, of, strict=True) if w is alpha)
        return slopes

    monkeypatch.setattr(torch.autograd, "grad", spied)
    for turn in range(3):
        found.update(turn)
    assert len(seen) == 6
    torch.testing.assert_close(found.optimizers.sums[0], torch.stack(seen).sum(0))  # type: ignore[attr-defined]


def test_as_released_every_activation_has_a_gradient():
    """Also those that are not sampled; with one operation on an edge alone, none may have one."""
    slopes = []
    for name in (study.RELEASED, study.GDAS):
        found = searching(name, alpha_init=0.0)
        window = found.train.next()
        sample = torch.zeros(offset(found.config.nodes + 1), len(OPERATIONS))
        sample[:, OPERATIONS.index("tanh")] = 1
        sample.requires_grad_()
        loss = found.model.loss(window, sample, *found.sampled)
        slopes.append(torch.autograd.grad(loss, sample)[0])
    everything, alone = slopes
    assert (everything[:, 1:] != 0).all()
    assert not alone[:, 2:].any()
    torch.testing.assert_close(everything[:, 1], alone[:, 1], rtol=1e-4, atol=1e-7)


# -- whole trials ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [study.GDAS, study.RELEASED])
def test_a_resumed_trial_ends_with_the_same_rows(name: str, tmp_path: Path):
    experiment = EXPERIMENTS[name]
    whole = ran_of(experiment, search.run, tmp_path / "whole")
    for stop in (3, 6):
        folder = tmp_path / str(stop)
        ran_of(experiment, search.run, folder, stop)
        assert ran_of(experiment, search.run, folder) == whole
    last = whole[-1]
    assert last["corpus"] == "grammar"
    assert last["test_perplexity"] == pytest.approx(math.exp(last["test_loss"]))
    assert {"cell_release", "nones", "path_loss", "tau", "alpha_entropy"} <= set(last)
    assert draw.shown(tmp_path / "whole" / "artifacts").startswith(last["cell"])


def test_the_published_cell_is_the_releases():
    cell = RECURRENT["GDAS"]
    assert architecture.text(cell) == (
        "relu~0 relu~0 identity~1 relu~1 tanh~0 relu~2 identity~4 identity~2 ; "
        "mean 1 2 3 4 5 6 7 8"
    )
    assert len(cell.nodes) == RandomCells().nodes


def test_floors_of_tau_are_refused_in_one_line():
    config = small_of(EXPERIMENTS[study.GDAS])
    for lowest, words in ((0.0, "lowest_tau=0"), (11.0, "lowest_tau=11")):
        with pytest.raises(Refused, match=words):
            type(config)(**{**vars(config), "lowest_tau": lowest})
