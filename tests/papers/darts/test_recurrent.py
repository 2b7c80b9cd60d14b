"""The recurrent space: cells, windows, search, evaluation, and resuming."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch.func import functional_call

from harness.budget import Limit
from harness.meter import Interrupted, Meter
from harness.paper import Paper, Refused, resolve
from harness.record import journal
from harness.training import device, metrics, text
from harness.trial import Pace, Tools, Trial
from papers.darts import bilevel
from papers.darts.recurrent import figures, search, sizes, study
from papers.darts.recurrent.config import RecurrentSearch, RecurrentSizes
from papers.text import architecture, bench, draw, evaluation, random_search
from papers.text.cell import (
    OPERATIONS,
    CellMasks,
    DiscreteCell,
    MixedRecurrentCell,
    RecurrentCell,
    highway,
    offset,
)
from papers.text.cell_fast import FastMixedRecurrentCell
from papers.text.config import Language, PublishedCell, RandomCells
from papers.text.corpus import Corpus, frequent, sentences, split
from papers.text.network import LanguageModel, build, cross_entropy
from papers.text.published import RECURRENT, Recurrent
from papers.text.windows import DropoutRates, Lengths, Masks, Reader, Reading, TextWindow

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
RUNS = {
    study.SECOND: search.run,
    study.KNOWN: evaluation.run,
    study.RANDOM: random_search.run,
}
PLAIN = DropoutRates(0, 0, 0, 0, 0)
LOSSY = DropoutRates(0.1, 0.2, 0.5, 0.25, 0.5)


class Seeds:
    """A trial as far as a search needs it."""

    device = "cpu"
    meter = Meter({"search": (10, 1)}, Limit())

    @staticmethod
    def stream(*names: str | int) -> int:
        return sum(map(ord, "/".join(map(str, names))))


def with_weights(cell: RecurrentCell, reach: float = 0.4) -> Any:
    """Return the cell in float64, its weights drawn."""
    stream = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.uniform_(-reach, reach, generator=stream)
    return cell.double()


def numbers(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def corpus(words: int = 11, length: int = 60) -> Corpus:
    stream = torch.Generator().manual_seed(1)
    parts = [torch.randint(words, (length,), generator=stream) for _ in range(4)]
    return Corpus("made up", "0", words, *parts)


def small(name: str, **changes: Any) -> Any:
    return replace(EXPERIMENTS[name].at("check"), **changes)


# -- sizes --------------------------------------------------------------------------------------


def test_parameters_are_those_of_the_paper():
    (row,) = sizes.run(RecurrentSizes(), None)  # type: ignore[arg-type]
    assert row["ptb_parameters"] == 22_960_000
    assert row["wt2_parameters"] == 33_127_878
    assert row["search_parameters"] == 4_810_000
    assert row["alphas"] == 36 * 5


@pytest.mark.parametrize("name", RECURRENT)
def test_published_cells_build_and_run(name: str):
    cell = with_weights(DiscreteCell(RECURRENT[name], 6))
    states = cell(numbers(5, 3, 6), torch.zeros(3, 6, dtype=torch.float64))
    assert states.shape == (5, 3, 6)
    assert metrics.parameters(cell) == 4 * 36 + len(RECURRENT[name].nodes) * 2 * 36


def test_rows_of_alpha_are_ordered_by_node_then_predecessor():
    rows = [(node, j) for node in range(1, 9) for j in range(node)]
    assert [offset(node) + j for node, j in rows] == list(range(36))
    assert offset(9) == 36


# -- cells --------------------------------------------------------------------------------------


def test_a_closed_gate_copies_the_state():
    closed = torch.full((2, 3), -1e9)
    state, update = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(highway(state, torch.cat([closed, update], 1), torch.tanh), state)
    cell = DiscreteCell(RECURRENT["ENAS"], 4)
    with torch.no_grad():
        for weight in (cell.root, *cell.nodes):
            weight.fill_(-1e9)  # with positive states every gate is closed
    hidden = torch.rand(2, 4) + 0.1
    states = cell(torch.zeros(3, 2, 4), hidden)
    torch.testing.assert_close(states, hidden.expand(3, 2, 4))


def test_a_cell_is_what_its_equations_say():
    cell = with_weights(DiscreteCell(Recurrent((("relu", 0), ("identity", 0)), (2,), ""), 3))
    x, h = numbers(1, 2, 3), numbers(2, 3, seed=1)
    masks = CellMasks(numbers(2, 3, seed=2), numbers(2, 3, seed=3))
    both = torch.cat([x[0] * masks.x, h * masks.hidden], 1) @ cell.root
    root = h + both[:, :3].sigmoid() * (both[:, 3:].tanh() - h)
    both = (root * masks.hidden) @ cell.nodes[1]
    expected = root + both[:, :3].sigmoid() * (both[:, 3:] - root)
    torch.testing.assert_close(cell(x, h, masks)[0], expected)


@pytest.mark.parametrize("kind", [MixedRecurrentCell, FastMixedRecurrentCell])
def test_a_one_hot_mixture_is_the_discrete_cell(kind: type[MixedRecurrentCell]):
    genotype = RECURRENT["DARTS_V2"]
    discrete, mixed = with_weights(DiscreteCell(genotype, 5)), kind(8, 5).double()
    mixed.load_state_dict(discrete.state_dict())
    mixed.normalise = False
    weights = torch.zeros(36, 5, dtype=torch.float64)
    weights[:, 0] = 1  # none
    for node, (name, j) in enumerate(genotype.nodes, start=1):
        weights[offset(node) + j] = torch.eye(5, dtype=torch.float64)[OPERATIONS.index(name)]
    x, h = numbers(4, 3, 5), numbers(3, 5, seed=1)
    masks = CellMasks(numbers(3, 5, seed=2), numbers(3, 5, seed=3))
    torch.testing.assert_close(mixed(x, h, masks, weights), discrete(x, h, masks))


@pytest.mark.parametrize("kind", [MixedRecurrentCell, FastMixedRecurrentCell])
def test_none_brings_nothing(kind: type[MixedRecurrentCell]):
    cell = with_weights(kind(3, 4))
    cell.normalise = False
    weights = torch.zeros(6, 5, dtype=torch.float64)
    weights[:, 0] = 1
    assert not cell(numbers(2, 3, 4), numbers(3, 4), None, weights).any()


@pytest.mark.parametrize(("nodes", "width"), [(1, 3), (4, 6), (8, 5)])
def test_the_fast_search_cell_is_the_readable_one(nodes: int, width: int):
    race = bench.RecurrentRace(nodes, width, batch=7, steps=3)
    race.agree()
    states = race.outcome(race.fast)[0]
    assert states.shape == (3, 7, width)
    assert states.abs().max() > 1e-3


def test_search_states_are_normalised_over_the_batch():
    race = bench.RecurrentRace(1, 6, batch=50, steps=2)
    states = race.outcome(race.fast)[0]
    torch.testing.assert_close(states.mean(1), torch.zeros(2, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(states.var(1, correction=0), torch.ones(2, 6), atol=1e-2, rtol=0)


def test_what_is_masked_is_masked_at_every_step():
    cell = with_weights(DiscreteCell(RECURRENT["DARTS_V1"], 6))
    x = numbers(5, 3, 6).requires_grad_()
    keep = torch.ones(3, 6, dtype=torch.float64)
    keep[:, 2] = 0
    cell(x, torch.zeros_like(x[0]), CellMasks(keep, torch.ones_like(keep))).sum().backward()
    assert x.grad is not None
    assert not x.grad[:, :, 2].any()
    assert x.grad[:, :, [0, 1, 3, 4, 5]].all()


# -- architectures ------------------------------------------------------------------------------


def test_derivation_keeps_the_strongest_edge_and_never_none():
    alpha = torch.zeros(6, 5)
    alpha[:, 0] = 3.0  # none is the strongest everywhere
    alpha[0, OPERATIONS.index("relu")] = 1.0
    alpha[2, OPERATIONS.index("tanh")] = 1.0  # node 2 from node 1
    alpha[4, OPERATIONS.index("identity")] = 1.0  # node 3 from node 1
    alpha[5, OPERATIONS.index("sigmoid")] = 1.0  # as strong, from node 2: later
    cell = architecture.derive(alpha.softmax(1), 3)
    assert cell.nodes == (("relu", 0), ("tanh", 1), ("identity", 1))
    assert cell.concat == (1, 2, 3)


def test_derivation_reads_shares_and_not_alphas():
    alpha = torch.tensor([[0.0] * 5, [3.0, 1, 0, 0, 0], [-3.0, 0, 0.9, 0, 0]])
    assert architecture.derive(alpha.softmax(1), 2).nodes[1] == ("relu", 1)


def test_random_cells_are_uniform():
    cells = [architecture.drawn(3, seed) for seed in range(1200)]
    assert cells[5] == architecture.drawn(3, 5)
    names = Counter(cell.nodes[2][0] for cell in cells)
    states = Counter(cell.nodes[2][1] for cell in cells)
    assert set(names) == set(OPERATIONS) - {"none"}
    assert max(abs(n - 300) for n in names.values()) < 75  # five standard deviations
    assert set(states) == {0, 1, 2}
    assert max(abs(n - 400) for n in states.values()) < 85


def test_a_cell_is_written_and_drawn(tmp_path: Path):
    architecture.save(RECURRENT["ENAS"], tmp_path)
    stored = json.loads((tmp_path / "cell.json").read_text())
    assert stored["nodes"][:2] == [["tanh", 0], ["tanh", 1]]
    assert stored["concat"] == [2, 5, 6, 9, 10, 11]
    assert architecture.read(tmp_path) == RECURRENT["ENAS"]
    lines = draw.shown(tmp_path).splitlines()
    assert lines[0].startswith("tanh~0 tanh~1 relu~1")
    assert "|  |  |- s2  tanh" in lines
    assert any(line.endswith("s4  tanh  (not in the mean)") for line in lines)
    assert sum("|- s" in line for line in lines) == 12


# -- windows ------------------------------------------------------------------------------------


def reader(rates: DropoutRates = PLAIN, lengths: Lengths | None = None, seed: int = 0) -> Reader:
    how = Reading(3, lengths or Lengths(4, 0.0), rates, 1e-3, 5, 100)
    return Reader(torch.arange(60), how, seed)


def test_windows_follow_one_another_and_begin_again():
    read = reader()
    seen = []
    for _ in range(5):
        window = read.next()
        assert torch.equal(window.targets, window.inputs + 1)
        window.after = torch.full((3, 5), float(len(seen)))
        read.carry(window)
        seen.append(window)
    assert torch.cat([w.inputs[:, 0] for w in seen]).tolist() == list(range(19))  # of 20
    assert [len(w.inputs) for w in seen] == [4, 4, 4, 4, 3]
    assert not seen[0].before.any()
    assert seen[2].before.eq(1).all()  # where the second one ended
    again = read.next()
    assert read.epoch == 1
    assert torch.equal(again.inputs, seen[0].inputs)
    assert not again.before.any()


def test_a_reader_goes_on_where_another_stopped():
    first, second = (reader(LOSSY, Lengths(4, 0.3, 1.0, 2, 6), seed) for seed in (1, 2))
    for _ in range(3):
        window = first.next()
        window.after = torch.rand(3, 5)
        first.carry(window)
    second.load_state_dict(first.state_dict())
    one, other = first.next(), second.next()
    assert torch.equal(one.inputs, other.inputs)
    assert torch.equal(one.before, other.before)
    assert torch.equal(one.masks.output, other.masks.output)


def test_masks_keep_the_mean_and_have_their_rates():
    how = Reading(400, Lengths(4, 0.0), LOSSY, 0.0, 50, 20_000)
    masks = Reader(torch.zeros(4000, dtype=torch.int64), how, 0).next().masks
    found = (masks.word, masks.embedding, masks.cell.x, masks.cell.hidden, masks.output)
    rates = (0.1, 0.2, 0.5, 0.25, 0.5)
    for mask, rate in zip(found, rates, strict=True):
        assert float((mask == 0).float().mean()) == pytest.approx(rate, abs=0.02)
        assert float(mask.max()) == pytest.approx(1 / (1 - rate))
    assert masks.word.shape == (20_000,)
    assert masks.cell.x.shape == (400, 50)


def test_lengths_are_drawn_as_in_the_paper():
    stream = torch.Generator().manual_seed(0)
    search_lengths = Counter(Lengths(35, 0.05).draw(stream) for _ in range(2000))
    assert set(search_lengths) == {35, 17}
    assert 60 < search_lengths[17] < 140
    drawn = [evaluation.lengths_of(Language()).draw(stream) for _ in range(2000)]
    assert min(drawn) >= 5
    assert max(drawn) <= 55
    assert sum(drawn) / 2000 == pytest.approx(0.95 * 34.5 + 0.05 * 17, abs=0.6)
    assert {Lengths(35, 0.5, 100.0, 5, 55).draw(stream) for _ in range(200)} >= {5, 55}


# -- texts --------------------------------------------------------------------------------------


def test_the_grammar_is_fixed_and_predictable():
    first, second = (Corpus.load("grammar", "cpu") for _ in range(2))
    assert first.digest == second.digest
    assert first.dataset == "grammar"
    assert first.words == 12 * 20 + 2  # the ends of sentences, and <unk>
    lengths = [len(part) for part in (first.train, first.alpha, first.val)]
    assert [n / sum(lengths) for n in lengths] == pytest.approx([0.8, 0.1, 0.1], abs=0.001)
    pairs = Counter(zip(first.train[:-1].tolist(), first.train[1:].tolist(), strict=True))
    assert len(pairs) < 0.5 * first.words**2  # a word tells which words may follow
    assert max(int(part.max()) for part in (first.val, first.test)) < first.words


def test_rare_words_are_unknown():
    assert frequent(list("babcab"), 2) == {"a", "b"}
    few = Corpus.load("grammar", "cpu", most=50, test_tokens=70)
    assert few.words == 51
    assert len(few.test) == 70
    assert (few.train == 50).float().mean() > 0.1


def test_the_validation_file_is_split_and_the_test_file_kept(monkeypatch: pytest.MonkeyPatch):
    parts = {"val": [f"w{n}" for n in range(100)], "test": ["w3", "w95", text.UNKNOWN]}
    monkeypatch.setattr(text, "wikitext2", lambda part: (parts[part], "digest"))
    found = Corpus.load("wikitext2-valid", "cpu")
    assert (found.dataset, found.digest) == ("wikitext2", "digest")
    assert [len(p) for p in (found.train, found.alpha, found.val)] == [80, 10, 10]
    assert found.words == 81  # training words only, and <unk>
    assert found.test.tolist() == [3, 80, 80]
    assert split(list("abcdefghij")) == [list("abcdefgh"), ["i"], ["j"]]


def test_without_the_training_file_the_whole_text_is_refused(monkeypatch: pytest.MonkeyPatch):
    def missing(part: str) -> tuple[list[str], str]:
        raise ValueError(f"{part}: no such file")

    monkeypatch.setattr(text, "wikitext2", missing)
    with pytest.raises(Refused, match="corpus='wikitext2-full': needs WikiText-2's training file"):
        Corpus.load("wikitext2-full", "cpu")


def test_sentences_hang_on_the_seed_and_the_grammar_does_not():
    import numpy as np

    one, other = (sentences(np.random.default_rng(seed)) for seed in (1, 2))
    assert one != other
    follows = [
        {(a.split(".")[0], b.split(".")[0]) for a, b in itertools.pairwise(t)
         if text.END not in (a, b)}
        for t in (one, other)
    ]  # fmt: skip
    assert len(follows[0] | follows[1]) <= 12 * 3


# -- the language model -------------------------------------------------------------------------


def model() -> LanguageModel:
    cell = DiscreteCell(RECURRENT["DARTS_V1"], 5)
    return build(LanguageModel(11, 5, cell), 0.3, 7, "cpu").double()


def test_initial_weights_are_uniform_and_the_bias_is_zero():
    net = build(LanguageModel(50, 40, DiscreteCell(RECURRENT["DARTS_V2"], 40)), 0.04, 7, "cpu")
    assert not net.bias.any()
    for parameter in (p.detach() for p in (net.embedding, net.cell.root, net.cell.nodes)):
        assert 0.039 < parameter.abs().max() <= 0.04
        assert abs(float(parameter.mean())) < 0.003


def test_reading_in_windows_is_reading_at_once():
    net, encoded = model(), torch.randint(11, (80,))
    whole = cross_entropy(net, encoded, 2, 100)
    assert cross_entropy(net, encoded, 2, 7) == pytest.approx(whole, rel=1e-12)
    with torch.no_grad():
        inputs = encoded.view(2, 40).T
        logits, _ = net(inputs[:-1], torch.zeros(2, 5, dtype=torch.float64), None)
        right = torch.nn.functional.cross_entropy(logits, inputs[1:].flatten())
    assert whole == pytest.approx(float(right), rel=1e-12)


def test_the_loss_has_the_temporal_term_and_leaves_the_last_state():
    net = model()
    ones = torch.ones(2, 5, dtype=torch.float64)
    masks = Masks(torch.ones(11, dtype=torch.float64), ones, CellMasks(ones, ones), ones)
    window = TextWindow(torch.randint(11, (6, 2)), torch.randint(11, (6, 2)), 0 * ones, masks, 0.0)
    plain = net.loss(window)
    _, states = net(window.inputs, window.before, masks)
    assert window.after is not None
    assert torch.equal(window.after, states[-1])
    assert not window.after.requires_grad
    window.beta = 10.0
    extra = 10.0 * (states[1:] - states[:-1]).square().mean()
    torch.testing.assert_close(net.loss(window), plain + extra)


def test_dropped_words_and_outputs_have_no_say():
    net = model()
    ones = torch.ones(2, 5, dtype=torch.float64)
    masks = Masks(torch.ones(11, dtype=torch.float64), ones, CellMasks(ones, ones), ones.clone())
    masks.word[4] = 0
    words = torch.full((3, 2), 4)
    _, states = net(words, 0 * ones, masks)
    assert not states.any()  # nothing enters, and h_0 is 0
    logits, _ = net(words, ones, replace(masks, output=0 * ones))
    torch.testing.assert_close(logits, net.bias.expand_as(logits))


# -- the search ---------------------------------------------------------------------------------


def searching(gradient: str = "second_order", **changes: Any) -> search.LanguageSearch:
    config = small(study.SECOND, gradient=gradient, search_batch=4, **changes)
    return search.LanguageSearch(config, corpus(), Seeds())  # type: ignore[arg-type]


def doubled(found: search.LanguageSearch) -> tuple[TextWindow, TextWindow]:
    """Turn a search into one in float64; return a training window and one for alpha."""
    found.model.double()
    found.relaxation.double()
    windows = []
    for read in (found.train, found.alpha):
        read.hidden = read.hidden.double()
        windows.append(read.next())
    for window in windows:
        masks = window.masks
        cell = CellMasks(masks.cell.x.double(), masks.cell.hidden.double())
        parts = [m.double() for m in (masks.word, masks.embedding, masks.output)]
        window.masks = Masks(parts[0], parts[1], cell, parts[2])
    return windows[0], windows[1]


def test_the_exact_gradient_is_that_of_the_unrolled_step():
    found = searching("second_order_exact", clip=1e9, weight_decay=0.01, reach=0.5)
    train, val = doubled(found)
    step = found.optimizers.virtual_step()
    ours = found.optimizers.hypergradient(train, val)
    names = [name for name, _ in found.model.named_parameters()]
    own = found.optimizers.problem.weights
    inner = torch.autograd.grad(found.loss(train), own, create_graph=True)
    moved = [w - step.lr * (g + 0.01 * w) for w, g in zip(own, inner, strict=True)]
    weights, masks = found.relaxation.weights(search.CELL), val.masks
    arguments = (val.inputs, val.before, masks, weights)
    logits, _ = functional_call(found.model, dict(zip(names, moved, strict=True)), arguments)
    loss = torch.nn.functional.cross_entropy(logits, val.targets.flatten())
    expected = torch.autograd.grad(loss, found.optimizers.problem.alphas)
    for one, other in zip(ours.total, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-12)
    assert bilevel.norm(ours.implicit) > 1e-3 * bilevel.norm(ours.direct)


def test_the_finite_difference_sees_one_set_of_masks():
    """With masks of their own the two sides would differ by far more than the product."""
    found = searching(clip=1e9, reach=0.5, radius=1e-4)
    train, val = doubled(found)
    near = found.optimizers.hypergradient(train, val)
    exact = bilevel.second_order(
        found.optimizers.problem,
        (train, val),
        found.optimizers.virtual_step(),
        bilevel.exact_product,
    )
    difference = [a - b for a, b in zip(near.implicit, exact.implicit, strict=True)]
    assert bilevel.norm(difference) < 0.02 * bilevel.norm(exact.implicit)


def test_the_virtual_step_is_clipped_without_momentum_at_the_windows_rate():
    found = searching()
    found.update(0)
    step = found.optimizers.virtual_step()
    assert step.clip == found.config.clip == 0.25
    assert step.momentum == 0
    assert step.weight_decay == found.config.weight_decay
    assert step.lr == 20.0  # a whole window
    assert all(buffer is None for buffer in step.buffers)


def test_a_step_moves_both_and_carries_both_states():
    found = searching("first_order")
    weights = [w.clone() for w in found.model.parameters()]
    alpha = found.relaxation.alphas[search.CELL].clone()
    found.update(0)
    assert not torch.equal(alpha, found.relaxation.alphas[search.CELL])
    moved = [a - b for a, b in zip(weights, found.model.parameters(), strict=True)]
    assert all(part.any() for part in moved)
    size = float(bilevel.norm([m.detach() for m in moved]))
    assert size <= 20 * 0.25 * 1.001  # the rate times the clipped gradient; decay is tiny
    for read in (found.train, found.alpha):
        assert read.hidden.any()
        assert not read.hidden.requires_grad
    assert found.train.reading.beta > 0
    assert found.alpha.reading.beta == 0


def test_first_and_second_order_read_the_same_windows():
    one, other = searching("first_order"), searching("second_order")
    for found in (one, other):
        for turn in range(3):
            found.update(turn)
    assert torch.equal(one.train.drawn.get_state(), other.train.drawn.get_state())
    assert torch.equal(one.alpha.drawn.get_state(), other.alpha.drawn.get_state())
    assert one.train.position == other.train.position


def test_half_windows_take_half_steps():
    found = searching("first_order", short=1.0, search_bptt=6)
    found.update(0)
    assert found.optimizers.virtual_step().lr == pytest.approx(10.0)


@pytest.mark.parametrize(("gradient", "low"), [("first_order", 0.75), ("second_order", 0.75)])
def test_flops_are_those_that_torch_counts(gradient: str, low: float):
    """Passes that lead to alpha alone need no products for the weights: counted, they are less."""
    found = searching(gradient, search_bptt=8)
    assert low < metrics.flops(lambda: found.update(0)) / found.flops() < 1
    cell = trained(retrain_bptt=12, spread=0.0)
    assert cell.flops() == pytest.approx(metrics.flops(lambda: cell.update(0)), rel=0.02)


# -- the evaluation phase -----------------------------------------------------------------------


def trained(genotype: Recurrent | None = None, **changes: Any) -> evaluation.LanguageTraining:
    config = small(study.KNOWN, retrain_batch=3, val_batch=2, test_batch=2, short=0.0, **changes)
    cell = genotype or RECURRENT["DARTS_V1"]
    return evaluation.LanguageTraining(cell, config, corpus(), lambda name: len(name))


def test_averaging_is_the_mean_of_the_weights_since_it_began():
    training = trained(switch_by=0.5)
    training.horizon = 6
    seen = []
    for turn in range(6):
        training.update(turn)
        seen.append(training.model.embedding.detach().clone())
    torch.testing.assert_close(training.average.mean[0], torch.stack(seen[3:]).mean(0))
    assert training.average.steps == 3
    now = training.loss(training.corpus.val, 2)
    averaged = cross_entropy(training.model, training.corpus.val, 2, 12)
    assert now != averaged  # the averaged weights were read, and put back
    assert torch.equal(training.model.embedding, seen[-1])


def test_the_trigger_is_not_monotone():
    falling = [5.0, 4.0, 3.0, 2.9, 2.8, 2.7]
    assert not evaluation.non_monotone(falling[:5], 9.0, 5)  # too early to tell
    assert not evaluation.non_monotone(falling, 4.9, 5)  # below the only early one
    assert evaluation.non_monotone([3.0, *falling], 3.5, 5)
    training = trained(patience=1, switch_by=1.0)
    training.horizon = 1000
    training.losses = [0.0, 0.0]  # better than it can be
    training.update(0)
    assert training.average.steps == 0
    training.judge()
    training.update(1)
    assert training.average.steps == 1


def test_a_training_that_is_no_number_goes_back_to_its_best():
    training = trained()
    training.update(0)
    best = training.judge()
    kept = training.model.embedding.detach().clone()
    with torch.no_grad():
        training.model.cell.root[0, 0] = math.nan
    training.update(1)
    assert not training.model.embedding.isfinite().all()
    row = training.judge()
    assert row["rollbacks"] == 1
    assert row["val_loss"] == best["val_loss"]
    assert torch.equal(training.model.embedding, kept)
    assert not training.reader.hidden.any()
    assert "train_loss" not in row  # that was no number
    training.update(2)
    assert math.isfinite(float(training.judge()["train_loss"]))


def test_training_lowers_the_loss_below_that_of_frequencies():
    config = small(study.KNOWN, width=16, retrain_steps=60, retrain_batch=16, retrain_bptt=12)
    text_ = Corpus.load("grammar", "cpu")
    training = evaluation.LanguageTraining(RECURRENT["DARTS_V2"], config, text_, lambda name: 1)
    first = training.scores()
    assert first["val_loss"] == pytest.approx(math.log(text_.words), abs=0.1)
    for turn in range(60):
        training.update(turn)
    assert training.scores()["test_loss"] < first["test_loss"] - 0.2
    assert first["test_perplexity"] == pytest.approx(math.exp(first["test_loss"]))


# -- whole trials -------------------------------------------------------------------------------


def ran(name: str, folder: Path, stop_after: int | None = None) -> list[dict[str, Any]]:
    """Run one trial at budget check until it ends or stops; return what its journal holds."""
    folder.mkdir(exist_ok=True)
    experiment, config = EXPERIMENTS[name], small(name)
    meter = Meter(resolve(experiment.phases, config), Limit())
    tools = Tools(device.save, device.load, device.random_state, device.set_random_state)
    trial = Trial(journal.Journal(folder), meter, tools, seed=0)
    trial.pace = Pace(1e9, 1e9, stop_after)
    try:
        for row in RUNS[name](config, trial):
            trial.append(row)
    except Interrupted:
        assert stop_after is not None
    finally:
        trial.journal.close()
    rows = journal.read(folder).rows
    return [{"phase": row["phase"], "steps": row["steps"], **row["values"]} for row in rows]


@pytest.mark.parametrize(("name", "stops"), [(study.SECOND, (4, 7)), (study.RANDOM, (6, 9))])
def test_a_resumed_trial_ends_with_the_same_rows(
    name: str, stops: tuple[int, ...], tmp_path: Path
):
    whole = ran(name, tmp_path / "whole")
    for stop in stops:
        folder = tmp_path / str(stop)
        ran(name, folder, stop)
        assert ran(name, folder) == whole
    last = whole[-1]
    assert last["corpus"] == "grammar"
    assert last["test_perplexity"] == pytest.approx(math.exp(last["test_loss"]))
    assert draw.shown(tmp_path / "whole" / "artifacts").startswith(last["cell"])


def test_the_best_random_cell_is_chosen_by_validation():
    found: random_search.CellScores = {}
    for number, (val, test) in enumerate([(3.0, 1.0), (2.0, 4.0), (2.5, 2.0)]):
        scores = {"val_loss": val, "test_loss": test, "test_perplexity": math.exp(test)}
        found[number] = scores
    assert random_search.chosen(found) == 1
    assert random_search.means(found)["mean_test_loss"] == pytest.approx(7 / 3)


# -- declarations -------------------------------------------------------------------------------


def test_the_study_is_a_paper_and_stays_within_its_share():
    paper = Paper("t", "a", 2019, "u", study.EXPERIMENTS, study.CLAIMS, study.DEVIATIONS)
    assert {e.run.split(":")[0] for e in paper.experiments} <= {
        "recurrent.search", "recurrent.baselines", "recurrent.sizes",
    }  # fmt: skip
    for budget, share in (("smoke", 20), ("nightly", 260)):
        known = [e for e in paper.experiments if not e.deterministic]
        assert sum(e.expected[budget] * e.trials(budget) for e in known) <= share
    for experiment in paper.experiments:
        for budget in ("check", "smoke", "nightly", "paper"):
            experiment.at(budget)
    for budget in ("check", "smoke"):  # nothing is downloaded
        assert small(study.SECOND).corpus == EXPERIMENTS[study.FIRST].at(budget).corpus


@pytest.mark.parametrize(
    ("config", "change", "words"),
    [
        (Language(), {"corpus": "wikitext2"}, "did you mean 'wikitext2"),
        (Language(), {"x_dropout": 1.0}, "x_dropout=1.0"),
        (Language(), {"longest": 4}, "longest=4"),
        (PublishedCell(), {"cell": "DARTS_V3"}, "did you mean 'DARTS_V"),
        (RandomCells(), {"candidates": (1, 1)}, "must be different numbers"),
        (RandomCells(), {"candidates": ()}, "at least one"),
        (RecurrentSearch(), {"union": True}, "union=True"),
        (RecurrentSearch(), {"nodes": 0}, "nodes=0"),
        (RecurrentSearch(), {"search_hidden_dropout": -0.1}, "search_hidden_dropout"),
        (RecurrentSearch(), {"lr": 10.0}, "lowest_lr=20.0"),
        (RecurrentSizes(), {"nodes": 0}, "nodes=0"),
    ],
)
def test_a_bad_config_is_refused(config: Any, change: dict, words: str):
    with pytest.raises(Refused, match=words):
        replace(config, **change)


def test_the_authors_numbers():
    config = RecurrentSearch()
    assert (config.lr, config.momentum, config.clip, config.alpha_lr) == (20.0, 0.0, 0.25, 3e-3)
    assert (config.alpha_beta1, config.alpha_beta2, config.alpha_decay) == (0.9, 0.999, 1e-3)
    assert (config.nodes, config.search_width, config.search_batch) == (8, 300, 256)
    assert (config.width, config.hidden_dropout, config.retrain_decay) == (700, 0.15, 5e-7)


# -- figures ------------------------------------------------------------------------------------


def test_the_figure_shows_what_was_measured():
    what = {"budget": "nightly", "corpus": "wikitext2-valid"}
    results = pd.DataFrame(
        [
            {**what, "experiment": name, "test_loss": 3.8 + 0.01 * place + 0.001 * seed}
            for place, name in enumerate(figures.WAYS)
            for seed in range(3)
        ]
    )
    curves = pd.DataFrame(
        [
            {**what, "experiment": study.FIRST, "metric": "alpha_entropy", "at": float(at),
             "turn": at, "mean": 1.6 - 0.1 * at, "sd": 0.1, "n": 3}
            for at in range(3)
        ]
    )  # fmt: skip
    figure = figures.FIGURES["recurrent"](results, curves)
    assert figure is not None
    losses, entropies = figure.axes
    assert losses.get_yticklabels()[0].get_text() == "first order"
    assert len(losses.get_yticklabels()) == 4
    assert any(line.get_label() == "first order" for line in entropies.get_lines())
    assert figures.FIGURES["recurrent"](results.iloc[:0], curves.iloc[:0]) is None
