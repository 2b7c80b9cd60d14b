"""Tokenised text for language models: words to numbers, streams side by side, windows of them.

Shapes: T tokens, L length, B streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from harness.training import data

END, UNKNOWN = "<eos>", "<unk>"
FILES = {"train": "wiki.train.tokens", "val": "wiki.valid.tokens", "test": "wiki.test.tokens"}


def tokens(path: Path) -> list[str]:
    """Return the words of a file of tokens, each line followed by an end of its own."""
    if not path.exists():
        raise ValueError(f"{path}: no such file in this copy of the data set")
    with path.open(encoding="utf-8") as lines:
        return [word for line in lines for word in (*line.split(), END)]


def wikitext2(part: str) -> tuple[list[str], str]:
    """Return the words of WikiText-2's train, val or test file, and the data set's digest."""
    from harness.paper import require

    require(part, FILES, "split")
    folder, digest = data.locate("wikitext2")
    return tokens(folder / FILES[part]), digest


@dataclass(frozen=True)
class Vocabulary:
    """Words and their numbers, in order of first appearance."""

    numbers: dict[str, int]

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def of(cls, words: Iterable[str]) -> Vocabulary:
        """Number the words in order of first appearance: the training words, as a rule."""
        return cls({word: number for number, word in enumerate(dict.fromkeys(words))})

    def encode(self, words: Sequence[str]) -> Tensor:
        """Return the numbers (T) int64; a word that is not in it counts as <unk>.

        Raises:
            ValueError: a word is not in it, and neither is <unk>.
        """
        other = self.numbers.get(UNKNOWN)
        found = [self.numbers.get(word, other) for word in words]
        if other is None and None in found:
            raise ValueError(
                f"word '{words[found.index(None)]}': not in the vocabulary, nor <unk>"
            )
        return torch.tensor(found, dtype=torch.int64)

    def decode(self, numbers: Tensor) -> list[str]:
        """Return the words of numbers (T)."""
        words = list(self.numbers)
        return [words[number] for number in numbers.tolist()]


def streams(encoded: Tensor, count: int) -> Tensor:
    """Cut (T) into `count` equal streams side by side: (T // B, B); the rest is dropped.

    Raises:
        ValueError: there are fewer than two tokens for a stream, so nothing to predict.
    """
    length = len(encoded) // max(count, 1)
    if count < 1 or length < 2:
        raise ValueError(f"streams={count}: must be from 1 to half of the {len(encoded)} tokens")
    return encoded[: length * count].view(count, length).t().contiguous()


def windows(side_by_side: Tensor, length: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield views (inputs, targets), each (L, B), targets one token later; the last is short."""
    if length < 1:
        raise ValueError(f"length={length}: must be at least 1")
    last = len(side_by_side) - 1
    for start in range(0, last, length):
        stop = min(start + length, last)
        yield side_by_side[start:stop], side_by_side[start + 1 : stop + 1]
