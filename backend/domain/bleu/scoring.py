"""Sentence BLEU of two texts, number for number that of sacrebleu. Knows no search: it looks at one pair.

Papineni et al. 2002; smoothing "exp" is Chen and Cherry 2014's third method, "floor" their first.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.bleu.tokens import tokens

ORDERS = 4
FLOOR = 0.1
VERSION = "2.6.0"  # of sacrebleu: the one that the tests hold these numbers to


class Smoothing(StrEnum):
    """What stands for a precision of nothing: the half of the half before it, a tenth of a match, or nothing."""

    EXP = "exp"
    FLOOR = "floor"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Counts:
    """What BLEU is made of: the words of hypothesis and reference, and the clipped matches of each order."""

    hypothesis: int
    reference: int
    matches: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Bleu:
    """Which BLEU. cased: a capital letter makes another word."""

    smoothing: Smoothing = Smoothing.EXP
    cased: bool = False

    @property
    def signature(self) -> str:
        """The measure in sacrebleu's words, to be told beside every score."""
        method = f"floor[{FLOOR:.2f}]" if self.smoothing is Smoothing.FLOOR else self.smoothing.value
        case = "mixed" if self.cased else "lc"
        return f"nrefs:1|case:{case}|eff:yes|tok:13a|smooth:{method}|version:{VERSION}"


DEFAULT = Bleu()


def sentence_bleu(hypothesis: str, reference: str, bleu: Bleu = DEFAULT) -> float:
    """BLEU of a hypothesis against one reference, 0 to 100."""
    words = (tokens(text, cased=bleu.cased) for text in (hypothesis, reference))
    return score(counts(*words), bleu.smoothing)


def counts(hypothesis: Sequence[str], reference: Sequence[str]) -> Counts:
    """The clipped matches of two lists of words."""
    first, second, third, fourth = (
        sum((grams(hypothesis, order) & grams(reference, order)).values()) for order in range(1, ORDERS + 1)
    )
    return Counts(len(hypothesis), len(reference), (first, second, third, fourth))


def grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))


def score(found: Counts, smoothing: Smoothing) -> float:
    """BLEU of these counts, 0 to 100; orders that the hypothesis is too short for don't count (effective order)."""
    if not found.matches[0]:
        return 0.0
    logs, zeros = [], 0
    for order, matches in enumerate(found.matches, start=1):
        total = found.hypothesis - order + 1
        if total <= 0:
            break
        zeros += not matches
        precision = 100 * (matches or stand_in(smoothing, zeros)) / total
        if not precision:
            return 0.0
        logs.append(math.log(precision))
    brevity = min(0.0, 1 - found.reference / found.hypothesis)
    return math.exp(brevity) * math.exp(sum(logs) / len(logs))


def stand_in(smoothing: Smoothing, zeros: int) -> float:
    """Of how many matches a precision of nothing is made, when it is the how-manieth."""
    if smoothing is Smoothing.EXP:
        return 0.5**zeros
    return FLOOR if smoothing is Smoothing.FLOOR else 0.0
