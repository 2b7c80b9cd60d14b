"""The search along paths: what a step touches, what is scored on what, who proposes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.training import loop, optim
from harness.trial import stream as stream_of
from papers.cells.rows import Part
from papers.cells.space.node import MICRO, NodeSpace
from papers.enas import path_search
from papers.enas.learning import Searching
from papers.enas.micro import Design
from papers.enas.micro_search import MicroSearch, searched, shares
from tests.lab.states import hand_over

TWO = NodeSpace("two nodes", 2, MICRO)
DESIGN = Design(2, 3, dim=1, inputs=1, space=TWO)
SMALL = Searching(
    batch=8, steps=6, rounds=3, cycles=1, updates=2, samples=3, score_batch=100, candidates=4,
    theta_lr=0.02,
)  # fmt: skip
pytestmark = pytest.mark.usefixtures("prepared")


def search(few_rows, config: Searching = SMALL, seed: int = 0) -> MicroSearch:
    return searched(DESIGN, config, few_rows, lambda *names: stream_of(seed, *names))


def whole(found: MicroSearch, first: int = 0) -> MicroSearch:
    for turn in range(first, found.config.steps):
        found.step(turn, found.config.steps)
    return found


def test_a_step_moves_the_weights_of_its_path_and_no_others(few_rows):
    """T14: what has no gradient has neither decay nor momentum, bit for bit."""
    found = search(few_rows)
    found.step(0, 6)  # momentum is there
    before = {n: w.clone() for n, w in found.supernet.named_parameters()}
    path = found.space.decode(found.paths[0])
    found.step(1, 6)
    moved = {n for n, w in found.supernet.named_parameters() if not torch.equal(w, before[n])}
    ran = {
        f"cells.{k}.operations.{number}_{state}_{op}"
        for k, kind in enumerate(("normal", "reduce", "reduce"))
        for number, (op, state) in enumerate(path.cell(kind).pairs)
    }
    operations = {n.rsplit(".", 2)[0] for n in moved if ".operations." in n}
    assert operations <= ran
    assert any("out" in name for name in moved)


def test_the_decay_is_twice_the_releases_factor_of_the_sum_of_squares():
    """T13: there lambda times the sum of squares stands in the loss, without a half."""
    factor, reached = 1e-2, []
    for decay in (0.0, 2 * factor):
        w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
        optimizer = optim.unfused_sgd([w], 0.1, 0.9, decay, nesterov=True)
        for _ in range(4):
            loss = (w - 3).pow(4).sum() / 100 + (0 if decay else factor * w.square().sum())
            loop.descend(loss, optimizer)
        reached.append(w.detach().clone())
    torch.testing.assert_close(*reached, rtol=1e-12, atol=0)
    assert Searching().weight_decay == 2e-4  # the release's 1e-4


def test_a_rounds_paths_are_drawn_at_once(few_rows, monkeypatch):
    found, asked = search(few_rows), []
    draw = found.policy.draw
    monkeypatch.setattr(found.policy, "draw", lambda n: asked.append(n) or draw(n))
    whole(found)
    assert asked == [2, 2, 2, 4]  # three rounds of two steps, and the candidates


def test_theta_learns_after_each_round_and_a_frozen_one_never(few_rows):
    for policy, count in (("controller", 6), ("frozen", 0)):
        found = search(few_rows, replace(SMALL, policy=policy))
        before = [w.clone() for w in found.policy.learner.controller.parameters()]
        whole(found)
        after = list(found.policy.learner.controller.parameters())
        same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
        assert same == (policy == "frozen")
        steps = [s["step"] for s in found.policy.learner.optimizer.state.values()]
        assert set(map(int, steps)) <= {count}


def test_an_update_scores_all_its_architectures_on_the_same_rows(few_rows, monkeypatch):
    found, seen = search(few_rows), []
    accuracy = found.accuracy

    def noted(code: list[int], part: Part) -> float:
        seen.append((tuple(code), part))
        return accuracy(code, part)

    monkeypatch.setattr(found, "accuracy", noted)
    whole(found)
    rewards, candidates = seen[:-4], seen[-4:]
    assert len(rewards) == 3 * 2 * 3
    groups = [rewards[k : k + 3] for k in range(0, len(rewards), 3)]
    assert all(len({id(part) for _, part in group}) == 1 for group in groups)
    assert len({part.x.sum().item() for _, part in rewards}) > 1
    assert all(part is few_rows.val for _, part in candidates)  # T27: all rows, the same for all
    assert all(len(part.y) == 100 for _, part in rewards)


def test_the_best_candidate_is_the_result(few_rows, monkeypatch):
    found = search(few_rows)
    scores = iter((0.2, 0.7, 0.7, 0.1))
    monkeypatch.setattr(found, "accuracy", lambda code, part: next(scores))
    found.derive(4)
    assert found.genotype == TWO.decode(found.found["codes"][1])
    assert found.discrete_error() == pytest.approx(0.3)


def test_time_that_runs_out_still_leaves_a_cell(few_rows):
    found = search(few_rows)
    found.step(0, 6)
    assert not found.found
    assert TWO.check(found.genotype)
    assert len(found.found["scores"]) == SMALL.candidates


def test_looking_changes_nothing(few_rows):
    one, other = search(few_rows), search(few_rows)
    for turn in range(6):
        one.step(turn, 6)
        other.step(turn, 6)
        row = other.row()
        assert row == other.row()
    assert one.found == other.found
    assert {"sampled_accuracy", "uniform_accuracy", "theta_entropy", "reward"} <= set(row)
    assert 0 <= other.error() <= 1


@pytest.mark.parametrize("policy", ["controller", "frozen", "uniform"])
def test_a_search_goes_on_where_another_was(few_rows, policy):
    config = replace(SMALL, policy=policy)
    one, other = search(few_rows, config), search(few_rows, config, seed=1)
    for turn in range(3):
        one.step(turn, 6)
    hand_over(one, other)
    whole(one, 3)
    whole(other, 3)
    assert one.found == other.found


def test_the_charge_of_a_step_counts_training_scoring_and_deriving(few_rows, monkeypatch):
    monkeypatch.setattr(path_search, "COUNTED", 1)
    macs = search(few_rows).mean_macs
    training, deriving = 3 * 8 * 6, 4 * len(few_rows.val.y)
    scoring = 3 * 2 * 3 * 100
    expected = {"controller": training + deriving + scoring, "uniform": training + deriving}
    for policy, passes in expected.items():
        found = search(few_rows, replace(SMALL, policy=policy))
        assert found.flops == pytest.approx(2 * macs * passes / 6)
    assert search(few_rows, replace(SMALL, policy="frozen")).flops < search(few_rows).flops


def test_the_mean_cost_is_of_stand_alone_networks(few_rows, monkeypatch):
    monkeypatch.setattr(path_search, "COUNTED", 1)
    found = search(few_rows)
    cell = found.space.decode(found.space.uniform(path_search.Random(0)))
    x = few_rows.train.x[:2]
    from papers.cells.network.counting import multiply_adds

    child = found.supernet.child(cell)
    assert found.mean_macs == multiply_adds(child, lambda: child(x)) / 2


def test_shares_are_of_both_cells():
    cell = TWO.decode((0, 0, 0, 4, 0, 2, 0, 3, 0, 1, 0, 1, 0, 4, 0, 4))
    assert shares([cell]) == {"share_convolutions": 3 / 8, "share_skips": 3 / 8}
