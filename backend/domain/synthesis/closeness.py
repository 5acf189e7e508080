"""How close a new question comes to evaluation questions, in BLEU, exactly; and how close questions are to each other.

Knows no file and no engine. The evaluation question is BLEU's hypothesis and the new one its reference, as a check for
leakage takes them. Questions come one after another here, which a search for many at once would be slow for.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from backend.domain.bleu.core import Core
from backend.domain.bleu.scoring import ORDERS, Counts, Smoothing, score
from backend.domain.bleu.search import neighbours
from backend.domain.bleu.tokens import tokens
from backend.domain.synthesis.pool import Near

Feature: TypeAlias = tuple[str, ...]
Features: TypeAlias = list[tuple[Feature, int]]


def features(words: Sequence[str]) -> Features:
    """Every n-gram with its how-manieth it is: two texts have as many of these in common as BLEU counts, clipped."""
    seen: Counter[Feature] = Counter()
    found: Features = []
    for order in range(1, ORDERS + 1):
        for start in range(len(words) - order + 1):
            gram = tuple(words[start : start + order])
            seen[gram] += 1
            found.append((gram, seen[gram]))
    return found


class Bleu:
    """Evaluation texts, found again by what they have in common with a new one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.lengths: list[int] = []
        self.places: dict[tuple[Feature, int], list[int]] = defaultdict(list)
        for place, text in enumerate(self.texts):
            words = tokens(text)
            self.lengths.append(len(words))
            for feature in features(words):
                self.places[feature].append(place)

    def nearest(self, text: str) -> Near:
        """The evaluation text with the highest BLEU against this one; the first of several."""
        words = tokens(text)
        common: dict[int, list[int]] = {}
        for gram, number in features(words):
            for place in self.places.get((gram, number), ()):
                common.setdefault(place, [0] * ORDERS)[len(gram) - 1] += 1
        best = Near(0.0, "")
        for place in sorted(common):
            first, second, third, fourth = common[place]
            found = Counts(self.lengths[place], len(words), (first, second, third, fourth))
            if (bleu := score(found, Smoothing.EXP)) > best.score:
                best = Near(bleu, self.texts[place])
        return best


def mean_nearest(texts: Sequence[str], core: Core) -> float:
    """The mean over texts of the BLEU of the most similar other one, each text as hypothesis in its turn."""
    return float(neighbours(texts, core).score.mean())
