"""The texts: WikiText-2, whole or the stored validation file alone, and a grammar of our own.

A text is four streams of word numbers: weights are trained on `train`, alpha on `alpha`; `val`
chooses, `test` is reported.

Shapes: T words.
"""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from harness.paper import Refused
from harness.training import text
from harness.training.text import END, UNKNOWN, Vocabulary

SPLIT_AT = (0.8, 0.9)  # of the words: where `alpha` begins, and `val`
WORD_CLASSES, CLASS_WORDS, TOPICS = 12, 20, 4  # of the grammar: 240 words
FOLLOWING = (0.6, 0.9, 1.0)  # chances of the classes that may follow one, summed up
SENTENCES, SENTENCE_LENGTHS = 1500, (4, 14)  # of a text, and the shortest and the longest of them


@dataclass(frozen=True)
class Corpus:
    """Four streams (T) int64 on the device, of `words` different words."""

    dataset: str
    digest: str
    words: int
    train: Tensor
    alpha: Tensor
    val: Tensor
    test: Tensor

    @classmethod
    def load(cls, name: str, device: str, most: int = 0, test_tokens: int = 0) -> Corpus:
        """Return a corpus by its name in `config.CORPORA`.

        Args:
            name: of the corpus.
            device: where the streams lie.
            most: the vocabulary has the `most` frequent training words, all where it is 0.
            test_tokens: the length of the test stream, from its start; 0 for all of it.

        Raises:
            Refused: the corpus needs a file that is not stored.
        """
        dataset, digest, parts = READERS[name]()
        kept = frequent(parts[0], most)
        vocabulary = Vocabulary.of([word for word in parts[0] if word in kept] + [UNKNOWN])
        encoded = [vocabulary.encode(part).to(device) for part in parts]
        encoded[3] = encoded[3][: test_tokens or None]
        return cls(dataset, digest, len(vocabulary), *encoded)


def frequent(words: Sequence[str], most: int) -> set[str]:
    """Return the most frequent words, all of them for 0; of equal ones the first to appear."""
    return {word for word, _ in Counter(words).most_common(most or None)}


def split(words: Sequence[str]) -> list[Sequence[str]]:
    """Return the first 80 %, the next 10 % and the last 10 % of a text."""
    first, second = (int(share * len(words)) for share in SPLIT_AT)
    return [words[:first], words[first:second], words[second:]]


Read = tuple[str, str, list[Sequence[str]]]  # data set, digest, (train, alpha, val, test)


def wikitext2_whole() -> Read:
    """Return WikiText-2's own three files; alpha is trained on the validation file."""
    try:
        train, digest = text.wikitext2("train")
    except ValueError as error:
        raise Refused(
            f"corpus='wikitext2-full': needs WikiText-2's training file, and it is not stored "
            f"({error}); corpus=wikitext2-valid runs on what is"
        ) from error
    val, test = text.wikitext2("val")[0], text.wikitext2("test")[0]
    return "wikitext2", digest, [train, val, val, test]


def wikitext2_valid() -> Read:
    """Return WikiText-2's validation file, split, and its test file; not its training file."""
    words, digest = text.wikitext2("val")
    return "wikitext2", digest, [*split(words), text.wikitext2("test")[0]]


def grammar() -> Read:
    """Return two texts of one grammar; the second is the test text."""
    first, second = (sentences(np.random.default_rng((20180624, part))) for part in (0, 1))
    digest = hashlib.sha256(" ".join([*first, *second]).encode()).hexdigest()
    return "grammar", digest, [*split(first), second[: len(first) // 5]]


def sentences(random: np.random.Generator) -> list[str]:
    """Return the words of SENTENCES sentences, each with its end.

    A sentence walks through hidden classes, from one to one of three that follow it, and has a
    topic, which weights the words of a class: the next word hangs on the last one and on all
    before it. The grammar itself is fixed; `random` draws sentences only.
    """
    rules = np.random.default_rng(1806)
    classes = np.tile(np.arange(WORD_CLASSES), (WORD_CLASSES, 1))
    follow = rules.permuted(classes, axis=1)[:, : len(FOLLOWING)].tolist()
    zipf = np.tile(1 / np.arange(1, CLASS_WORDS + 1), (TOPICS, WORD_CLASSES, 1))
    ranked = rules.permuted(zipf, axis=2).cumsum(2)
    upto = (ranked / ranked[..., -1:]).tolist()
    lengths = random.integers(*SENTENCE_LENGTHS, endpoint=True, size=SENTENCES)
    words: list[str] = []
    for length in lengths.tolist():
        topic, place = random.integers((TOPICS, WORD_CLASSES)).tolist()
        for word, turn in random.random((length, 2)).tolist():
            words.append(f"{place}.{bisect(upto[topic][place], word)}")
            place = follow[place][bisect(FOLLOWING, turn)]
        words.append(END)
    return words


READERS = {
    "wikitext2-full": wikitext2_whole,
    "wikitext2-valid": wikitext2_valid,
    "grammar": grammar,
}
