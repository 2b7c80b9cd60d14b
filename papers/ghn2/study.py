"""The course of an experiment: train a hypernetwork, then judge it on unseen networks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from harness.training import loop
from harness.trial import stream
from papers.ghn2.config import Evaluation, Training
from papers.ghn2.evaluation import Judged, judge, on, predict, untrained
from papers.ghn2.evaluation import accuracy as accuracy_of
from papers.ghn2.hyper.config import Hyper
from papers.ghn2.hyper.network import HyperNetwork, build
from papers.ghn2.space.network import Network
from papers.ghn2.space.splits import SEED, Pool, Space
from papers.ghn2.testbed import Testbed
from papers.ghn2.training import Trainer
from papers.ghn2.tuning import orthogonal, overtaken, trained

if TYPE_CHECKING:
    from harness.paper import Row
    from harness.trial import Trial

NOISE = 3e-5  # of `orthogonal`, as Knyazev 2022 has it
OUTSIDE = ("wide", "deep", "dense", "bnfree")
STARTS = ("tuned", "orthogonal", "random")


def hypernetwork(base: Hyper, config: Training, trial: Trial) -> HyperNetwork:
    """Return an untrained hypernetwork with a config's switches, on the trial's device."""
    hyper = replace(base, direct=config.direct, tile_aware=config.tile_aware)
    return build(hyper, trial.stream("hyper")).to(trial.device)


def tests(space: Space, config: Evaluation) -> dict[str, list[Network]]:
    """Return the networks of every split, the same for all trials."""
    named = {split: "test" if split == "id" else split for split in config.splits}
    return {
        split: space.split(name, config.networks if split == "id" else config.others)
        for split, name in named.items()
    }


def run(
    bed: Testbed,
    space: Space,
    hyper: HyperNetwork,
    config: Training,
    asked: Evaluation,
    trial: Trial,
) -> Iterator[Row]:
    """Train on a pool of networks; yield curves on validation networks, then what was asked."""
    unseen = tests(space, asked)
    watched, pool = drawn(space, unseen, asked.watched, config.pool, trial)

    def score() -> dict[str, float]:
        reached = judge(hyper, watched, bed.test, asked.eval_batch)
        return {"val": reached.mean}

    trainer = Trainer(hyper, pool, bed, config, trial.stream)
    yield from learn(trainer, asked.eval_every, trial, score if watched else dict)
    judged = {
        split: judge(hyper, own, bed.test, asked.eval_batch) for split, own in unseen.items()
    }
    keep(judged, trial)
    row = {split: own.mean for split, own in judged.items()}
    row["random"] = untrained(unseen["id"], bed.test, asked.eval_batch, SEED)
    row |= pooled(judged)
    row["wins"] = wins(judged["id"], row["random"])
    if asked.seen:
        row["seen"] = judge(hyper, pool[: asked.seen], bed.test, asked.eval_batch).mean
    if asked.tuned:
        row |= tuned(hyper, unseen["id"][: asked.tuned], bed, asked)
    yield {**row, "skipped": trainer.counts["skipped"], "redrawn": trainer.counts["redrawn"]}


def drawn(
    space: Space, unseen: dict[str, list[Network]], watched: int, pool: int, trial: Trial
) -> tuple[list[Network], Pool]:
    """Return validation networks and a pool to train on, apart from unseen ones and each other."""
    known = {network.graph.digest for own in unseen.values() for network in own}
    apart = space.split("val", watched, avoid=known) if watched else []
    known |= {network.graph.digest for network in apart}
    return apart, Pool(space, pool, trial.stream("pool"), known)


def learn(
    trainer: Trainer, every: int, trial: Trial, score: Callable[[], dict[str, float]] = dict
) -> Iterator[Row]:
    """Train, from where a trial was stopped; yield curves with the scores of that moment."""
    trial.restore(**trainer.stateful)
    networks = trainer.config.meta_batch

    def measure(turn: int) -> Iterator[Row]:
        yield {
            "at": turn + 1, "evaluations": (turn + 1) * networks, **trainer.told(), **score()
        }  # fmt: skip

    update = partial(trainer.update, horizon=trial.meter.horizon("train"))
    yield from loop.fit(trial.meter, "train", update, measure, every)


def pooled(judged: dict[str, Judged]) -> dict[str, float]:
    """Return the mean over all networks out of distribution, where every such split was judged."""
    if not set(OUTSIDE) <= set(judged):
        return {}
    return {"ood": fmean(a for split in OUTSIDE for a in judged[split].accuracies)}


def wins(judged: Judged, random: float) -> float:
    """Return the share of networks that are better than random networks are in the mean."""
    return fmean(accuracy > random for accuracy in judged.accuracies)


def tuned(
    hyper: HyperNetwork, networks: Sequence[Network], bed: Testbed, config: Evaluation
) -> dict[str, float]:
    """Return accuracies after some SGD steps from three starts, and when the last one is ahead."""
    found = {start: [0.0] * len(config.tune_steps) for start in STARTS}
    for place, (network, own) in enumerate(zip(networks, predict(hyper, networks), strict=True)):
        seed = stream(SEED, "tuning", place)
        starts = {
            "tuned": own,
            "orthogonal": orthogonal(own, NOISE, seed),
            "random": on(network.initial(seed), bed.train.y.device),
        }
        for start, parameters in starts.items():
            after = trained(network, parameters, bed, config.tune_steps, config.tune_lr, 64, seed)
            for turn, values in enumerate(after):
                reached = accuracy_of(network, values, bed.test, config.eval_batch)
                found[start][turn] += reached / len(networks)
    told = {
        f"{start}_{step}": values[place]
        for start, values in found.items()
        for place, step in enumerate(config.tune_steps)
    }
    ahead = overtaken(config.tune_steps, found["tuned"], found["random"])
    return {**told, "overtaken": ahead}


def keep(judged: dict[str, Judged], trial: Trial) -> None:
    """Write what every single network reached, so that each mean can be found again."""
    rows = [
        {
            "split": split,
            "network": place,
            "digest": network.graph.digest,
            "parameters": network.graph.size,
            "nodes": len(network.graph),
            "accuracy": reached,
            "record": network.text,
        }
        for split, own in judged.items()
        for place, (network, reached) in enumerate(zip(own.networks, own.accuracies, strict=True))
    ]
    (trial.artifacts / "networks.json").write_text(json.dumps(rows, indent=0), encoding="utf-8")
