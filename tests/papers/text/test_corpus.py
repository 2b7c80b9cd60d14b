"""The texts: a grammar, WikiText-2 and its parts."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from harness.paper import Refused
from harness.training import text
from papers.text.corpus import Corpus, frequent, sentences, split


def test_the_grammar_is_fixed_and_predictable():
    first, second = (Corpus.load("grammar", "cpu") for _ in range(2))
    assert first.digest == second.digest
    assert first.dataset == "grammar"
    assert first.words == 12 * 20 + 2  # the ends of sentences, and <unk>
    lengths = [len(part) for part in (first.train, first.alpha, first.val)]
    assert [n / sum(lengths) for n in lengths] == pytest.approx([0.8, 0.1, 0.1], abs=0.001)
    pairs = Counter(zip(first.train[:-1].tolist(), first.train[1:].tolist(), strict=True))
    assert len(pairs) < 0.5 * first.words**2  # a word tells which words may follow
    assert max(int(part.max()) for part in (first.val, first.test)) < first.words


def test_rare_words_are_unknown():
    assert frequent(list("babcab"), 2) == {"a", "b"}
    few = Corpus.load("grammar", "cpu", most=50, test_tokens=70)
    assert few.words == 51
    assert len(few.test) == 70
    assert (few.train == 50).float().mean() > 0.1


def test_the_validation_file_is_split_and_the_test_file_kept(monkeypatch: pytest.MonkeyPatch):
    parts = {"val": [f"w{n}" for n in range(100)], "test": ["w3", "w95", text.UNKNOWN]}
    monkeypatch.setattr(text, "wikitext2", lambda part: (parts[part], "digest"))
    found = Corpus.load("wikitext2-valid", "cpu")
    assert (found.dataset, found.digest) == ("wikitext2", "digest")
    assert [len(p) for p in (found.train, found.alpha, found.val)] == [80, 10, 10]
    assert found.words == 81  # training words only, and <unk>
    assert found.test.tolist() == [3, 80, 80]
    assert split(list("abcdefghij")) == [list("abcdefgh"), ["i"], ["j"]]


def test_without_the_training_file_the_whole_text_is_refused(monkeypatch: pytest.MonkeyPatch):
    def missing(part: str) -> tuple[list[str], str]:
        raise ValueError(f"{part}: no such file")

    monkeypatch.setattr(text, "wikitext2", missing)
    with pytest.raises(Refused, match="corpus='wikitext2-full': needs WikiText-2's training file"):
        Corpus.load("wikitext2-full", "cpu")


def test_sentences_hang_on_the_seed_and_the_grammar_does_not():
    import numpy as np

    one, other = (sentences(np.random.default_rng(seed)) for seed in (1, 2))
    assert one != other
    follows = [
        {(a.split(".")[0], b.split(".")[0]) for a, b in itertools.pairwise(t)
         if text.END not in (a, b)}
        for t in (one, other)
    ]  # fmt: skip
    assert len(follows[0] | follows[1]) <= 12 * 3
