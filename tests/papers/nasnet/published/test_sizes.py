"""NASNet-A's sizes: the published ones in its own network, and in DARTS's."""

from __future__ import annotations

import pytest

from harness.paper import Refused
from papers.nasnet.published import sizes, study
from papers.nasnet.published.config import Sizes
from tests.lab.testbeds import trial_of


@pytest.mark.slow
def test_networks_have_the_published_sizes(lab):
    (row,) = sizes.run(Sizes(), trial_of(lab, Sizes(), {}))
    claimed = {claim.check.metric: claim.check.value for claim in study.CLAIMS}
    assert len(claimed) == len(study.CLAIMS)
    assert claimed.items() <= row.items()
    printed = {"own_cifar": 3.3, "own_mobile": 5.3, "listed_darts_own": 3.1}
    for name, millions in printed.items():
        assert round(row[f"{name}_parameters"] / 1e6, 1) == millions
    assert round(row["own_mobile_multiply_adds"] / 1e6) == 564
    assert round(row["own_large_multiply_adds"] / 1e9, 1) == 23.8
    assert row["own_large_parameters"] == pytest.approx(88.9e6, rel=2e-3)


def test_the_two_listings_are_two_cells():
    slim, listed = sizes.CELLS["slim"], sizes.CELLS["listed"]
    assert slim.normal == listed.normal
    assert set(slim.normal_concat) > set(listed.normal_concat)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"channels": 35}, "channels=35: must be even; the nearest is 36"),
        ({"wide": 1}, "wide=1: must lie between 2"),
        ({"layers": 2}, "layers=2: must lie between 3"),
        ({"shallow": 101}, "shallow=101: must lie between 3 and 100"),
        ({"own": 33}, "own=33: must be even; the nearest is 34"),
        ({"mobile": 46}, "mobile=46: must be a multiple of 4.*the nearest is 4[48]"),
        ({"large": 2}, "large=2: must lie between 4"),
        ({"side": 16}, "side=16: must lie between 32"),
    ],
)
def test_sizes_that_no_network_has_are_refused(changed, said):
    with pytest.raises(Refused, match=said):
        Sizes(**changed)
