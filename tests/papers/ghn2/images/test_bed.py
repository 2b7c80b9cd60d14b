"""Images as a testbed: sizes, standardisation, augmentation, and what is refused."""

from __future__ import annotations

import pytest
import torch

from harness.paper import Refused
from papers.ghn2.images.bed import Look, load, pooled
from papers.ghn2.images.config import ImageBaseline, Images

pytestmark = pytest.mark.usefixtures("one_thread")


def test_random_images_are_a_testbed(lab):
    bed = load("pixels", 16, 2, lab())
    assert bed.frame.size == (16, 16)
    assert (bed.frame.channels, bed.frame.stem_stride) == (3, 2)
    assert bed.train.x.dtype == torch.uint8
    x, y = bed.drawn(torch.arange(8), torch.Generator().manual_seed(0))
    assert (x.shape, y.tolist()) == ((8, 3, 16, 16), list(range(8)))
    assert bed.test.x.dtype == torch.float32


def test_digits_are_never_mirrored_and_others_are_moved():
    x = torch.randint(256, (16, 1, 8, 8), dtype=torch.uint8)
    one = torch.zeros(1, 1, 1)
    still, moved = Look(one, one + 1, moved=False), Look(one, one + 1, moved=True)
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(still.drawn(x, generator), still.plain(x))
    assert not torch.equal(moved.drawn(x, generator), moved.plain(x))


def test_pooling_averages_blocks():
    x = torch.tensor([[0, 2], [4, 6]], dtype=torch.uint8).view(1, 1, 2, 2)
    assert pooled(x, 1).item() == 3


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"dataset": "cifar"}, "did you mean 'cifar10'"),
        ({"side": 15}, "nearest is 16"),
        ({"style": "mini"}, "small networks have none"),
        ({"splits": ("wide",)}, "must have 'id'"),
        ({"meta_batch": 0}, "meta_batch=0"),
        ({"pool": 3}, "at least meta_batch=8"),
        ({"drops": (0.9, 0.5)}, "drops"),
        ({"preset": "ghn4"}, "did you mean"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, fault):
    with pytest.raises(Refused, match=fault):
        Images(**changes)


def test_a_baseline_is_judged_within_its_schedule():
    with pytest.raises(Refused, match="at_epochs"):
        ImageBaseline(epochs=10)
