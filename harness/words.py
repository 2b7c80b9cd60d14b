"""Numbers as people read them: per cent, short counts, durations."""

from __future__ import annotations

COUNTED = ("error", "errors", "regret", "loss", "skips", "perplexity")  # never below zero


def floor(metric: str) -> float | None:
    """Return where an interval of a metric ends below, by its last word; None: nowhere."""
    return 0.0 if metric.rpartition("_")[2] in COUNTED else None


def percent(value: float | None, unit: str, digits: int = 1) -> str:
    """Return a number in its unit: fractions become per cent or points, NaN a dash.

    What rounds to nothing is 0.0, from whichever side.
    """
    if value is None or value != value:
        return "–"
    if unit in ("%", "points"):
        return f"{100 * value:z.{digits}f}"
    return f"{value:,.3g}" if value != int(value) else f"{int(value):,}"


def scientific(value: float) -> str:
    """Return a large count short: 8.2e+09 as '8.2 G'."""
    for size, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return a duration the way people say it: 9 s, 2:05 min, 1:30 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
    return f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d} h"


def measured(value: float, bounds: tuple[float | None, float | None], unit: str, size: str) -> str:
    """Return an estimate with interval and size, as '65.5 [65.1, 65.9] %, n = 16'."""
    text, (low, high) = percent(value, unit), bounds
    if low is not None and high is not None and low != high:
        text += f" [{percent(low, unit)}, {percent(high, unit)}]"
    return f"{text} {unit}, n = {size}".replace("  ", " ").replace(" ,", ",")
