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
    valley = config.between(config.valley)
    top, end = config.between(config.peak), config.widths[-1]
    return {
        "valley_error": min(errors[width] for width in valley),
        "elsewhere_error": min(error for width, error in errors.items() if width not in valley),
        "peak_error": sum(errors[width] for width in top) / len(top),
        "end_error": errors[end],
        "test_error": errors[end],
        "bump": bump([e for width, e in errors.items() if width >= config.valley[0]]),
        "bottom_loss": losses[config.bottom],
        "top_loss": losses[config.top],
        "end_loss": losses[end],
        "loss_rise": losses[config.top] / losses[config.bottom],
        "loss_fall": losses[config.top] / losses[end],
        "interpolation_width": width,
        "interpolation_parameters": parameters(config.model, width),
        "interpolated": float(fits),
    }


def bump(errors: list[float]) -> float:
    """Return the largest rise of a curve above its running minimum."""
    lowest, largest = math.inf, 0.0
    for error in errors:
        lowest = min(lowest, error)
        largest = max(largest, error - lowest)
    return largest


def interpolation(train_errors: dict[int, float], threshold: float) -> tuple[float, bool]:
    """Return the width at which the train error first falls to the threshold, and whether it does.

    Between two widths the error is taken to fall along a line. Where none is low enough: the
    width that would follow the largest, by the ratio of the last two.
    """
    (width, error), *wider = train_errors.items()
    if error < threshold:
        return float(width), True
    for following, lower in wider:
        if lower < threshold:
            share = (error - threshold) / (error - lower)
            return width + share * (following - width), True
        width, error = following, lower
    before, largest = list(train_errors)[-2:]
    return largest**2 / before, False
