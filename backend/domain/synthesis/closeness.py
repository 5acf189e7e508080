"""How close a new question comes to evaluation questions, in BLEU, exactly; and how close questions are to each other.

Knows no file and no engine. The evaluation question is BLEU's hypothesis and the new one its reference, as a check for
leakage takes them. Questions come one after another here, which a search for many at once would be slow for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from backend.domain.bleu.core import Core
from backend.domain.bleu.scoring import ORDERS, Counts, Smoothing, score
from backend.domain.bleu.search import neighbours
from backend.domain.bleu.tokens import tokens
from backend.domain.synthesis.pool import Near

Gram: TypeAlias = tuple[str, ...]


def grams(words: Sequence[str], orders: Iterable[int]) -> list[tuple[Gram, int]]:
    """Every n-gram with its how-manieth it is: two texts have as many of these in common as BLEU counts, clipped."""
    seen: Counter[Gram] = Counter()
    found: list[tuple[Gram, int]] = []
    for order in orders:
        for start in range(len(words) - order + 1):
            gram = tuple(words[start : start + order])
            seen[gram] += 1
            found.append((gram, seen[gram]))
    return found


class Bleu:
    """Evaluation texts, found again by what they have in common with a new one.

    least: what is no closer may be overlooked. Of most texts none of whose pairs of words is common none can be closer,
    so single words, which most questions share, are looked up for the others alone.
    """

    def __init__(self, texts: Sequence[str], *, least: float = 0.0) -> None:
        self.texts, self.least = tuple(texts), least
        self.words = [tokens(text) for text in self.texts]
        self.places: dict[tuple[Gram, int], list[int]] = defaultdict(list)
        for place, words in enumerate(self.words):
            alone = Counts(len(words), len(words), (len(words), 0, 0, 0))
            first = 1 if score(alone, Smoothing.EXP) > least else 2
            for feature in grams(words, range(first, ORDERS + 1)):
                self.places[feature].append(place)

    def nearest(self, text: str) -> Near:
        """The evaluation text with the highest BLEU against this one, if above the least; the first of equals."""
        words = tokens(text)
        common: dict[int, list[int]] = {}
        for gram, number in grams(words, range(1, ORDERS + 1)):
            for place in self.places.get((gram, number), ()):
                common.setdefault(place, [0] * ORDERS)[len(gram) - 1] += 1
        own, best = Counter(words), Near(self.least, "")
        for place in sorted(common):
            others = self.words[place]
            _, second, third, fourth = common[place]
            most = Counts(len(others), len(words), (min(len(others), len(words)), second, third, fourth))
            if score(most, Smoothing.EXP) > best.score:
                first = sum((own & Counter(others)).values())
                found = score(Counts(len(others), len(words), (first, second, third, fourth)), Smoothing.EXP)
                best = Near(found, self.texts[place]) if found > best.score else best
        return best if best.text else Near(0.0, "")


def mean_nearest(texts: Sequence[str], core: Core) -> float:
    """The mean over texts of the BLEU of the most similar other one, each text as hypothesis in its turn."""
    return float(neighbours(texts, core).score.mean())
