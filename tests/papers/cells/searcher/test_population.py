"""T17: who dies in an aging and in a non-aging population."""

from __future__ import annotations

import random

import pytest
from scipy.stats import chisquare

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((0, 1), "size=0"), ((5, 0), "sample=0"), ((5, 2, "agin"), "did you mean 'aging'")],
)
def test_impossible_populations_are_refused(arguments: tuple, said: str):
    with pytest.raises(Refused, match=said):
        Population(*arguments)
