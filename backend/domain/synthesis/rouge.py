"""How similar two texts are by ROUGE-L, and the most similar of many, exactly. Knows no file and no engine.

The words and the number are rouge_score's without stemming (Lin 2004; google-research/rouge): the F measure of the
longest common subsequence, from 0 to 1.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from backend.domain.synthesis.pool import Near

WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Runs of a–z and 0–9, in lower case. A text in another script has none, and is similar to nothing."""
    return WORD.findall(text.lower())


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, a bit for each word of the first (Hyyrö 2004)."""
    at: dict[str, int] = {}
    for place, word in enumerate(first):
        at[word] = at.get(word, 0) | 1 << place
    unmatched = everything = (1 << len(first)) - 1
    for word in second:
        matched = unmatched & at.get(word, 0)
        unmatched = ((unmatched + matched) | (unmatched - matched)) & everything
    return len(first) - unmatched.bit_count()


def f_measure(common: int, first: int, second: int) -> float:
    """As rouge_score computes it, to the last bit: from precision and recall."""
    if not common:
        return 0.0
    precision, recall = common / first, common / second
    return 2 * precision * recall / (precision + recall)


def rouge_l(first: str, second: str) -> float:
    """ROUGE-L of two texts; the order of the two is of no consequence."""
    one, other = words(first), words(second)
    return f_measure(common_subsequence(one, other), len(one), len(other))


class Rouge:
    """Texts, of which the most similar to another one is found.

    No common subsequence is longer than the number of common words, clipped. These are counted for all texts at once;
    the subsequence is looked for in the order of what they allow, until none can be better.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.words: list[list[str]] = []
        self.places: dict[tuple[str, int], list[int]] = defaultdict(list)

    def add(self, text: str) -> None:
        """From now on it is one of them."""
        found = words(text)
        for feature in counted(found):
            self.places[feature].append(len(self.texts))
        self.texts.append(text)
        self.words.append(found)

    def nearest(self, text: str) -> Near:
        """The most similar one, from 0 to 1; of equal ones the first."""
        asked = words(text)
        common = Counter(place for feature in counted(asked) for place in self.places.get(feature, ()))
        bounds = sorted((-f_measure(most, len(asked), len(self.words[place])), place) for place, most in common.items())
        best, best_place = 0.0, -1
        for bound, place in bounds:
            if -bound < best:
                break
            own = self.words[place]
            score = f_measure(common_subsequence(asked, own), len(asked), len(own))
            if score > best or (score == best and place < best_place):
                best, best_place = score, place
        return Near(best, self.texts[best_place]) if best else Near(0.0, "")


def counted(found: Sequence[str]) -> list[tuple[str, int]]:
    """Each word with its how-manieth it is: two texts have as many of these in common as words, clipped."""
    seen: Counter[str] = Counter()
    features = []
    for word in found:
        seen[word] += 1
        features.append((word, seen[word]))
    return features
