"""Judging many networks on each batch that is read: the same as one after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from papers.cells.child.imagenet import Pixels
from papers.ghn2.evaluation import accuracy, predict
from papers.ghn2.hyper.config import small
from papers.ghn2.hyper.network import HyperNetwork, build
from papers.ghn2.imagenet import study
from papers.ghn2.imagenet.bed import Part, shown
from papers.ghn2.imagenet.config import CLASSES, ImageNet
from papers.ghn2.imagenet.judging import accuracies, hits, judged
from papers.ghn2.space.draft import Frame
from papers.ghn2.space.network import Network
from papers.ghn2.space.splits import Space
from papers.ghn2.testbed import Rows

pytestmark = pytest.mark.usefixtures("prepared")
CONFIG = replace(ImageNet(), **study.CHECK, eval_batch=8)
COUNT = 20


@pytest.fixture(scope="module")
def ghn() -> HyperNetwork:
    return build(small("ghn2", 2, CLASSES), 0)


@pytest.fixture(scope="module")
def networks() -> list[Network]:
    return Space("mini", Frame(3, (16, 16), CLASSES, 2)).split("test", 3)


@pytest.fixture(scope="module")
def part(ghn: HyperNetwork, networks: list[Network]) -> Part:
    """Images whose labels are, by turns, what a network says first, what it says third, neither.

    Else an untrained hypernetwork is right on none of a thousand classes.
    """
    stored = np.random.default_rng(1).integers(256, size=(COUNT, 3, 16, 16), dtype=np.uint8)
    parameters = predict(ghn, networks)[0]
    x = shown(torch.from_numpy(stored), torch.device("cpu"))
    with torch.no_grad():
        logits = torch.cat([networks[0].logits(parameters, part) for part in x.split(8)])
    best = logits.topk(7, -1).indices
    labels = best[torch.arange(COUNT), torch.arange(COUNT) % 3 * 3]
    return Part(Pixels(stored), labels.numpy())


def test_it_is_what_each_network_reaches_alone(
    ghn: HyperNetwork, networks: list[Network], part: Part
):
    top1, top5 = accuracies(ghn, networks, part, CONFIG)
    stored = torch.stack([part.images[0, place] for place in range(COUNT)])
    rows = Rows(shown(stored, torch.device("cpu")), torch.from_numpy(part.labels))
    predicted = predict(ghn, networks)
    alone = [accuracy(n, own, rows, 8) for n, own in zip(networks, predicted, strict=True)]
    assert top1 == pytest.approx(alone)
    assert (top1[0], top5[0]) == pytest.approx((7 / COUNT, 14 / COUNT))


@pytest.mark.parametrize("at_once", [1, 2, 50])
def test_how_many_see_a_batch_at_once_changes_nothing(
    ghn: HyperNetwork, networks: list[Network], part: Part, at_once: int
):
    found = accuracies(ghn, networks, part, replace(CONFIG, at_once=at_once))
    assert found == accuracies(ghn, networks, part, replace(CONFIG, at_once=3))


def test_splits_get_their_own_networks_back(
    ghn: HyperNetwork, networks: list[Network], part: Part
):
    splits = {"id": networks[1:], "wide": networks[:1]}
    found = judged(ghn, splits, part, CONFIG)
    top1, top5 = accuracies(ghn, networks, part, CONFIG)
    assert found["top1"]["id"].accuracies == pytest.approx(top1[1:])
    assert found["top5"]["wide"].accuracies == pytest.approx(top5[:1])
    assert found["top5"]["id"].networks == tuple(networks[1:])


def test_the_batch_of_images_matters_where_there_is_batch_norm(
    ghn: HyperNetwork, networks: list[Network], part: Part
):
    parameters = predict(ghn, networks)[0]
    x = shown(torch.stack([part.images[0, n] for n in range(8)]), torch.device("cpu"))
    with torch.no_grad():
        whole = networks[0].logits(parameters, x)
        halves = torch.cat([networks[0].logits(parameters, half) for half in x.split(4)])
    assert not torch.allclose(whole, halves, atol=1e-4)


def test_a_label_counts_among_the_five_largest_and_never_where_a_logit_is_no_number():
    logits = torch.arange(10.0).repeat(4, 1)
    assert hits(logits, torch.tensor([9, 5, 4, 0])).tolist() == [1, 2]
    for wrong in (float("nan"), float("inf")):
        logits[0, 9] = wrong
        assert hits(logits, torch.tensor([9, 5, 4, 0])).tolist() == [0, 1]
