"""What a curve of error against width shows: its dip, its bump, and where labels are fitted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from papers.mnist1d.double_descent.networks import parameters
from papers.mnist1d.sweep import Found, Values, along

if TYPE_CHECKING:
    from papers.mnist1d.double_descent.config import Descent


def summary(config: Descent, found: Found, member: int) -> Values:
    """Return the shape of one member's curve; errors are fractions, losses the mean per row."""
    errors = along(found, "test_error", member)
    losses = along(found, "test_loss", member)
    width, fits = interpolation(along(found, "train_error", member), config.interpolated)
    size = parameters(config.model, width)
    top, end = config.between(config.peak), config.widths[-1]
    return {
        "valley_error": min(errors[width] for width in config.between(config.valley)),
        "peak_error": sum(errors[width] for width in top) / len(top),
        "end_error": errors[end],
        "test_error": errors[end],
        "best_width": min(errors, key=lambda width: errors[width]),
        "bump": bump([e for width, e in errors.items() if width >= config.valley[0]]),
        "loss_rise": losses[config.top] / losses[config.bottom],
        "loss_fall": losses[config.top] / losses[end],
        "interpolation_width": width,
        "interpolation_parameters": size,
        "interpolation_log2": math.log2(size),
        "interpolated": float(fits),
    }


def bump(errors: list[float]) -> float:
    """Return the largest rise of a curve above its running minimum."""
    lowest, largest = math.inf, 0.0
    for error in errors:
        lowest = min(lowest, error)
        largest = max(largest, error - lowest)
    return largest


def interpolation(train_errors: dict[int, float], threshold: float) -> tuple[int, bool]:
    """Return the first width whose train error is below the threshold, and whether there is one.

    Where there is none: the width that would follow the largest, by the ratio of the last two.
    """
    for width, error in train_errors.items():
        if error < threshold:
            return width, True
    before, largest = list(train_errors)[-2:]
    return round(largest**2 / before), False
