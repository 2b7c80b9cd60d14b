"""What a language model refuses, and the numbers of DARTS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.paper import Refused
from papers.text.config import Language, PublishedCell, RandomCells


@pytest.mark.parametrize(
    ("config", "change", "words"),
    [
        (Language(), {"corpus": "wikitext2"}, "did you mean 'wikitext2"),
        (Language(), {"x_dropout": 1.0}, "x_dropout=1.0"),
        (Language(), {"longest": 4}, "longest=4"),
        (PublishedCell(), {"cell": "DARTS_V3"}, "did you mean 'DARTS_V"),
        (RandomCells(), {"candidates": (1, 1)}, "must be different numbers"),
        (RandomCells(), {"candidates": ()}, "at least one"),
    ],
)
def test_a_bad_config_is_refused(config: Any, change: dict, words: str):
    with pytest.raises(Refused, match=words):
        replace(config, **change)


def test_the_authors_numbers():
    config = Language()
    assert (config.width, config.hidden_dropout, config.retrain_decay) == (700, 0.15, 5e-7)
