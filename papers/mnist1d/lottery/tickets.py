"""Lottery tickets: prune, rewind, train again; then the ticket on new data.

Iterative magnitude pruning drops the smallest weights that a round ends with and sends the
survivors back to theta_0, the weights of the first round, kept in memory. Random pruning is the
baseline: every round draws its mask anew, so that its rounds do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from papers.mnist1d.lottery import pruning, transfer
from papers.mnist1d.lottery.config import VARIANTS
from papers.mnist1d.lottery.learner import Course, Found, Learner, Scores, fit
from papers.mnist1d.lottery.subnetwork import Subnetwork, initial
from papers.signals import splits

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial
    from papers.mnist1d.lottery.config import Lottery

RUNS = (2, 3, 4)  # m of A_m
SUMMED = ("plateau_accuracy", "last_accuracy", "best_accuracy", "fresh_accuracy")


def run(config: Lottery, trial: Trial) -> Iterator[Row]:
    """Prune by magnitude and at random, move the ticket to new data, and sum up."""
    found = Found.start(initial(trial.stream("init"), config.hidden, trial.device))
    trial.restore(found=found)
    course = frozen(config, trial)
    for level in config.levels:
        yield from magnitude_round(level, config, trial, found, course)
    for level in config.random_levels:
        yield from random_round(level, config, trial, found, course)
    on_new_data = transfer.courses(config, trial.device)
    for name in config.transfers:
        yield from transferred(name, config, trial, found, on_new_data)
    yield summary(config, trial, found)


def frozen(config: Lottery, trial: Trial) -> Course:
    """Return the course of the pruning rounds: the frozen data set, in stored order."""
    train, test = splits.frozen(trial)
    fresh = splits.fresh(config.fresh_rows, trial.device)
    return Course(
        train,
        test,
        fresh,
        config.lr,
        config.batch_size,
        config.eval_every,
        config.plateau,
        keep_at=last_checkpoint(config),
    )


def last_checkpoint(config: Lottery) -> int:
    """Return the turn whose weights go on to the next round; -1 for the last one."""
    every = config.checkpoint_every
    return (config.steps - 1) // every * every if config.faithful else -1


def magnitude_round(
    level: float, config: Lottery, trial: Trial, found: Found, course: Course
) -> Iterator[Row]:
    """Prune what the last round left, rewind the survivors to theta_0, and train them."""
    phase = f"magnitude/{level}"
    if trial.meter.done(phase):
        return
    masks = pruning.by_magnitude(found.weights, found.masks, level)
    learner = Learner(phase, Subnetwork(found.theta0, masks), course.lr)

    def finish(scores: Scores) -> Row:
        assert learner.kept is not None
        found.weights, found.masks, found.scores[phase] = learner.kept, masks, scores
        if level == config.ticket_level:
            found.ticket = masks
        return {"at": level, **named("magnitude", scores)}

    yield from fit(trial, learner, course, finish)


def random_round(
    level: float, config: Lottery, trial: Trial, found: Found, course: Course
) -> Iterator[Row]:
    """Train theta_0 under a random mask."""
    phase = f"random/{level}"
    if trial.meter.done(phase):
        return
    masks = pruning.at_random(found.theta0, level, trial.stream("random", str(level)))

    def finish(scores: Scores) -> Row:
        found.scores[phase] = scores
        return {"at": level, **named("random", scores)}

    yield from fit(
        trial, Learner(phase, Subnetwork(found.theta0, masks), course.lr), course, finish
    )


def transferred(
    name: str, config: Lottery, trial: Trial, found: Found, courses: dict[str, Course]
) -> Iterator[Row]:
    """Train one condition on one variant of the new data."""
    phase = f"transfer/{name}"
    if trial.meter.done(phase):
        return
    course = courses[name.split("_")[0]]
    learner = Learner(phase, transfer.network(name, config, trial, found), course.lr)

    def finish(scores: Scores) -> Row:
        found.scores[phase] = scores
        return named(name, scores)

    yield from fit(trial, learner, course, finish)


def summary(config: Lottery, trial: Trial, found: Found) -> Row:
    """Return the trial's result; where a cap cut the trial short, what it got to."""
    level = config.ticket_level
    groups = {"dense": f"magnitude/{config.levels[0]}", "ticket": f"magnitude/{level}"}
    groups |= {"random": f"random/{level}"}
    groups |= {name: f"transfer/{name}" for name in config.transfers}
    row: dict[str, float] = {"ticket_sparsity": level}
    for name, phase in groups.items():
        known = found.scores.get(phase, {})
        row |= named(name, {kind: known[kind] for kind in SUMMED if kind in known})
    for variant in VARIANTS:
        for kind in ("plateau", "fresh"):
            pair = [row.get(f"{variant}_{c}_{kind}_accuracy") for c in ("ticket", "dense")]
            if pair[0] is not None and pair[1] is not None:
                row[f"{variant}_{kind}_gain"] = pair[0] - pair[1]
    if "ticket_last_accuracy" in row:
        row["test_accuracy"] = row["ticket_last_accuracy"]
    return {**row, **neighbours(config, trial, found)}


def neighbours(config: Lottery, trial: Trial, found: Found) -> dict[str, float]:
    """Return A_2 to A_4 of the first layer's weights, mean over units, and over independence."""
    level = config.ticket_level
    seed = trial.stream("random", str(level))
    random = pruning.at_random(found.theta0, level, seed)["first.weight"]
    row = {}
    for name, mask in (("ticket", found.ticket["first.weight"]), ("random", random)):
        for length in RUNS:
            slip = random if config.faithful and length == 4 else None
            value = float(pruning.adjacency(mask, length, slip).mean())
            row[f"adjacency_{length}_{name}"] = value
            row[f"adjacency_{length}_{name}_ratio"] = value / pruning.independent(mask, length)
    return row


def named(name: str, scores: Scores) -> dict[str, float]:
    """Return scores under the name of a condition."""
    return {f"{name}_{score}": value for score, value in scores.items()}
