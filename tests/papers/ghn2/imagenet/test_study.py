"""The declaration: the recipe's length, what is refused, and claims that wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.checks import Value
from harness.paper import Refused
from papers.ghn2.imagenet import study
from papers.ghn2.imagenet.config import EPOCH, ImageNet

GHN2, GHN1 = (experiment.config for experiment in study.EXPERIMENTS)


def test_the_length_is_150_epochs_of_eight_networks_and_300_of_one():
    images = 1_281_167 - 50_000
    assert (EPOCH - 1) * 256 < images <= EPOCH * 256
    assert (GHN2.steps, GHN2.meta_batch) == (150 * EPOCH, 8)
    assert (GHN1.steps, GHN1.meta_batch) == (300 * EPOCH, 1)


def test_the_rate_falls_to_a_tenth_after_two_thirds_and_after_five_sixths():
    for config, epochs in ((GHN2, 150), (GHN1, 300)):
        rates = [config.rate(epoch * EPOCH, config.steps) for epoch in range(epochs)]
        assert rates[: 2 * epochs // 3] == [1e-3] * (2 * epochs // 3)
        assert rates[2 * epochs // 3 : 5 * epochs // 6] == pytest.approx([1e-4] * (epochs // 6))
        assert rates[5 * epochs // 6 :] == pytest.approx([1e-5] * (epochs // 6))


def test_the_rest_of_the_recipe_is_the_papers():
    for config in (GHN2, GHN1):
        assert (config.smoothing, config.weight_decay, config.clip) == (0.1, 1e-5, 5.0)
        assert (config.side, config.batch, config.eval_batch) == (224, 256, 64)
        assert (config.networks, config.others, config.pool) == (500, 100, 1_000_000)


def test_claims_wait_for_images_and_say_the_command_that_would_judge_them():
    for claim in study.CLAIMS:
        assert claim.budgets == ("paper",)
        assert "HARNESS_IMAGENET" in claim.blocked
        assert (
            "run papers/ghn2 --experiment imagenet --budget paper --device cuda" in claim.blocked
        )
        assert claim.source == "Sec. 5, results on ImageNet"
        if isinstance(claim.check, Value):
            assert claim.check.low < claim.published.value < claim.check.high


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageNet(dataset="imagnet"), "did you mean 'imagenet'"),
        (lambda: ImageNet(style="micro"), "unknown style 'micro'"),
        (lambda: ImageNet(side=64), "side=64: must lie between 128 and 512"),
        (lambda: ImageNet(held_out=732), "the nearest is 731"),
        (lambda: ImageNet(held_out=0), "held_out=0.*the nearest is 1"),
        (lambda: ImageNet(**{**study.CHECK, "predefined": True}), "say predefined=false"),
        (lambda: ImageNet(at_once=0), "at_once=0"),
        (lambda: ImageNet(workers=-1), "workers=-1"),
        (lambda: ImageNet(smoothing=1.0), "smoothing=1.0"),
        (lambda: ImageNet(splits=("wide",)), "must have 'id'"),
        (lambda: ImageNet(watched=-1), "watched=-1"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(Refused, match=message):
        make()
