"""What the recurrent studies refuse, and the authors' numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.paper import Refused
from papers.darts.recurrent.config import RecurrentSearch, RecurrentSizes


@pytest.mark.parametrize(
    ("config", "change", "words"),
    [
        (RecurrentSearch(), {"union": True}, "union=True"),
        (
            RecurrentSearch(gradient="first_order"),
            {"moves_embedding": False},
            "moves_embedding=False, gradient=first_order",
        ),
        (RecurrentSearch(), {"nodes": 0}, "nodes=0"),
        (RecurrentSearch(), {"search_hidden_dropout": -0.1}, "search_hidden_dropout"),
        (RecurrentSearch(), {"lr": 10.0}, "lowest_lr=20.0"),
        (RecurrentSizes(), {"nodes": 0}, "nodes=0"),
    ],
)
def test_a_bad_config_is_refused(config: Any, change: dict, words: str):
    with pytest.raises(Refused, match=words):
        replace(config, **change)


def test_the_authors_numbers():
    config = RecurrentSearch()
    assert (config.lr, config.momentum, config.clip, config.alpha_lr) == (20.0, 0.0, 0.25, 3e-3)
    assert (config.alpha_beta1, config.alpha_beta2, config.alpha_decay) == (0.9, 0.999, 1e-3)
    assert (config.nodes, config.search_width, config.search_batch) == (8, 300, 256)
