"""Splits and samplers: which rows, in which order, and what a resumed sampler gives."""

from __future__ import annotations

import hashlib
import io
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.paper import Refused
from harness.training import data, readers
from harness.training.device import load, save

# -- splits ---------------------------------------------------------------------------------------


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(Refused, match="unknown data set 'minst'; did you mean 'mnist'"):
        data.load("minst", "train")
    with pytest.raises(Refused, match="unknown split 'tests'; did you mean 'test'"):
        data.load("digits", "tests")


@pytest.mark.parametrize(("part", "fraction"), [("val", 0.0), ("train", 1.0), ("train", -0.1)])
def test_a_fraction_that_leaves_nothing_is_refused(part: str, fraction: float):
    with pytest.raises(ValueError, match=f"fraction={fraction:g}: must lie between 0 and 1"):
        data.load("digits", part, fraction=fraction)


def test_digits_need_no_file_and_their_splits_are_disjoint():
    train, val, test = (data.load("digits", part) for part in data.PARTS)
    x, y = readers.digits()
    assert len(train) + len(val) + len(test) == len(y) == 1797
    assert train.x.shape[1:] == (1, 8, 8)
    assert train.x.dtype == torch.uint8
    everything = torch.cat([train.x, val.x, test.x]).flatten(1).numpy()
    assert sorted(map(bytes, everything)) == sorted(map(bytes, x.reshape(1797, -1)))
    assert train.digest == val.digest == test.digest
    assert len(train.digest) == 64
    again = data.load("digits", "test", seed=9, fraction=0.5)
    assert torch.equal(again.x, test.x)  # the test rows depend on neither


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=120), st.integers(0, 99), st.integers(0, 9)
)
def test_stratified_cuts_the_same_share_of_every_class(labels, percent, seed):
    labels, fraction = np.array(labels), percent / 100
    kept, cut = data.stratified(labels, fraction, seed)
    assert sorted([*kept, *cut]) == list(range(len(labels)))
    for label in set(labels):
        here = int((labels == label).sum())
        assert int((labels[cut] == label).sum()) == round(fraction * here)
    for rows, same in zip((kept, cut), data.stratified(labels, fraction, seed), strict=True):
        np.testing.assert_array_equal(rows, same)
        assert (np.diff(rows) > 0).all()


def test_train_and_val_are_one_training_set_cut_in_two():
    whole = data.load("digits", "train", fraction=0)
    train, val = (data.load("digits", part, fraction=0.25, seed=3) for part in ("train", "val"))
    assert set(train.rows) | set(val.rows) == set(whole.rows)
    assert not set(train.rows) & set(val.rows)
    for part in (train, val):
        assert torch.equal(part.x, whole.x[part.rows])
        assert torch.equal(part.y, whole.y[part.rows])


def test_describe_tells_the_rows_apart():
    first, same, other = (data.load("digits", "val", seed=seed) for seed in (0, 0, 1))
    assert first.describe() == same.describe()
    described = first.describe()
    assert described["indices"] == hashlib.sha256(first.rows.astype("<i8")).hexdigest()
    assert {**described, "indices": ""} == {
        "dataset": "digits", "digest": first.digest, "part": "val", "rows": len(first),
        "fraction": 0.1, "seed": 0, "indices": "",
    }  # fmt: skip
    assert other.describe()["indices"] != described["indices"]
    assert len(other) == len(first)


def test_the_cut_is_the_same_on_every_machine():
    """A change of this hash changes what every paper validates on."""
    split = data.load("digits", "val")
    assert split.describe()["indices"][:16] == "cf2c0dd5f40e319e"


# -- samplers -------------------------------------------------------------------------------------


def through_a_file(state):
    """Return the state as a checkpoint gives it back."""
    handle = io.BytesIO()
    save(state, handle)
    return load(io.BytesIO(handle.getvalue()))


@pytest.mark.parametrize("drop_last", [False, True])
def test_an_epoch_has_every_row_once_in_a_new_order(drop_last: bool):
    epochs = data.Epochs(23, 5, seed=0, drop_last=drop_last)
    orders = []
    for number in range(3):
        batches = list(epochs)
        assert epochs.epoch == number
        assert len(batches) == len(epochs) == (4 if drop_last else 5)
        assert [len(b) for b in batches[:4]] == [5] * 4
        orders.append(torch.cat(batches).tolist())
        expected = 20 if drop_last else 23
        assert len(set(orders[-1])) == len(orders[-1]) == expected
        assert set(orders[-1]) <= set(range(23))
    assert len({tuple(order) for order in orders}) == 3


def test_same_seed_same_order_and_another_seed_another():
    first, same, other = (next(iter(data.Epochs(50, 50, seed))).tolist() for seed in (1, 1, 2))
    assert first == same != other


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("before", [0, 1, 3, 5, 6, 8])
def test_epochs_resume_in_the_middle(before: int, drop_last: bool):
    def each(epochs: data.Epochs):
        while True:
            yield from epochs

    straight = each(data.Epochs(23, 5, seed=4, drop_last=drop_last))
    expected = [b.tolist() for b in itertools.islice(straight, before + 9)]
    broken = data.Epochs(23, 5, seed=4, drop_last=drop_last)
    seen = [b.tolist() for b in itertools.islice(each(broken), before)]
    fresh = data.Epochs(23, 5, seed=999, drop_last=drop_last)
    fresh.load_state_dict(through_a_file(broken.state_dict()))
    assert fresh.epoch == broken.epoch
    seen += [b.tolist() for b in itertools.islice(each(fresh), 9)]
    assert seen == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 12))
def test_endless_batches_are_full_resume_and_miss_no_row(rows: int, size: int, before: int):
    straight = data.Endless(rows, size, seed=2)
    expected = [next(straight).tolist() for _ in range(before + 8)]
    assert {len(b) for b in expected} == {size}
    flat = list(itertools.chain.from_iterable(expected))
    for start in range(0, len(flat) - rows + 1, rows):
        assert sorted(flat[start : start + rows]) == list(range(rows))
    broken = data.Endless(rows, size, seed=2)
    seen = [next(broken).tolist() for _ in range(before)]
    fresh = data.Endless(rows, size, seed=77)
    fresh.load_state_dict(through_a_file(broken.state_dict()))
    assert seen + [next(fresh).tolist() for _ in range(8)] == expected


def test_a_state_of_another_sampler_is_refused():
    state = data.Epochs(23, 5, seed=0).state_dict()
    with pytest.raises(ValueError, match="batch=6: the state has 5"):
        data.Epochs(23, 6, seed=0).load_state_dict(state)
    with pytest.raises(ValueError, match="rows=24: the state has 23"):
        data.Endless(24, 5, seed=0).load_state_dict(state)


@pytest.mark.parametrize(("rows", "size", "drop"), [(0, 1, False), (5, 0, False), (5, 6, True)])
def test_a_sampler_that_gives_nothing_is_refused(rows: int, size: int, drop: bool):
    with pytest.raises(ValueError, match=f"batch={size}"):
        data.Epochs(rows, size, seed=0, drop_last=drop)


@pytest.mark.gpu
def test_rows_and_their_order_are_the_same_on_a_gpu():
    here, there = (data.load("digits", "train", device) for device in ("cpu", "cuda"))
    orders = [data.Epochs(len(here), 64, 0, device) for device in ("cpu", "cuda")]
    for rows, same in zip(*orders, strict=True):
        x, y = there.batch(same)
        assert (x.device.type, y.device.type) == ("cuda", "cuda")
        assert torch.equal(x.cpu(), here.batch(rows)[0])
        assert torch.equal(y.cpu(), here.batch(rows)[1])
