"""The search of recurrent cells: which text does what, and what a search costs."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
import torch

from harness import budget
from harness.paper import Refused
from harness.plan import discover, specs
from papers.enas.recurrent import random_cells, search, study
from papers.enas.recurrent.cell import decode
from papers.enas.recurrent.config import RecurrentSearch
from papers.enas.recurrent.search import CellSearch
from papers.text import evaluation
from papers.text.corpus import Corpus
from tests.lab.testbeds import trial_of

EXPERIMENTS = {e.name: e for e in study.EXPERIMENTS}
SMALL = EXPERIMENTS[study.ENAS].at("check")
PHASES = EXPERIMENTS[study.ENAS].phases
pytestmark = [pytest.mark.usefixtures("prepared"), pytest.mark.slow]


def corpus(words: int, *lengths: int) -> Corpus:
    stream = torch.Generator().manual_seed(1)
    parts = [torch.randint(words, (length,), generator=stream) for length in lengths]
    return Corpus("made up", "0", words, *parts)


def begun(lab, config: RecurrentSearch = SMALL, text: Corpus | None = None) -> CellSearch:
    return CellSearch(config, text or corpus(11, 200, 90, 400, 400), trial_of(lab, config, PHASES))


def whole(found: CellSearch) -> CellSearch:
    for turn in range(found.config.search_steps):
        found.step(turn, found.config.search_steps)
    return found


def test_a_whole_trial_tells_its_cell_and_what_it_is_worth(lab):
    *rows, final = search.run(SMALL, trial_of(lab, SMALL, PHASES))
    assert {"test_loss", "val_loss", "shared_loss", "sampled_loss", "uniform_loss"} <= set(final)
    assert all("test_loss" not in row for row in rows)
    assert final["corpus"] == "grammar"


@pytest.mark.parametrize("part", ["train", "alpha", "val", "test"])
def test_each_text_has_one_use(lab, part):
    """Weights hang on the training text, theta on the second too, the choice on the third."""
    text = corpus(11, 200, 90, 400, 400)
    other = replace(text, **{part: torch.zeros_like(getattr(text, part))})
    one, two = whole(begun(lab, text=text)), whole(begun(lab, text=other))
    weights = [torch.equal(a, b) for a, b in zip(one.weights, two.weights, strict=True)]
    theta = [
        torch.equal(a, b)
        for a, b in zip(
            one.policy.learner.controller.parameters(),
            two.policy.learner.controller.parameters(),
            strict=True,
        )
    ]
    assert all(theta) == (part in ("val", "test"))
    if part != "alpha":  # theta moves too little there to draw other candidates
        assert (one.found["scores"] == two.found["scores"]) == (part == "test")
    if part in ("val", "test"):
        assert all(weights)


@torch.no_grad()
def test_a_reward_is_eighty_over_the_perplexity_of_one_window(lab):
    found, length = begun(lab), SMALL.search_bptt
    before = found.scored.get_state()
    score, codes = found.common(), found.policy.draw(3)
    told = score(codes)
    assert torch.equal(told, score(codes))  # the same window for all, from the same state
    found.scored.set_state(before)
    start = int(torch.randint(len(found.streams) - length, (), generator=found.scored))
    window = found.streams[start : start + length + 1]
    hidden = torch.zeros(window.shape[1], SMALL.search_width)
    for code, reward in zip(codes, told.tolist(), strict=True):
        logits, _ = found.model(window[:-1], hidden, None, torch.tensor(code))
        loss = torch.nn.functional.cross_entropy(logits, window[1:].flatten())
        assert reward == pytest.approx(80 * exp(-float(loss)))


def test_scoring_leaves_the_state_of_the_weights_text_alone(lab):
    found = begun(lab)
    found.step(0, 4)
    before = found.reader.hidden.clone()
    found.common()(found.policy.draw(2))
    found.worth(found.policy.draw(1)[0])
    found.row()
    assert torch.equal(found.reader.hidden, before)


def test_a_cell_whose_states_are_no_numbers_is_worth_nothing(lab):
    found = begun(lab)
    with torch.no_grad():
        found.model.cell.nodes.fill_(float("nan"))
    code = found.policy.draw(1)[0]
    assert found.common()([code]).tolist() == [0.0]
    assert found.worth(code) == search.LEAST


def test_only_the_edges_of_the_path_are_trained(lab):
    found = begun(lab, replace(SMALL, search_decay=0.0))
    before = found.model.cell.nodes.clone()
    code = [0, 0, 1, 1, 1, 2]
    found.train(code, 0, 4)
    moved = (found.model.cell.nodes != before).flatten(1).any(1)
    assert moved.tolist() == [True, False, True, False, True, False]


def test_random_cells_cost_about_what_a_search_does():
    """Their number at nightly follows from FLOPs, on texts as long as the stored ones."""
    config = EXPERIMENTS[study.ENAS].at("nightly")
    text = corpus(1000, 174_000, 21_700, 21_700, 24_000)

    class Seeds:
        device = "cpu"

        def stream(self, *names: object) -> int:
            return len(names)

    found = CellSearch(config, text, Seeds())  # type: ignore[arg-type]
    cell = decode(found.policy.draw(1)[0])
    child = evaluation.LanguageTraining(cell, config, text, len)
    one = child.flops() * config.retrain_steps
    searched = found.flops() * config.search_steps
    drawn = EXPERIMENTS[study.RANDOM].at("nightly")
    assert len(drawn.candidates) * one == pytest.approx(searched + one, rel=0.15)


def test_random_cells_have_their_loose_ends_averaged(lab):
    config = EXPERIMENTS[study.RANDOM].at("check")
    *_, final = random_cells.run(config, trial_of(lab, config, EXPERIMENTS[study.RANDOM].phases))
    nodes, _, mean = str(final["cell"]).partition(" ; mean ")
    read = {int(node.partition("~")[2]) for node in nodes.split()}
    assert [int(node) for node in mean.split()] == [n for n in (1, 2, 3) if n not in read]
    assert final["mean_test_loss"] > 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: RecurrentSearch(reward=0.0), "reward=0.0: must lie between 1e-09 and 1e.09"),
        (lambda: RecurrentSearch(samples=0), "samples=0: must be at least 1"),
        (lambda: RecurrentSearch(preset="fre"), "did you mean 'free'"),
        (lambda: RecurrentSearch(nodes=0), "nodes=0: must lie between 1 and 100"),
    ],
)
def test_what_cannot_be_is_refused(make, told):
    with pytest.raises(Refused, match=told):
        make()


def test_the_whole_text_is_refused_where_its_file_is_missing(lab):
    config = replace(SMALL, corpus="wikitext2-full")
    with pytest.raises(Refused, match="corpus='wikitext2-full': needs WikiText-2's training file"):
        list(search.run(config, trial_of(lab, config, PHASES)))


def test_an_unknown_corpus_is_refused_by_the_plan():
    folder = discover.load("papers/enas")
    asked = specs.Request(
        ["recurrent/enas"], budget.standard("check"), settings=["corpus=wikitext2"]
    )
    with pytest.raises(Refused, match="unknown corpus 'wikitext2'; did you mean 'wikitext2-"):
        specs.plan(folder, asked)
