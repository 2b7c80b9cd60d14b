"""MNIST-1D and its construction figure (arXiv:2011.14439v5): generator, hashes, orders.

Ten drawn templates are padded, dilated, scaled, translated, noised, sheared and downsampled. Mode
`exact` consumes the random stream of the reference implementation and gives its arrays bit for
bit; `fast` draws everything at once from a modern generator and has the same distribution.
`generate_one_by_one` is the readable oracle of `exact`. No files, network or global state.

Shapes: N examples, L = template_len + padding[1] points of a full signal, P padding lengths.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from harness.paper import Refused, require

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Dataset = dict[str, Any]
Legacy = np.random.RandomState

STORED_TYPES = {"x": "<f4", "y": "u1", "x_test": "<f4", "y_test": "u1", "t": "<f4"}  # when hashed
EPS = 1e-8  # added to templates: their own zeros must stay distinguishable from padding
SIGMA = 2.0  # of the Gaussian filter that correlates the noise, in points

DIGITS = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)

# MD5 of the authors' frozen set: `STORED_TYPES`, but t and templates <f8, 1e6 * x rounded <i8
HASHES = {
    "x": "1b0f434500d6d72b00b08501900e2719",
    "x_test": "8846de6fe1a2c9d9536ea5cbcd634582",
    "y": "ac52f2e0979b40c8ea486d5b12c5112b",
    "y_test": "d727fb78a3135389b929a8bdd3f5c16a",
    "t": "d6336c0622de8fe997667ef7839ce29c",
    "templates": "6a7e9f02b0de57c3fc408e9f90502ca6",
    "rounded": "fbee5086a690acb2bbef1e4a8dcd50a8",
}


def _within(value: Any, kind: Any, low: float, high: float = sys.float_info.max) -> bool:
    """Tell whether `value` is a number of that kind (no boolean, not nan) in [low, high]."""
    return isinstance(value, kind) and not isinstance(value, bool) and bool(low <= value <= high)


@dataclass(frozen=True)
class Arguments:
    """What a data set is made from, in the authors' names and values; a bad one is Refused."""

    num_samples: int = 5000  # train and test together, rounded down to tens as in the reference
    train_split: float = 0.8
    template_len: int = 12  # only sets L; the templates themselves always have 12 points
    padding: tuple[int, int] = (36, 60)  # zeros appended, both ends inclusive
    scale_coeff: float = 0.4
    max_translation: int = 48  # exclusive
    corr_noise_scale: float = 0.25
    iid_noise_scale: float = 0.02
    shear_scale: float = 0.75
    shuffle_seq: bool = False
    final_seq_length: int = 40
    seed: int = 42

    def __post_init__(self) -> None:
        for name, fine, rule in self._rules():
            if not fine:
                raise Refused(f"{name}={getattr(self, name)!r}: must be {rule}")
        object.__setattr__(self, "padding", tuple(self.padding))

    def _rules(self) -> Iterator[tuple[str, bool, str]]:
        """Yield (field, holds, rule); lazily, as later rules rely on earlier ones."""
        for name, low in (("num_samples", 10), ("template_len", 2), ("final_seq_length", 2)):
            fine = _within(getattr(self, name), Integral, low)
            yield name, fine, f"a whole number, at least {low}"
        for name in ("scale_coeff", "corr_noise_scale", "iid_noise_scale", "shear_scale"):
            yield name, _within(getattr(self, name), Real, 0), "a finite number, at least 0"
        fine = _within(self.train_split, Real, 0, 1) and self.train_split > 0
        yield "train_split", fine, "a number in (0, 1]"
        pair = self.padding if isinstance(self.padding, (tuple, list)) else ()
        fine = len(pair) == 2 and all(_within(p, Integral, 0) for p in pair) and pair[0] <= pair[1]
        yield "padding", fine, "two whole numbers, 0 <= first <= second"
        fine = _within(self.max_translation, Integral, 1, self.length)
        yield "max_translation", fine, f"a whole number from 1 to {self.length} (signal length)"
        yield "shuffle_seq", isinstance(self.shuffle_seq, bool), "True or False"
        yield "seed", _within(self.seed, Integral, 0, 2**32 - 1), "a whole number, 0 to 2**32 - 1"

    @property
    def length(self) -> int:
        """L, points of a signal between dilation and downsampling."""
        return self.template_len + self.padding[1]

    @property
    def labels(self) -> Integers:
        """Digits in the order of generation, (N,); N is num_samples rounded down to tens."""
        return np.repeat(np.arange(len(DIGITS)), self.num_samples // len(DIGITS))


def _arguments(given: dict[str, Any]) -> Arguments:
    """Return `Arguments`; refuse unknown names with the nearest valid one."""
    for name in given:
        require(name, [field.name for field in fields(Arguments)], "argument")
    return Arguments(**given)


def templates() -> dict[str, Any]:
    """Return the ten normalised digits: x (10, 12), their time axis t (12,), labels y (10,)."""
    x = np.array(DIGITS, dtype=np.float64)
    x -= x.mean(1, keepdims=True)
    x /= x.std(1, keepdims=True)
    x -= x[:, :1]  # every signal starts and ends at 0
    return {"x": x / 6.0, "t": np.linspace(-5, 5, x.shape[1]) / 6.0, "y": np.arange(len(x))}


class Draws(NamedTuple):
    """All random numbers of one data set."""

    uniform: Floats  # (3, N) in [0, 1): padding, scale, shear
    shift: Integers  # (N,), from 0 to max_translation - 1
    noise: Floats  # (N, 2, L), standard normal: correlated, white
    order: Integers  # (N,)
    sequence: Integers  # (final_seq_length,), applied only with shuffle_seq


def exact_draws(a: Arguments) -> Draws:
    """Draw from the reference's stream: NumPy's legacy generator, example after example.

    One call for both noises of an example continues the stream as two calls do, and
    `randint(0, m)` consumes what the reference's `choice(m)` does, at a third of its cost.
    """
    random, total, scalars = np.random.RandomState(a.seed), len(a.labels), []
    uniform, integer, gaussian = random.random_sample, random.randint, random.standard_normal
    noise, high = np.empty((total, 2, a.length)), a.max_translation
    for row in noise:
        padding, scale, shift = uniform(), uniform(), integer(0, high)
        row[:] = gaussian(row.shape)
        scalars.append((padding, scale, uniform(), shift))
    *uniforms, shifts = np.array(scalars).T  # integers this small are exact in float64
    order, sequence = random.permutation(total), random.permutation(a.final_seq_length)
    return Draws(np.array(uniforms), shifts.astype(np.int64), noise, order, sequence)


def fast_draws(a: Arguments) -> Draws:
    """Draw the same distributions in a few calls of a modern generator."""
    random, total = np.random.default_rng(a.seed), len(a.labels)
    uniform, shift = random.random((3, total)), random.integers(a.max_translation, size=total)
    noise = random.standard_normal((total, 2, a.length))
    order, sequence = random.permutation(total), random.permutation(a.final_seq_length)
    return Draws(uniform, shift, noise, order, sequence)


def interpolate(x: Floats, length: int) -> Floats:
    """Resample rows (..., M) linearly at `length` points, end to end; the bits of `np.interp`."""
    old, new = np.linspace(0, 1, x.shape[-1]), np.linspace(0, 1, length)
    left = np.searchsorted(old, new[:-1], side="right") - 1  # the last point is copied
    slope = (x[..., left + 1] - x[..., left]) / (old[left + 1] - old[left])
    inner = slope * (new[:-1] - old[left]) + x[..., left]
    return np.concatenate([inner, x[..., -1:]], axis=-1)


def transform(draws: Draws, a: Arguments) -> Floats:
    """Apply all transformations to all examples at once, (N, final_seq_length)."""
    digits, (padding, scale, shear) = templates()["x"] + EPS, draws.uniform
    zeros = range(a.padding[0], a.padding[1] + 1)  # (10, P, L) is all that they can make:
    table = np.stack([interpolate(np.pad(digits, ((0, 0), (0, p))), a.length) for p in zeros], 1)
    twice = np.concatenate([table, table], axis=-1)  # a roll by k is the window that starts at L-k
    windows = np.lib.stride_tricks.sliding_window_view(twice, a.length, axis=-1)
    x = windows[a.labels, (padding * table.shape[1]).astype(int), a.length - draws.shift]
    x *= (1 + a.scale_coeff * (scale - 0.5))[:, None]
    correlated = gaussian_filter1d(a.corr_noise_scale * draws.noise[:, 0], SIGMA, axis=1)
    np.copyto(x, correlated, where=x == 0)  # outside of the digit only
    x += a.iid_noise_scale * draws.noise[:, 1]
    x -= (a.shear_scale * (shear - 0.5))[:, None] * np.linspace(-0.5, 0.5, a.length)
    return interpolate(x, a.final_seq_length)


def assemble(x: Floats, order: Integers, sequence: Integers, a: Arguments) -> Dataset:
    """Order, standardise by one mean and one deviation (of train and test), and split."""
    x, y, cut = x[order], a.labels[order], int(len(x) * a.train_split)
    x = x[:, sequence] if a.shuffle_seq else x
    mean, deviation, drawn = x.mean(), x.std(), templates()
    x = (x - mean) / deviation
    t = interpolate(interpolate(drawn["t"], a.length), a.final_seq_length) / deviation
    signals, labels = {"x": x[:cut], "x_test": x[cut:]}, {"y": y[:cut], "y_test": y[cut:]}
    return {**signals, **labels, "t": t, "templates": drawn}


def generate(*, mode: str = "exact", **arguments: Any) -> Dataset:
    """Make a data set.

    Args:
        mode: 'exact' (the reference's bits) or 'fast' (another stream, the same distribution).
        **arguments: fields of `Arguments`.

    Returns:
        x (n, final_seq_length) and x_test, float64 without unit; y (n,) and y_test, int64; t, the
        time axis of all signals; templates. The first floor(N * train_split) examples are train.

    Raises:
        Refused: unknown mode or argument, or an argument that breaks its rule.
    """
    require(mode, ("exact", "fast"), "mode")
    a = _arguments(arguments)
    draws = exact_draws(a) if mode == "exact" else fast_draws(a)
    return assemble(transform(draws, a), draws.order, draws.sequence, a)


def pad(x: Floats, random: Legacy, padding: tuple[int, int]) -> Floats:
    """Append a random number of zeros, both ends of `padding` inclusive."""
    low, high = padding
    return np.concatenate([x, np.zeros(low + int(random.random_sample() * (high - low + 1)))])


def dilate(x: Floats, length: int) -> Floats:
    """Stretch the padded template to `length` points, linearly."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(x)), x)


def scale(x: Floats, random: Legacy, coefficient: float) -> Floats:
    """Multiply by a random factor around 1."""
    return x * (1 + coefficient * (random.random_sample() - 0.5))


def translate(x: Floats, random: Legacy, max_translation: int) -> Floats:
    """Roll to the right by up to max_translation - 1 points; what leaves enters at the left."""
    return np.roll(x, random.choice(max_translation))


def add_noise(x: Floats, random: Legacy, a: Arguments) -> Floats:
    """Put correlated noise in place of the padding, then white noise on everything."""
    correlated = gaussian_filter1d(a.corr_noise_scale * random.randn(len(x)), SIGMA)
    return np.where(x != 0, x, correlated) + a.iid_noise_scale * random.randn(len(x))


def shear(x: Floats, random: Legacy, coefficient: float) -> Floats:
    """Subtract a line of random slope through the middle."""
    return x - coefficient * (random.random_sample() - 0.5) * np.linspace(-0.5, 0.5, len(x))


downsample = dilate  # the same formula, to fewer points


def generate_one_by_one(**arguments: Any) -> Dataset:
    """Make the data set of `generate(mode='exact')` by a plain loop: its oracle."""
    a = _arguments(arguments)
    random, signals = np.random.RandomState(a.seed), []
    for template in templates()["x"][a.labels]:
        x = pad(template + EPS, random, a.padding)
        x = scale(dilate(x, a.length), random, a.scale_coeff)
        x = translate(x, random, a.max_translation)
        x = shear(add_noise(x, random, a), random, a.shear_scale)
        signals.append(downsample(x, a.final_seq_length))
    order, sequence = random.permutation(len(signals)), random.permutation(a.final_seq_length)
    return assemble(np.stack(signals), order, sequence, a)


def permutation(name: str, length: int = 40) -> Integers:
    """Return one of the three orders in which the authors shuffle the points of a signal.

    'A' ends the default stream (building notebook, shuffle_seq=True) and costs all draws before
    it, some 20 ms. 'B' (benchmark notebook) and 'C' (lottery) are first draws of fresh seeds.
    """
    require(name, "ABC", "permutation")
    a, fresh = Arguments(final_seq_length=length), np.random.RandomState(0 if name == "C" else 42)
    return exact_draws(a).sequence if name == "A" else fresh.permutation(length)


def mismatches(data: Dataset) -> list[str]:
    """Return the names of `HASHES` whose array differs from the authors' frozen set."""
    rounded = np.rint(np.concatenate([data["x"].ravel(), data["x_test"].ravel()]) * 1e6)
    arrays = {**data, "templates": data["templates"]["x"], "rounded": rounded}
    kinds = {**STORED_TYPES, "t": "<f8", "templates": "<f8", "rounded": "<i8"}
    content = {name: arrays[name].astype(kind).tobytes() for name, kind in kinds.items()}
    found = {k: hashlib.md5(v, usedforsecurity=False).hexdigest() for k, v in content.items()}
    return [name for name, expected in HASHES.items() if found[name] != expected]


def digest(data: Dataset) -> str:
    """Return the data hash of results: 32 hex digits over names, shapes (the split) and values."""
    total = hashlib.sha256()
    for name, kind in STORED_TYPES.items():
        total.update(f"{name}{data[name].shape}".encode() + data[name].astype(kind).tobytes())
    return total.hexdigest()[:32]
