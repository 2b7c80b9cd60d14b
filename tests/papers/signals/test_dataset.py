import hashlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from harness.paper import Refused
from papers.signals import dataset
from papers.signals.dataset import Arguments, generate, generate_one_by_one, permutation

ARRAYS = ("x", "x_test", "y", "y_test", "t")
OTHER_SETS = {
    "seed 43": (
        {"seed": 43},
        "208a12146bbf0b45144d21d2910d9cfa 7717da10a76bdc1b557339291ebe17da "
        "3ef8237aa8d8c8f7cf54e9540f6b9b8b bf8c7b832b71ed7d824aa5f207563c51",
    ),
    "n=10000": (
        {"num_samples": 10000},
        "99b748e5a6d01e37e83abb0a7a919746 79a17e2e9811918acd7a08d08b982b02 "
        "f5e3e38b28e2900c59cdb069e95a0b02 ab70896ed0014947d671a59cc857fd7b",
    ),
}
VARIANTS = [
    {"num_samples": 200},
    {"num_samples": 205, "seed": 7, "train_split": 0.29},
    {"num_samples": 60, "shuffle_seq": True},
    {"num_samples": 60, "template_len": 13},  # odd signal length
    {"num_samples": 60, "template_len": 8, "padding": (0, 30), "max_translation": 38},
    {"num_samples": 60, "padding": [60, 60], "max_translation": 1},
    {"num_samples": 60, "final_seq_length": 101},
    {"num_samples": 60, "corr_noise_scale": 0, "iid_noise_scale": 0.0, "shear_scale": 0},
]
STILL = {
    "corr_noise_scale": 0,
    "iid_noise_scale": 0,
    "shear_scale": 0,
    "scale_coeff": 0,
    "max_translation": 1,
}


def md5(array, kind):
    return hashlib.md5(np.ascontiguousarray(array.astype(kind))).hexdigest()


def assert_same(one, other):
    for name in ARRAYS:
        assert one[name].dtype == other[name].dtype
        assert np.array_equal(one[name], other[name]), name


@pytest.fixture(scope="module")
def frozen():
    return generate()


# --- templates and defaults


def test_templates_start_and_end_at_zero_and_are_normalised():
    drawn = dataset.templates()
    assert drawn["x"].shape == (10, 12)
    assert drawn["y"].tolist() == list(range(10))
    assert np.array_equal(drawn["x"][:, 0], np.zeros(10))
    assert np.abs(drawn["x"][:, -1]).max() < 1e-15
    assert drawn["x"].std(1) == pytest.approx(np.full(10, 1 / 6))
    assert drawn["t"] == pytest.approx(np.linspace(-5, 5, 12) / 6)
    expected = [0, 0.236940, 0.355409, 0.414644, *[0.473879] * 4, 0.414644, 0.355409, 0.236940, 0]
    assert drawn["x"][0] == pytest.approx(expected, abs=1e-6)
    peaks = [0.4739, 0.3699, 0.2390, 0.4009, 0.4240, 0.2477, 0.4739, 0.3699, 0.4009, 0.4287]
    assert np.abs(drawn["x"]).max(1) == pytest.approx(peaks, abs=5e-5)


@pytest.mark.parametrize(("digit", "mirrored"), [(0, 6), (1, 7), (3, 8)])
def test_mirror_images(digit, mirrored):
    x = dataset.templates()["x"]
    assert x[digit] == pytest.approx(-x[mirrored], abs=1e-15)


def test_defaults_are_the_published_ones():
    a = Arguments()
    assert (a.num_samples, a.train_split, a.template_len) == (5000, 0.8, 12)
    assert (a.padding, a.max_translation, a.length) == ((36, 60), 48, 72)
    assert (a.scale_coeff, a.shear_scale) == (0.4, 0.75)
    assert (a.corr_noise_scale, a.iid_noise_scale) == (0.25, 0.02)
    assert (a.shuffle_seq, a.final_seq_length, a.seed) == (False, 40, 42)


# --- random streams


def test_first_examples_draw_the_published_numbers():
    draws = dataset.exact_draws(Arguments(num_samples=10))
    rows = [
        (
            36 + int(draws.uniform[0, i] * 25),
            1 + 0.4 * (draws.uniform[1, i] - 0.5),
            draws.shift[i],
            0.25 * draws.noise[i, 0, 0],
            0.02 * draws.noise[i, 1, 0],
            0.75 * (draws.uniform[2, i] - 0.5),
        )
        for i in range(3)
    ]
    expected = [
        (45, 1.180286, 42, 0.118465, -0.018675, -0.209819),
        (53, 1.123800, 19, -0.265576, -0.027553, -0.322073),
        (52, 0.810605, 31, 0.028379, 0.017153, -0.274489),
    ]
    for row, numbers in zip(rows, expected, strict=True):
        assert row == pytest.approx(numbers, abs=6e-7)


@given(seed=st.integers(0, 2**32 - 1), high=st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_randint_consumes_the_stream_of_choice(seed, high):
    one, other = np.random.RandomState(seed), np.random.RandomState(seed)
    for _ in range(20):
        assert one.randint(0, high) == other.choice(high)
        assert one.random_sample() == other.random_sample()


@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 80))
@settings(max_examples=25, deadline=None)
def test_both_noises_in_one_call_continue_the_stream_of_two(seed, length):
    one, other = np.random.RandomState(seed), np.random.RandomState(seed)
    joined = np.concatenate([other.randn(length), other.randn(length)])
    assert np.array_equal(one.standard_normal((2, length)).ravel(), joined)
    assert one.random_sample() == other.random_sample()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("A", [19, 22, 4, 32, 17, 18, 28, 31, 11, 24, 23, 7]),
        ("B", [19, 16, 15, 26, 4, 12, 37, 27, 39, 6, 25, 9]),
        ("C", [22, 20, 25, 4, 10, 15, 28, 11, 18, 29, 27, 35]),
    ],
)
def test_three_permutations(name, start):
    order = permutation(name)
    assert order[:12].tolist() == start
    assert sorted(order) == list(range(40))
    assert sorted(permutation(name, 12)) == list(range(12))


def test_permutation_a_is_the_one_that_shuffle_seq_applies(frozen):
    shuffled = generate(shuffle_seq=True)
    order = permutation("A")
    assert shuffled["x"] == pytest.approx(frozen["x"][:, order], abs=1e-12)
    assert np.array_equal(shuffled["y_test"], frozen["y_test"])


def test_global_random_state_is_untouched():
    np.random.seed(5)
    before = np.random.get_state()
    generate(num_samples=20)
    generate(num_samples=20, mode="fast")
    generate_one_by_one(num_samples=20)
    permutation("A")
    after = np.random.get_state()
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_generation_writes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generate(num_samples=20)
    generate(num_samples=20, mode="fast")
    assert list(tmp_path.iterdir()) == []


# --- the frozen set


def test_default_set_is_the_frozen_one(frozen):
    assert dataset.mismatches(frozen) == []


def test_frozen_numbers(frozen):
    assert frozen["x"].shape == (4000, 40)
    assert frozen["x_test"].shape == (1000, 40)
    assert {frozen[name].dtype for name in ("x", "x_test", "t")} == {np.dtype("float64")}
    assert {frozen[name].dtype for name in ("y", "y_test")} == {np.dtype("int64")}
    start = [-0.33200567, -0.47191037, -0.77869708, -1.00974083, -0.88235257]
    assert frozen["x"][0, :5] == pytest.approx(start, abs=1e-8)
    start = [-0.07877078, -0.21073171, -0.09175138, 0.28267112, 0.32605815]
    assert frozen["x_test"][0, :5] == pytest.approx(start, abs=1e-8)
    assert frozen["y"][:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    assert frozen["y_test"][:10].tolist() == [2, 6, 3, 9, 4, 3, 1, 9, 5, 2]
    assert frozen["t"][0] == pytest.approx(-5.38753506670427, abs=1e-13)
    assert frozen["t"][-1] == pytest.approx(5.38753506670427, abs=1e-13)
    everything = np.concatenate([frozen["x"], frozen["x_test"]])
    assert everything.min() == pytest.approx(-5.47942, abs=1e-5)
    assert everything.max() == pytest.approx(4.53352, abs=1e-5)
    assert (everything.mean(), everything.std()) == pytest.approx((0, 1), abs=1e-12)
    assert frozen["x"].mean() == pytest.approx(-0.000324, abs=1e-6)
    assert frozen["x"].std() == pytest.approx(0.997648, abs=1e-6)


def test_frozen_class_counts(frozen):
    train = [398, 396, 411, 394, 394, 402, 401, 404, 402, 398]
    test = [102, 104, 89, 106, 106, 98, 99, 96, 98, 102]
    assert np.bincount(frozen["y"]).tolist() == train
    assert np.bincount(frozen["y_test"]).tolist() == test


@pytest.mark.parametrize("name", OTHER_SETS)
def test_other_recorded_sets(name):
    arguments, hashes = OTHER_SETS[name]
    data = generate(**arguments)
    kinds = {"x": "<f4", "x_test": "<f4", "y": "u1", "y_test": "u1"}
    assert [md5(data[key], kind) for key, kind in kinds.items()] == hashes.split()


@pytest.mark.parametrize("name", ["x", "x_test", "y", "y_test", "t"])
def test_mismatches_and_digest_see_one_changed_value(frozen, name):
    changed = {**frozen, name: frozen[name].copy()}
    changed[name].flat[-1] += 1
    expected = {name, "rounded"} if name in ("x", "x_test") else {name}
    assert set(dataset.mismatches(changed)) == expected
    assert dataset.digest(changed) != dataset.digest(frozen)


def test_mismatches_see_other_templates(frozen):
    drawn = dataset.templates()
    drawn["x"][3, 3] += 1e-12
    assert dataset.mismatches({**frozen, "templates": drawn}) == ["templates"]


def test_digest_is_stable_and_depends_on_the_split(frozen):
    assert dataset.digest(frozen) == "d2bdc9eeaba503ae56ba3fc9bd58dbbc"
    one, other = generate(num_samples=20), generate(num_samples=20, train_split=0.5)
    assert dataset.digest(one) != dataset.digest(other)
    assert dataset.digest(one) == dataset.digest(generate(num_samples=20))


def test_digest_ignores_memory_layout(frozen):
    turned = {**frozen, "x": np.asfortranarray(frozen["x"])}
    assert dataset.digest(turned) == dataset.digest(frozen)
    assert dataset.mismatches(turned) == []


# --- exact mode against the oracle and the authors' package


@pytest.mark.parametrize("arguments", VARIANTS)
def test_exact_mode_equals_the_oracle(arguments):
    assert_same(generate(**arguments), generate_one_by_one(**arguments))


@pytest.fixture(scope="module")
def package():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports (matplotlib, requests), nothing of ours
        return pytest.importorskip("mnist1d.data")


@pytest.mark.parametrize("arguments", VARIANTS)
def test_exact_mode_equals_the_package(package, arguments):
    theirs = package.get_dataset_args()
    for name, value in arguments.items():
        setattr(theirs, name, value)
    state = np.random.get_state()
    expected = package.make_dataset(theirs)
    np.random.set_state(state)
    data = generate(**arguments)
    assert_same(data, expected)
    assert data.keys() == expected.keys()
    for name in ("x", "t", "y"):
        assert np.array_equal(data["templates"][name], expected["templates"][name])


# --- fast mode


def test_fast_mode_has_the_same_distribution():
    a = Arguments(num_samples=20_000, seed=1)
    x = dataset.transform(dataset.fast_draws(a), a)
    assert x.mean() == pytest.approx(-0.0055, abs=0.002)
    assert x.std() == pytest.approx(0.1547, abs=0.001)
    a = Arguments()
    exact = dataset.transform(dataset.exact_draws(a), a)
    exact, fast = exact.reshape(10, 500, 40), x.reshape(10, 2000, 40)
    error = np.sqrt(exact.var(1) / 500 + fast.var(1) / 2000)
    z = (exact.mean(1) - fast.mean(1)) / error  # 400 class means, correlated along a signal
    assert np.abs(z).max() < 5
    assert np.sqrt((z**2).mean()) < 1.5
    assert exact.std(1) == pytest.approx(fast.std(1), rel=0.2)


def test_fast_mode_is_a_function_of_its_seed_and_differs_from_exact(frozen):
    one, again = generate(mode="fast"), generate(mode="fast")
    assert_same(one, again)
    assert one["x"].shape == frozen["x"].shape
    assert dataset.digest(one) != dataset.digest(frozen)
    assert not np.array_equal(one["x"], generate(mode="fast", seed=43)["x"])
    labels = np.concatenate([one["y"], one["y_test"]])
    assert np.bincount(labels).tolist() == [500] * 10


def test_fast_mode_draws_cover_their_ranges():
    draws = dataset.fast_draws(Arguments())
    assert set(draws.shift) == set(range(48))
    assert 0 <= draws.uniform.min() < 0.001 < 0.999 < draws.uniform.max() < 1
    assert draws.noise.std() == pytest.approx(1, abs=0.005)


# --- the single steps


def test_padding_reaches_both_ends_and_nothing_else():
    random = np.random.RandomState(0)
    lengths = {len(dataset.pad(np.ones(12), random, (36, 60))) - 12 for _ in range(1000)}
    assert lengths == set(range(36, 61))


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_translation_rolls_to_the_right(seed):
    x = np.arange(72.0)
    moved = dataset.translate(x, np.random.RandomState(seed), 48)
    shift = int(np.flatnonzero(moved == 0)[0])
    assert 0 <= shift < 48
    assert np.array_equal(moved, np.concatenate([x[72 - shift :], x[: 72 - shift]]))


def test_translation_by_nothing_is_the_identity():
    x = np.arange(72.0)
    assert np.array_equal(dataset.translate(x, np.random.RandomState(0), 1), x)


@given(rows=st.integers(1, 3), old=st.integers(2, 90), new=st.integers(2, 120))
@settings(max_examples=60, deadline=None)
def test_interpolation_has_the_bits_of_numpy(rows, old, new):
    x = np.random.default_rng(old).standard_normal((rows, old))
    y = dataset.interpolate(x, new)
    expected = [np.interp(np.linspace(0, 1, new), np.linspace(0, 1, old), row) for row in x]
    assert np.array_equal(y, expected)
    assert np.array_equal(y[:, [0, -1]], x[:, [0, -1]])


def test_filter_keeps_a_constant_and_reflects_at_the_edges():
    assert gaussian_filter1d(np.ones(72), dataset.SIGMA) == pytest.approx(np.ones(72), abs=1e-14)
    pulse = np.zeros(72)
    pulse[0] = 1
    mirrored = np.concatenate([pulse[::-1], pulse, pulse[::-1]])  # half-sample symmetric
    inner = gaussian_filter1d(mirrored, dataset.SIGMA)[72:144]
    assert gaussian_filter1d(pulse, dataset.SIGMA) == pytest.approx(inner, abs=1e-14)
    assert np.flatnonzero(inner).tolist() == list(range(9))  # 8 taps on each side


def test_correlated_noise_stays_outside_of_the_digit():
    a = Arguments(iid_noise_scale=0)
    x = np.concatenate([dataset.templates()["x"][4] + dataset.EPS, np.zeros(60)])
    noisy = dataset.add_noise(x, np.random.RandomState(0), a)
    assert np.array_equal(noisy[:12], x[:12])  # the flat part of the 4 is no padding
    assert np.all(noisy[12:] != 0)
    many = [dataset.add_noise(x, np.random.RandomState(i), a)[12:] for i in range(300)]
    assert np.std(many) == pytest.approx(0.094, abs=0.003)


def test_white_noise_falls_everywhere():
    a = Arguments(corr_noise_scale=0)
    x = np.concatenate([np.ones(12), np.zeros(60)])
    noise = dataset.add_noise(x, np.random.RandomState(0), a) - x
    assert np.all(noise != 0)
    assert noise.std() == pytest.approx(0.02, rel=0.3)


def test_shear_subtracts_a_line_through_the_middle():
    line = dataset.shear(np.zeros(73), np.random.RandomState(3), 0.75)
    assert np.diff(line) == pytest.approx(np.full(72, (line[-1] - line[0]) / 72))
    assert line[36] == pytest.approx(0, abs=1e-15)
    assert 0 < abs(line[-1]) <= 0.75 / 4


def test_without_noise_shear_scale_and_shift_only_dilation_remains():
    a = Arguments(num_samples=10, padding=(60, 60), **STILL)
    x = dataset.transform(dataset.exact_draws(a), a)
    padded = np.concatenate([dataset.templates()["x"] + dataset.EPS, np.zeros((10, 60))], axis=1)
    assert x == pytest.approx(dataset.interpolate(padded, 40), abs=1e-15)


def test_scale_multiplies_by_the_drawn_factor():
    still = Arguments(num_samples=50, **STILL)
    scaled = Arguments(num_samples=50, **{**STILL, "scale_coeff": 0.4})
    draws = dataset.exact_draws(still)
    factor = 1 + 0.4 * (draws.uniform[1] - 0.5)
    expected = dataset.transform(draws, still) * factor[:, None]
    assert dataset.transform(draws, scaled) == pytest.approx(expected, abs=1e-15)
    assert 0.8 <= factor.min() < factor.max() < 1.2


# --- arguments


@given(
    n=st.integers(10, 120),
    split=st.floats(0.05, 1),
    length=st.integers(2, 60),
    mode=st.sampled_from(["exact", "fast"]),
)
@settings(max_examples=30, deadline=None)
def test_shapes_classes_and_moments(n, split, length, mode):
    data = generate(num_samples=n, train_split=split, final_seq_length=length, mode=mode)
    total = n // 10 * 10
    train = int(total * split)
    assert data["x"].shape == (train, length)
    assert data["x_test"].shape == (total - train, length)
    assert data["t"].shape == (length,)
    labels = np.concatenate([data["y"], data["y_test"]])
    assert np.bincount(labels).tolist() == [n // 10] * 10
    everything = np.concatenate([data["x"], data["x_test"]])
    assert (everything.mean(), everything.std()) == pytest.approx((0, 1), abs=1e-9)


def test_two_calls_share_no_memory():
    one, other = generate(num_samples=20), generate(num_samples=20)
    one["x"][:] = 0
    one["y"][:] = 0
    one["templates"]["x"][:] = 0
    assert_same(other, generate(num_samples=20))
    assert np.any(other["templates"]["x"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_samples", 9),
        ("num_samples", 5000.0),
        ("num_samples", True),
        ("train_split", 0),
        ("train_split", 1.01),
        ("train_split", float("nan")),
        ("template_len", 1),
        ("padding", (60, 36)),
        ("padding", (-1, 5)),
        ("padding", (1, 2, 3)),
        ("padding", (36.0, 60.0)),
        ("padding", 60),
        ("scale_coeff", -0.1),
        ("max_translation", 0),
        ("max_translation", 73),
        ("corr_noise_scale", float("inf")),
        ("iid_noise_scale", "0.02"),
        ("shear_scale", None),
        ("shuffle_seq", 1),
        ("final_seq_length", 1),
        ("seed", -1),
        ("seed", 2**32),
    ],
)
def test_bad_values_are_refused_by_name_value_and_rule(name, value):
    for make in (generate, generate_one_by_one):
        with pytest.raises(Refused) as refusal:
            make(**{name: value})
        message = str(refusal.value)
        assert message.startswith(f"{name}={value!r}: must be ")
        assert "\n" not in message


@pytest.mark.parametrize("make", [generate, generate_one_by_one])
def test_unknown_argument_names_its_neighbour(make):
    with pytest.raises(Refused, match=r"unknown argument 'num_sample'.*'num_samples'"):
        make(num_sample=100)


def test_unknown_mode_and_permutation():
    with pytest.raises(Refused, match=r"unknown mode 'exactly'; did you mean 'exact'\?"):
        generate(mode="exactly")
    with pytest.raises(Refused, match="unknown permutation 'D'; choose from: A, B, C"):
        permutation("D")
    with pytest.raises(Refused, match="final_seq_length=1"):
        permutation("B", 1)
