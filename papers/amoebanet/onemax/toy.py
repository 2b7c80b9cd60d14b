"""One-max under noise: who survives is decided by accuracies that were lucky once.

As in the authors' notebook: a model is a string of bits, its accuracy the share of ones plus
Gaussian noise, cut off at 0 and 1, and a mutation flips one bit. The best of all that was
evaluated, by its noisy accuracy, is the result; it is worth its true share of ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

from harness.training import loop
from papers.cells.searcher.population import Population

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.amoebanet.onemax.config import OneMax


def run(config: OneMax, trial: Trial) -> Iterator[Row]:
    """Evolve at every deviation of the noise, one after another."""
    found: dict[str, float] = {}
    trial.restore(found=found)
    for sigma in config.sigmas:
        yield from evolved(config, sigma, trial, found)
    yield {**found, "worth": fmean(found.values())}


def evolved(config: OneMax, sigma: float, trial: Trial, found: dict[str, float]) -> Iterator[Row]:
    """Evolve under noise of one deviation; the last turn's row is kept."""
    phase = f"evolve/{sigma}"
    if trial.meter.done(phase):
        return
    toy = Toy(config, sigma, trial.stream(phase))
    trial.restore(toy=toy)

    def measure(turn: int) -> Iterator[Row]:
        found[f"worth_{sigma:g}"] = toy.worth
        yield {"at": sigma, "worth": toy.worth, "seen": toy.population.best[1]}

    yield from loop.fit(trial.meter, phase, lambda turn: toy.turn(), measure, config.evaluations)


class Toy:
    """One evolution of bit strings, which are integers here."""

    def __init__(self, config: OneMax, sigma: float, seed: int) -> None:
        self.bits, self.sigma = config.bits, sigma
        self.stream = Random(seed)
        self.population: Population[int] = Population(
            config.population, config.sample, config.kind
        )

    def turn(self) -> None:
        """Evaluate one more model."""
        model = self.population.propose(self.stream, self.fresh, self.mutate)
        self.population.observe(model, self.accuracy(model))

    def fresh(self, stream: Random) -> int:
        """Return a random string."""
        return stream.getrandbits(self.bits)

    def mutate(self, model: int, stream: Random) -> int:
        """Return a string with one bit flipped."""
        return model ^ (1 << stream.randrange(self.bits))

    def true(self, model: int) -> float:
        """Return the share of ones."""
        return model.bit_count() / self.bits

    def accuracy(self, model: int) -> float:
        """Return the noisy share of ones, cut off at 0 and 1."""
        return min(1.0, max(0.0, self.true(model) + self.stream.gauss(0.0, self.sigma)))

    @property
    def worth(self) -> float:
        """The true share of ones of the model that looks best."""
        return self.true(self.population.best[0])

    def state_dict(self) -> dict[str, Any]:
        """Return the population, its history and the stream."""
        kept = self.population
        return {
            "members": list(kept.members),
            "history": list(kept.history),
            "stream": self.stream.getstate(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        for name in ("members", "history"):
            kept = getattr(self.population, name)
            kept.clear()
            kept.extend(map(tuple, state[name]))
        self.stream.setstate(state["stream"])
