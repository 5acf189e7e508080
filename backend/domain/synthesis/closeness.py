"""How close a new question comes to evaluation questions, in BLEU, exactly. Knows no file and no engine.

The evaluation question is BLEU's hypothesis and the new one its reference, as a check for leakage takes them:
sacrebleu's sentence BLEU in lower case, tokens as 13a has them, exponential smoothing, effective order.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from backend.domain.synthesis.pool import Near

ORDERS = 4
TOKEN_RULES = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def tokens(text: str) -> list[str]:
    """As sacrebleu's 13a cuts them, in lower case."""
    line = text.lower().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, letter in ENTITIES:
        line = line.replace(entity, letter)
    line = f" {line} "
    for pattern, replacement in TOKEN_RULES:
        line = pattern.sub(replacement, line)
    return line.split()


def ngrams(words: Sequence[str]) -> list[tuple[int, tuple[str, ...], int]]:
    """(order, n-gram, how-manieth of its kind): of two texts, as many are common as BLEU counts after clipping."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for order in range(1, ORDERS + 1):
        for start in range(len(words) - order + 1):
            gram = tuple(words[start : start + order])
            seen[gram] += 1
            found.append((order, gram, seen[gram]))
    return found


class Bleu:
    """Evaluation texts, found again by what they have in common with a new one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.lengths: list[int] = []
        self.places: dict[tuple[int, tuple[str, ...], int], list[int]] = defaultdict(list)
        for place, text in enumerate(self.texts):
            words = tokens(text)
            self.lengths.append(len(words))
            for feature in ngrams(words):
                self.places[feature].append(place)

    def nearest(self, text: str) -> Near:
        """The evaluation text with the highest BLEU against this one; the first of several."""
        words = tokens(text)
        common = self.common(words)
        best = Near(0.0, "")
        for place in sorted(common):
            score = bleu(common[place], self.lengths[place], len(words))
            if score > best.score:
                best = Near(score, self.texts[place])
        return best

    def nearest_other(self, place: int) -> float:
        """The highest BLEU of this text against any other one."""
        found = self.common(tokens(self.texts[place]))
        length = self.lengths[place]
        scores = (bleu(common, length, self.lengths[other]) for other, common in found.items() if other != place)
        return max(scores, default=0.0)

    def common(self, words: Sequence[str]) -> dict[int, list[int]]:
        """Text -> how many n-grams of each order it has in common with these words, clipped."""
        found: dict[int, list[int]] = {}
        for feature in ngrams(words):
            for place in self.places.get(feature, ()):
                found.setdefault(place, [0] * ORDERS)[feature[0] - 1] += 1
        return found


def bleu(common: Sequence[int], hypothesis: int, reference: int) -> float:
    """Sentence BLEU, 0 to 100, of clipped counts by order, at least one word, and the lengths of both in tokens."""
    logs, zeros = 0.0, 0
    effective = min(ORDERS, hypothesis)
    for order in range(effective):
        total = hypothesis - order
        if not common[order]:
            zeros += 1
        logs += math.log(100 * common[order] / total if common[order] else 100 / (2**zeros * total))
    penalty = 1.0 if hypothesis >= reference else math.exp(1 - reference / hypothesis)
    return penalty * math.exp(logs / effective)


def mean_nearest(texts: Sequence[str]) -> float:
    """The mean over texts of the BLEU of the most similar other one, each text as hypothesis in its turn."""
    index = Bleu(texts)
    return sum(index.nearest_other(place) for place in range(len(texts))) / len(texts)
