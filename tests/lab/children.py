"""Children of the league that are trained for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from torch import Tensor

from papers.cells.child import mnist1d
from papers.cells.network.fast.stack import Stack

FEW = 30  # steps, a tenth of the recipe's


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train children for FEW steps, where a test does not ask how good they become.

    They are charged the steps of the recipe, whose hash is that of the table of truth.
    """
    fit = mnist1d.fit

    def shortened(
        stack: Stack, seeds: Sequence[int], signals: mnist1d.Signals, recipe: mnist1d.Recipe
    ) -> tuple[Tensor, Tensor]:
        return fit(stack, seeds, signals, replace(recipe, steps=min(recipe.steps, FEW)))

    monkeypatch.setattr(mnist1d, "fit", shortened)
