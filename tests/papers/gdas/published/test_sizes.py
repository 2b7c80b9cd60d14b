"""What the published cells have at full size, and in which networks they are counted."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.gdas.published import sizes, study
from papers.gdas.published.config import SameCost, Sizes
from tests.lab.testbeds import trial_of


@pytest.mark.slow
def test_the_networks_have_the_published_sizes(lab):
    (row,) = sizes.run(Sizes(), trial_of(lab, Sizes(), {}))
    assert row["v1_parameters"] == 3_368_782
    assert row["f1_parameters"] == 2_543_014
    assert row["v1_imagenet_48_parameters"] == 4_969_216
    assert row["v1_imagenet_50_parameters"] == 5_345_075
    assert round(row["v1_imagenet_50_multiply_adds"] / 1e6) == 581  # as the paper's table has it
    claimed = {claim.check.metric: claim.check.value for claim in study.CLAIMS[:-1]}
    assert claimed.items() <= row.items()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sizes(channels=35), "channels=35: must be a multiple of 4.*the nearest is 36"),
        (lambda: Sizes(wide=(48, 51)), "wide=.*must be even numbers; the nearest is 52"),
        (lambda: Sizes(wide=()), "wide=.*must rise"),
        (lambda: SameCost(reference="GDAS_F1"), "unknown published cell of DARTS's space"),
        (lambda: SameCost(reference="PNAS"), "unknown published cell of DARTS's space"),
        (lambda: SameCost(candidates=0), "candidates=0: must lie between 1"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(Refused, match=message):
        make()
