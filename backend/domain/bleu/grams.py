"""Which n-grams texts hold, as numbers: each n-gram is the pair (its first n − 1 words as a number, its last word).

So there are no collisions, as hashes have them. The k-th occurrence of an n-gram within a text is a feature of its own:
then the clipped matches of two texts are simply the features that both have. Knows no score.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from backend.domain.bleu.tokens import tokens

Integers = npt.NDArray[np.int64]
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Words:
    """Texts as numbers of words, one after the other. lengths: words a text; words: UNKNOWN where one has no number."""

    words: Integers
    lengths: Integers


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Features of one order, one row for each that a text has, in the texts' order; numbered below `features`."""

    text: Integers
    feature: Integers
    features: int


class Numbers:
    """Numbers of words and n-grams: given once to those of some texts, then found again in others.

    learning: unknown ones get numbers still. cased: a capital letter makes another word.
    """

    def __init__(self, *, cased: bool = False) -> None:
        self.cased = cased
        self.learning = True
        self.vocabulary: dict[str, int] = {}
        self.given: dict[str, Integers] = {}

    def words(self, texts: Iterable[str]) -> Words:
        """Texts as numbers."""
        numbered = [self.of_words(tokens(text, cased=self.cased)) for text in texts]
        lengths = np.array([len(text) for text in numbered], dtype=np.int64)
        return Words(np.fromiter(chain.from_iterable(numbered), np.int64, lengths.sum()), lengths)

    def of_words(self, words: list[str]) -> list[int]:
        known = self.vocabulary
        if self.learning:
            return [known.setdefault(word, len(known)) for word in words]
        return list(map(known.get, words, repeat(UNKNOWN)))

    def of_keys(self, name: str, keys: Integers) -> Integers:
        """The numbers of keys of one kind, UNKNOWN for those that have none."""
        if self.learning:
            self.given[name], numbers = np.unique(keys, return_inverse=True)
            return numbers.astype(np.int64)
        given = self.given[name]
        if not len(given):
            return np.full(len(keys), UNKNOWN, dtype=np.int64)
        place = np.minimum(np.searchsorted(given, keys), len(given) - 1)
        return np.where(given[place] == keys, place, UNKNOWN).astype(np.int64)


def occurrences(texts: Words, numbers: Numbers, *, orders: Sequence[int], lonely: bool) -> list[Occurrences]:
    """The features of each of these orders, which ascend.

    lonely: also of n-grams that occur once in all these texts, which can match in other texts only.
    """
    owner = np.repeat(np.arange(len(texts.lengths)), texts.lengths)
    ends = np.repeat(np.cumsum(texts.lengths), texts.lengths)
    place = np.flatnonzero(texts.words != UNKNOWN)
    gram, grams = texts.words[place], len(numbers.vocabulary)
    found = []
    for order in range(1, orders[-1] + 1):
        if order > 1:
            inside = place + order <= ends[place]
            place, gram = place[inside], gram[inside]
            last = texts.words[place + order - 1]
            name = f"{order} words"
            gram = numbers.of_keys(name, np.where(last == UNKNOWN, UNKNOWN, gram * len(numbers.vocabulary) + last))
            grams = len(numbers.given[name])
        kept = gram != UNKNOWN if lonely else np.bincount(gram, minlength=1)[gram] > 1
        place, gram = place[kept], gram[kept]
        if order in orders:
            found.append(features(owner[place], gram, grams, numbers, f"{order} words again"))
    return found


def features(text: Integers, gram: Integers, grams: int, numbers: Numbers, name: str) -> Occurrences:
    """The first occurrence of an n-gram in a text has the n-gram's number; later ones have numbers beyond those."""
    keys = np.sort(text * max(grams, 1) + gram)
    text, gram = np.divmod(keys, max(grams, 1))
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    place = np.arange(len(keys))
    again = place - np.maximum.accumulate(np.where(first, place, 0))
    later = np.flatnonzero(again)
    beyond = numbers.of_keys(name, again[later] * grams + gram[later])
    gram[later] = np.where(beyond == UNKNOWN, UNKNOWN, grams + beyond)
    kept = gram != UNKNOWN
    return Occurrences(text[kept], gram[kept], grams + len(numbers.given[name]))
