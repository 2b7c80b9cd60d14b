"""The picture draws what was measured, and nothing where nothing was."""

from __future__ import annotations

import pandas as pd
import pytest

from papers.gtn.cartpole import figures, study


def curves() -> pd.DataFrame:
    """Both arms at three turns; generated pairs are worth twenty steps more."""
    return pd.DataFrame(
        [
            {
                "experiment": name, "budget": "nightly", "metric": "val_return", "turn": turn,
                "at": float("nan"), "sd": 3.0, "n": 5,
                "mean": 20.0 + turn / 2 + 20 * (name == study.TAUGHT),
            }
            for name in figures.ARMS
            for turn in (1, 26, 51)
        ]
    )  # fmt: skip


def test_both_arms_are_drawn_beside_policies_without_a_step():
    rows = [
        {"experiment": name, "budget": "nightly", "untaught_return": worth}
        for name, worth in zip(figures.ARMS, (20.0, 24.0), strict=True)
    ]
    figure = figures.returns(pd.DataFrame(rows), curves())
    taught, direct, untaught = figure.axes[0].lines
    assert list(taught.get_xdata()) == [1, 26, 51]
    assert taught.get_ydata() - direct.get_ydata() == pytest.approx([20] * 3)
    assert untaught.get_ydata() == pytest.approx([22, 22])
    assert "nightly, n = 5" in figure.axes[0].get_title()


def test_nothing_is_drawn_of_nothing_and_arms_are_declared():
    assert figures.returns(pd.DataFrame(), curves().iloc[:0]) is None
    assert list(figures.ARMS) == [experiment.name for experiment in study.EXPERIMENTS]
