"""Tokenised text: the windows of all streams put together are the text."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.training import data, text
from tests.lab.stored import put, take_out


def test_tokens_have_an_end_for_every_line(tmp_path: Path):
    path = tmp_path / "words"
    path.write_text(" the cat \n\n sat é \n", encoding="utf-8")
    assert text.tokens(path) == ["the", "cat", "<eos>", "<eos>", "sat", "é", "<eos>"]


def test_words_are_numbered_by_first_appearance_and_come_back():
    words = ["b", "a", "b", "<unk>", "c", "a"]
    vocabulary = text.Vocabulary.of(words)
    assert len(vocabulary) == 4
    encoded = vocabulary.encode(words)
    assert encoded.tolist() == [0, 1, 0, 2, 3, 1]
    assert vocabulary.decode(encoded) == words
    assert vocabulary.encode(["a", "never seen"]).tolist() == [1, 2]


def test_an_unknown_word_without_a_number_for_it_is_refused():
    with pytest.raises(ValueError, match="word 'z': not in the vocabulary"):
        text.Vocabulary.of(["a"]).encode(["a", "z"])


@pytest.mark.parametrize(("count", "length"), [(1, 5), (4, 5), (7, 1), (4, 1000)])
def test_windows_give_every_token_of_every_stream_once(count: int, length: int):
    whole = torch.arange(103)
    side_by_side = text.streams(whole, count)
    inputs, targets = zip(*text.windows(side_by_side, length), strict=True)
    kept = 103 // count
    assert torch.equal(torch.cat(inputs), side_by_side[:-1])
    assert torch.equal(torch.cat(targets), side_by_side[1:])
    assert torch.equal(side_by_side.t().flatten(), whole[: kept * count])
    assert all(len(window) == length for window in inputs[:-1])
    shared = side_by_side.untyped_storage().data_ptr()
    assert all(window.untyped_storage().data_ptr() == shared for window in inputs)  # no copy


def test_streams_and_windows_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="streams=6: must be from 1 to half of the 10 tokens"):
        text.streams(torch.arange(10), 6)
    with pytest.raises(ValueError, match="streams=0"):
        text.streams(torch.arange(10), 0)
    with pytest.raises(ValueError, match="length=0"):
        next(text.windows(torch.arange(10)[:, None], 0))


def test_wikitext2_by_its_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "wiki.valid.tokens").write_text("a b\n")
    monkeypatch.setattr(data, "locate", lambda name: (tmp_path, f"hash of {name}"))
    assert text.wikitext2("val") == (["a", "b", "<eos>"], "hash of wikitext2")
    with pytest.raises(ValueError, match=r"wiki\.train\.tokens: no such file in this copy"):
        text.wikitext2("train")
    with pytest.raises(Exception, match="unknown split 'valid'; did you mean 'val'"):
        text.wikitext2("valid")


@pytest.mark.parametrize(("part", "count"), [("val", 217646), ("test", 245569)])
def test_real_text(tmp_path: Path, monkeypatch, part: str, count: int):
    put(take_out("wikitext2", tmp_path), monkeypatch)
    words, _ = text.wikitext2(part)
    assert len(words) == count
    vocabulary = text.Vocabulary.of(words)
    assert vocabulary.decode(vocabulary.encode(words[:500])) == words[:500]
    assert len(vocabulary) == len(set(words))
