"""What is drawn keeps the rules, comes again by its seed, and has the right statistics."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random
from statistics import fmean

import pytest
from scipy.stats import chisquare

from harness.paper import Refused
from papers.cells.space.genotype import Genotype
from papers.ghn2.space.build import OPERATIONS, reductions
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.generator import DEEPNETS, SMALL, drawn, refuse
from papers.ghn2.space.record import Record
from papers.ghn2.space.splits import Pool, Space
from papers.ghn2.space.widths import CHANNELS, HIDDEN, channel_choices, evaluated, hidden_choices

MINI = Space("mini", Frame(1, (40,), 10))


def genotypes(count: int, steps: tuple[int, int] = (1, 4)) -> list[Genotype]:
    random = Random(0)
    return [drawn(random, random.randint(*steps), OPERATIONS) for _ in range(count)]


def reasons(count: int, steps: tuple[int, int]) -> list[str]:
    found = []
    for genotype in genotypes(count, steps):
        try:
            refuse(genotype)
        except Refused as refusal:
            found.append(str(refusal))
    return found


def test_operations_and_states_are_drawn_uniformly():
    found = [g for g in genotypes(10_000) if len(g.normal) > 2]
    counts = Counter(op for g in found for op, _ in g.normal)
    assert set(counts) == set(OPERATIONS)
    assert chisquare([counts[op] for op in OPERATIONS]).pvalue > 1e-4
    second = Counter(tuple(sorted(j for _, j in g.normal[2:4])) for g in found)
    assert set(second) == {(0, 1), (0, 2), (1, 2)}
    assert chisquare(list(second.values())).pvalue > 1e-4


def test_a_reduction_cell_is_light_half_the_time_and_zeros_need_another_sum():
    found = genotypes(4000)
    light = [not any("conv" in op or op in ("msa", "cse") for op, _ in g.reduce) for g in found]
    long = [is_light for is_light, g in zip(light, found, strict=True) if len(g.reduce) > 4]
    assert fmean(long) == pytest.approx(0.5, abs=0.04)
    assert not any(op == "none" for g in found if len(g.normal) == 2 for op, _ in g.normal)
    assert all(g.normal_concat[-1] == 1 + len(g.normal) // 2 for g in found)


def test_shares_of_what_is_rejected_are_the_authors():
    """Training networks 12 to 22 %, dense ones 48 to 65 %."""
    assert 0.1 < len(reasons(4000, (1, 2))) / 4000 < 0.24
    assert 0.45 < len(reasons(4000, (2, 10))) / 4000 < 0.75


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("cse~0 skip_connect~1 ; concat 2",) * 2, "without a convolution"),
        (("cse~0 cse~1 | conv_3x3~0 msa~1 ; concat 3",) * 2, "more than one cse"),
        (("conv_5x5~0 conv_7x7~1 ; concat 2",) * 2, "width 5 or 7"),
        (("skip_connect~0 max_pool_3x3~1 ; concat 2",) * 2, "nothing to learn"),
    ],
)
def test_each_rule_rejects(cells, reason):
    normal, reduce = cells
    with pytest.raises(Refused, match=reason):
        refuse(Genotype.parse(f"normal: {normal} / reduce: {reduce}"))


@pytest.mark.slow
def test_training_networks_have_the_authors_statistics():
    networks = Space("deepnets", SMALL).split("train", 200)
    graphs = [network.graph for network in networks]
    nodes = sum(map(len, graphs))
    assert nodes / len(graphs) == pytest.approx(184, rel=0.15)
    assert sum(len(graph.edges) for graph in graphs) / nodes == pytest.approx(1.15, rel=0.04)
    records = [Record.from_json(network.text) for network in networks]
    assert fmean(r.cells for r in records) == pytest.approx(11.5, rel=0.12)
    assert fmean(r.norm for r in records) > 0.9
    assert fmean(r.attends for r in records) == pytest.approx(0.24, abs=0.1)


@pytest.mark.parametrize("split", ["train", "test", "wide", "deep", "dense", "bnfree"])
def test_mini_networks_are_whole_and_come_again(split):
    networks, again = MINI.split(split, 12), MINI.split(split, 12)
    assert [n.graph.digest for n in networks] == [n.graph.digest for n in again]
    assert len({n.graph.digest for n in networks}) == 12
    for network in networks:
        graph, last = network.graph, len(network.graph) - 1
        assert [v for v in range(len(graph)) if not graph.after[v]] == [last]
        assert [v for v in range(len(graph)) if not graph.before[v]] == [0]
        assert graph.nodes[0].name == "input"
        assert graph.size == network.blueprint.parameters
        record = Record.from_json(network.text)
        assert MINI.network(record).graph.digest == graph.digest
        assert (split == "bnfree") <= (not any(n.name == "bn" for n in graph.nodes))


def test_wide_networks_are_the_test_networks_wider():
    for one, other in zip(MINI.split("test", 5), MINI.split("wide", 5), strict=True):
        first, second = (Record.from_json(network.text) for network in (one, other))
        assert first.at(48) == second


def test_a_pool_draws_each_network_on_its_own_and_avoids_what_is_tested():
    tested = {network.graph.digest for network in MINI.split("test", 4)}
    pool = Pool(MINI, 5, 7, tested)
    last = pool[4].graph.digest
    assert [n.graph.digest for n in Pool(MINI, 5, 7, tested)[:5]][4] == last
    assert not tested & {network.graph.digest for network in pool[:5]}
    assert Pool(MINI, 5, 7, {last})[4].graph.digest != last
    assert len(list(pool)) == 5


def test_predefined_networks_have_the_printed_sizes():
    small = Space("deepnets", SMALL).split("predefined", 2)
    assert [(n.text, len(n.graph)) for n in small] == [("resnet50", 126), ("vit", 129)]


@pytest.mark.parametrize(
    ("millions", "cells", "pooled", "large", "width"),
    [
        (0.9, 4, True, False, 1), (0.1, 4, False, False, 1), (0.1, 4, True, True, 1),
        (0.1, 13, True, False, 1), (0.5, 4, True, False, 2), (0.1, 11, True, False, 2),
        (0.3, 4, True, False, 3), (0.1, 9, True, False, 3), (0.2, 8, True, False, 7),
    ],
)  # fmt: skip
def test_widths_follow_size_and_depth(millions, cells, pooled, large, width):
    choices = channel_choices(millions, cells, pooled, large)
    assert choices == CHANNELS[:width]
    assert hidden_choices(choices, 64) == (HIDDEN if width == 7 else HIDDEN[:4])
    assert hidden_choices(choices, 80) == HIDDEN[:4]


def test_evaluated_networks_are_the_narrowest_of_two_and_a_half_millions():
    space = Space("deepnets", SMALL)
    record = next(islice(space.records("train"), 1))
    fixed = evaluated(record.at(32), SMALL)
    assert space.network(fixed).blueprint.parameters >= 2_500_000
    if fixed.channels > 32:
        narrower = fixed.at(fixed.channels - 16)
        assert space.network(narrower).blueprint.parameters < 2_500_000


def test_reductions_stand_at_a_third_and_two_thirds():
    assert [reductions(n) for n in (1, 2, 3, 4, 20)] == [(), (1,), (1, 2), (1, 2), (6, 13)]
    assert DEEPNETS["search"].norm is True


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: MINI.split("tset", 1), "did you mean 'test'"),
        (lambda: Space("minis", SMALL), "did you mean 'mini'"),
        (lambda: Record.from_json('{"cell": 3}'), "did you mean 'cells'"),
    ],
)
def test_unknown_names_are_refused(call, fault):
    with pytest.raises(Refused, match=fault):
        call()
