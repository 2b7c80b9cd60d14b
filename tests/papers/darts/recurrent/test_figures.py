"""The recurrent study as pictures."""

from __future__ import annotations

import pandas as pd

from papers.darts.recurrent import figures, study


def test_the_figure_shows_what_was_measured():
    what = {"budget": "nightly", "corpus": "wikitext2-valid"}
    results = pd.DataFrame(
        [
            {**what, "experiment": name, "test_loss": 3.8 + 0.01 * place + 0.001 * seed}
            for place, name in enumerate(figures.WAYS)
            for seed in range(3)
        ]
    )
    curves = pd.DataFrame(
        [
            {**what, "experiment": study.FIRST, "metric": "alpha_entropy", "at": float(at),
             "turn": at, "mean": 1.6 - 0.1 * at, "sd": 0.1, "n": 3}
            for at in range(3)
        ]
    )  # fmt: skip
    figure = figures.FIGURES["recurrent"](results, curves)
    assert figure is not None
    losses, entropies = figure.axes
    assert losses.get_yticklabels()[0].get_text() == "first order"
    assert len(losses.get_yticklabels()) == len(figures.WAYS) == 5
    marks = {line.get_label(): line.get_xdata()[0] for line in losses.get_lines()}
    assert marks["paper, Penn Treebank"] == figures.PRINTED[study.FIRST]
    assert any(line.get_label() == "first order" for line in entropies.get_lines())
    assert figures.FIGURES["recurrent"](results.iloc[:0], curves.iloc[:0]) is None
