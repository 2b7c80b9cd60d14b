"""Evolution in the league: one population and many, what a mutation is, and what resumes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from papers.amoebanet.config import KINDS
from papers.amoebanet.league.config import TableEvolution
from papers.amoebanet.league.evolution import Evolution, Evolutions, Uniforms, neighbours
from papers.cells.league.contest import Contestant
from papers.cells.league.league import league_of
from papers.cells.league.recorded import RecordedEvaluator
from papers.cells.league.stacked import Searchers, Stacked
from papers.cells.searcher.numbers import Numbers
from papers.cells.searcher.population import POPULATIONS
from papers.cells.space.allowed import allowed
from papers.cells.space.edge import T1, T2, distance
from tests.lab import stacks
from tests.lab.stacks import goes_on, in_step

SMALL = TableEvolution(space="T0", population=6, sample=3, identity=0.2)
SEEDS, TURNS = list(range(12)), 40


@pytest.fixture(scope="module", params=stacks.KINDS)
def known(request):
    return stacks.small(request.param)


def stack(known, config, turns: int = TURNS) -> Stacked:
    cells = known.objective.league.allowed
    return Stacked(known, Evolutions(cells, config, SEEDS, TURNS), SEEDS)


@pytest.mark.parametrize("kind", KINDS)
def test_many_side_by_side_are_each_what_one_alone_is_seed_for_seed(known, kind):
    config, cells = replace(SMALL, kind=kind), known.objective.league.allowed
    many = stack(known, config)
    alone = [
        Contestant(Evolution(cells, config, seed), RecordedEvaluator(known, seed))
        for seed in SEEDS
    ]
    in_step(many, alone, TURNS)
    for search, one in enumerate(alone):
        living = [known.places[code] for code, _ in one.searcher.population.members]
        assert living == many.searchers.cells[search].tolist()


def test_kinds_are_those_of_populations():
    assert KINDS == POPULATIONS


def test_after_every_turn_the_youngest_live(known):
    seen = []
    many = stack(known, SMALL)
    for _ in range(TURNS):
        many.turn()
        seen.append(many.searchers.cells[0, -1])
        assert many.searchers.cells[0].tolist() == seen[-SMALL.population :]


@pytest.mark.parametrize("limit", [None, 2])
def test_a_mutation_is_uniform_among_allowed_neighbours(limit):
    cells = league_of(T1, limit).allowed
    parent = next(c for c in cells.codes if T1.names(c).count("c5") == 2)
    evolution, stream = Evolution(cells, SMALL, 0), Numbers(1, 2)
    counts: Counter = Counter()
    for _ in range(6000):
        stream.begin()
        counts[evolution.mutate(parent, stream)] += 1
    same = counts.pop(parent)
    assert 0.15 < same / 6000 < 0.25  # the identity's rate
    near = [code for code in T1.neighbours(parent) if code in cells]
    assert set(counts) == set(near)
    assert {distance(parent, code) for code in counts} == {1}
    assert chisquare([counts[code] for code in near]).pvalue > 1e-3
    assert len(near) == (12 if limit is None else 8)


def test_neighbours_are_mutual():
    near = neighbours(league_of(T1, 2).allowed)
    assert all(code in near[other] for code, own in near.items() for other in own)


def test_stacked_evolutions_go_on_where_others_were(known):
    goes_on(lambda: stack(known, SMALL), TURNS, 17)


def test_one_evolution_goes_on_where_another_was(known):
    cells = known.objective.league.allowed
    one = Contestant(Evolution(cells, SMALL, 3), RecordedEvaluator(known, 3))
    for _ in range(15):
        one.turn()
    other = Evolution(cells, SMALL, 3)
    other.load_state_dict(one.searcher.state_dict())
    assert [other.propose() for _ in range(4)] == [one.searcher.propose() for _ in range(4)]


def test_on_an_additive_table_evolution_beats_random_search():
    """T25: 500 searches of 200 evaluations among 4,096 cells, under a little noise."""
    cells, random = allowed(T2), np.random.default_rng(0)
    gains = random.uniform(size=(len(T2.edges), len(T2.ops)))
    codes = np.array(cells.codes)
    worth = gains[np.arange(codes.shape[1]), codes].sum(1)
    config, seeds = TableEvolution(population=10, sample=3), list(range(500))
    found = {}
    searchers: dict[str, Searchers] = {
        "aging": Evolutions(cells, config, seeds, 200),
        "random": Uniforms(cells, seeds, 200),
    }
    for name, searcher in searchers.items():
        best = np.full(len(seeds), -np.inf)
        for _ in range(200):
            places = searcher.propose()
            searcher.observe(places, worth[places] + random.normal(0, 0.01, len(seeds)))
            best = np.maximum(best, worth[places])
        found[name] = worth.max() - best
    less = found["random"] - found["aging"]
    assert less.mean() > 5 * less.std() / len(seeds) ** 0.5
    assert found["aging"].mean() < found["random"].mean() / 3


def test_random_search_draws_every_cell_equally_often(known):
    cells = known.objective.league.allowed
    uniform = Uniforms(cells, [1], 4000)
    counts = Counter(int(uniform.propose()[0]) for _ in range(4000))
    assert chisquare([counts[place] for place in range(len(cells))]).pvalue > 1e-3


def test_regret_falls_and_its_quarters_are_in_order(known):
    many = stack(known, SMALL)
    for _ in range(TURNS):
        many.turn()
    row = many.row()
    assert many.path[-1] < many.path[0]
    assert row["regret"] == many.path[-1]
    assert row["regret_20"] == many.path[19]
    assert "regret_50" not in row
    assert 0 <= row["regret_low"] <= row["regret_median"] <= row["regret_high"]
