"""The task of recurrent cells and its experiments as declarations, and what budgets reduce.

Papers that search recurrent cells share them: cells are compared on one text, by one training.
"""

from collections.abc import Mapping

from harness.paper import Experiment, Phase, Task
from papers.text.config import PublishedCell, RandomCells, SearchedCell

PERPLEXITY = Task(
    "darts-recurrent",
    "wikitext2",
    "language model of one recurrent cell, tied embedding, SGD then averaged SGD, last state; "
    "paper: WikiText-2's own split; nightly: the stored validation file split 80/10/10 (weights, "
    "alpha, choice), tested on the start of the test file, 1,000 words, the training file is not "
    "used; check and smoke: a generated text (row `corpus`), no download",
    "test_perplexity",
    unit="",
    direction="min",
)

# Small networks see each word a few times at most: they need less dropout, and wider initial
# weights, as 0.04 stands for sums over 850 numbers.
SMALL: dict[str, object] = {
    "word_dropout": 0.0,
    "embedding_dropout": 0.05,
    "x_dropout": 0.1,
    "hidden_dropout": 0.05,
    "output_dropout": 0.1,
    "reach": 0.1,
    "retrain_bptt": 12,
    "spread": 2.0,
    "shortest": 4,
    "longest": 18,
    "width": 32,
    "retrain_batch": 32,
    "val_batch": 100,
    "test_batch": 100,
    "switch_by": 0.6,
}
TOY: dict[str, object] = {**SMALL, "corpus": "grammar", "retrain_batch": 16}
BUDGETS: dict[str, dict[str, object]] = {
    "check": {**TOY, "width": 8, "retrain_steps": 6, "every": 4, "retrain_bptt": 5,
              "test_tokens": 1000},
    "smoke": {**TOY, "retrain_steps": 110, "every": 55},
    "nightly": {
        **SMALL,
        "corpus": "wikitext2-valid",
        "words": 1000,
        "test_tokens": 24_000,
        "retrain_steps": 250,
        "every": 125,
    },
}  # fmt: skip
NETWORK: dict[str, object] = {
    "search_hidden_dropout": 0.05,
    "search_bptt": 10,
    "search_batch": 32,
    "search_width": 32,
    "nodes": 4,
}
NETWORKS: dict[str, dict[str, object]] = {  # of a search
    "check": {**NETWORK, "search_width": 8, "search_batch": 8, "search_bptt": 4, "nodes": 3},
    "smoke": NETWORK,
    "nightly": NETWORK,
}


def both(more: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Return what changes at each budget, with what an experiment has besides."""
    return {budget: {**changes, **more.get(budget, {})} for budget, changes in BUDGETS.items()}


# -- experiments: `expected` seconds and numbers of `seeds`, by budget ----------------------------


def search(
    name: str,
    config: SearchedCell,
    searches: Mapping[str, Mapping[str, object]],
    expected: Mapping[str, float],
    seeds: Mapping[str, int],
) -> Experiment:
    """Declare a search, by `recurrent/search.py` of a paper, and the training of its cell."""
    return Experiment(
        name,
        PERPLEXITY,
        config,
        run="recurrent.search:run",
        phases={"search": Phase("search_steps"), "retrain": Phase("retrain_steps")},
        reduced=both(searches),
        expected=expected,
        seeds=seeds,
    )


def published(
    name: str, cell: str, expected: Mapping[str, float], seeds: Mapping[str, int]
) -> Experiment:
    """Declare the training of a published cell."""
    return Experiment(
        name,
        PERPLEXITY,
        PublishedCell(cell=cell),
        run="papers.text.evaluation:run",
        phases={"retrain": Phase("retrain_steps")},
        reduced=both({}),
        expected=expected,
        seeds=seeds,
    )


def random_cells(
    name: str,
    drawn: Mapping[str, Mapping[str, object]],
    expected: Mapping[str, float],
    seeds: Mapping[str, int],
    run: str = "papers.text.random_search:run",
) -> Experiment:
    """Declare random cells, each trained, the best by validation reported; `run` draws them."""
    return Experiment(
        name,
        PERPLEXITY,
        RandomCells(),
        run=run,
        phases={"retrain": Phase("retrain_steps", each="candidates")},
        reduced=both(drawn),
        expected=expected,
        seeds=seeds,
    )
