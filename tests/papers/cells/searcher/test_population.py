"""T17, T19: who dies in an aging and in a non-aging population, and when aging pays."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from scipy.stats import chisquare, mannwhitneyu

from harness.paper import Refused
from papers.cells.searcher.population import Population
from papers.cells.space.edge import T2, Code, distance


def evolve(kind: str, size: int, sample: int, cycles: int) -> Population[Code]:
    stream, worth = random.Random(0), random.Random(1)
    population: Population[Code] = Population(size, sample, kind)
    for _ in range(cycles):
        code = population.propose(stream, T2.random, T2.mutate)
        population.observe(code, worth.random())
    return population


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_oldest_dies_whatever_it_was_worth(size: int):
    population = evolve("aging", size, 3, 60)
    assert list(population.members) == population.history[-size:]


def test_the_non_aging_control_loses_the_worst_of_its_tournament():
    stream = random.Random(2)
    population: Population[int] = Population(4, 2, "nonaging")
    for number in range(4):
        population.observe(number, float(number))
    before = list(population.members)
    population.propose(stream, lambda _: -1, lambda parent, _: parent)
    worst = min((before[place] for place in population.drawn), key=lambda pair: pair[1])
    population.observe(9, 9.0)
    assert worst not in population.members
    assert len(population.members) == 4
    assert (9, 9.0) in population.members


def test_the_other_control_loses_the_worst_of_all_whoever_fought():
    population: Population[int] = Population(4, 2, "nonaging_worst")
    for number, worth in enumerate((3.0, 1.0, 2.0, 1.0)):
        population.observe(number, worth)
    population.propose(random.Random(0), lambda _: -1, lambda parent, _: parent)
    population.observe(9, 0.0)
    assert [number for number, _ in population.members] == [0, 2, 3, 9]


def test_a_tournament_of_one_draws_its_parent_uniformly():
    stream = random.Random(3)
    population: Population[int] = Population(5, 1)
    for number in range(5):
        population.observe(number, float(number))
    counts = [0] * 5
    for _ in range(5000):
        counts[population.propose(stream, lambda _: -1, lambda parent, _: parent)] += 1
    assert chisquare(counts).pvalue > 1e-3


def test_children_are_mutants_of_living_parents_and_the_best_never_gets_worse():
    stream, worth = random.Random(4), random.Random(5)
    population: Population[Code] = Population(8, 4)
    best = -1.0
    for cycle in range(80):
        living = [code for code, _ in population.members]
        code = population.propose(stream, T2.random, T2.mutate)
        if cycle >= 8:
            assert min(distance(code, other) for other in living) <= 1
        population.observe(code, worth.random())
        assert population.best[1] >= best
        best = population.best[1]
    assert population.best == max(population.history, key=lambda pair: pair[1])


BITS = 100


def ones(kind: str, noise: float, seed: int, models: int = 1000) -> float:
    """Return how many of 100 bits are set in the reported best: the toy of Real et al.'s code.

    Fitness is that share with noise; P 100, S 10, one bit flipped.
    """
    stream = random.Random(seed)

    def flipped(bits: int, drawn: random.Random) -> int:
        return bits ^ 1 << drawn.randrange(BITS)

    population: Population[int] = Population(100, 10, kind)
    for _ in range(models):
        bits = population.propose(stream, lambda drawn: drawn.getrandbits(BITS), flipped)
        fitness = bits.bit_count() / BITS + stream.gauss(0, noise)
        population.observe(bits, min(1.0, max(0.0, fitness)))
    return population.best[0].bit_count() / BITS


@pytest.mark.slow
def test_aging_pays_where_evaluations_are_noisy():
    """T19: at a noise of .05, and not at .01."""
    found = {
        (kind, noise): [ones(kind, noise, seed) for seed in range(20)]
        for kind in ("aging", "nonaging")
        for noise in (0.01, 0.05)
    }
    noisy = mannwhitneyu(found["aging", 0.05], found["nonaging", 0.05], alternative="greater")
    assert noisy.pvalue < 0.01
    apart = fmean(found["aging", 0.01]) - fmean(found["nonaging", 0.01])
    assert abs(apart) < 0.03


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((0, 1), "size=0"), ((5, 0), "sample=0"), ((5, 2, "agin"), "did you mean 'aging'")],
)
def test_impossible_populations_are_refused(arguments: tuple, said: str):
    with pytest.raises(Refused, match=said):
        Population(*arguments)
