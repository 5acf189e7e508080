"""Which evaluation prompts stand in the training data already, or nearly: by BLEU, and by long word sequences.

Two signals, each with the text behind it: a prompt is marked if its BLEU with some training text is above a threshold
(the paper's 20, strictly), or if one of its sequences of 13 words stands in one, as GPT-3's and lm-eval's filters do;
a prompt of 5 to 12 words counts as one sequence, a shorter one as none. Neither sees a paraphrase; where an embedding
model is configured, its nearest text is a third signal (backend.domain.meaning). Knows no file:
training texts come in parts, so that there may be more of them than fit in memory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.domain.bleu.core import Core
from backend.domain.bleu.grams import Integers, Numbers
from backend.domain.bleu.keys import Floats
from backend.domain.bleu.scoring import DEFAULT, ORDERS, Bleu
from backend.domain.bleu.search import NOBODY, nearest
from backend.domain.bleu.texts import Texts, indexed
from backend.domain.meaning import Likest
from backend.domain.queries import Query

THRESHOLD = 20.0
LONGEST_SEQUENCE = 13
SHORTEST_SEQUENCE = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one prompt.

    bleu: with its nearest text, which is None where none has a word in common, or none is above the threshold and only
    those were looked for. contained: the share of its sequences of `sequence` words that stand in `container`; None for
    a prompt that is too short. likest: by an embedding model, where one was asked.
    """

    bleu: float = 0.0
    nearest: Query | None = None
    sequence: int = 0
    contained: float | None = None
    container: Query | None = None
    likest: Likest | None = None


@dataclass(frozen=True, slots=True)
class Leakage:
    """What was found of each prompt, in their order, among so many training texts.

    alike: from which cosine on a prompt is marked; None where no embedding model was asked.
    """

    found: tuple[Found, ...]
    texts: int
    threshold: float
    alike: float | None = None

    def is_near(self, place: int) -> bool:
        """Whether the prompt's BLEU is above the threshold, strictly."""
        return self.found[place].bleu > self.threshold

    def is_contained(self, place: int) -> bool:
        """Whether a sequence of its words stands in a training text."""
        return bool(self.found[place].contained)

    def is_alike(self, place: int) -> bool:
        """Whether a training text means nearly what the prompt does."""
        likest = self.found[place].likest
        return self.alike is not None and likest is not None and likest.cosine >= self.alike

    def is_marked(self, place: int) -> bool:
        """Whether any signal says so."""
        return self.is_near(place) or self.is_contained(place) or self.is_alike(place)

    @property
    def near(self) -> int:
        return sum(self.is_near(place) for place in range(len(self.found)))

    @property
    def contained(self) -> int:
        return sum(self.is_contained(place) for place in range(len(self.found)))

    @property
    def meant(self) -> int:
        return sum(self.is_alike(place) for place in range(len(self.found)))

    @property
    def marked(self) -> int:
        """Prompts with any signal."""
        return sum(self.is_marked(place) for place in range(len(self.found)))


def leakage(
    prompts: Sequence[str],
    parts: Iterable[Sequence[Query]],
    core: Core,
    *,
    threshold: float = THRESHOLD,
    only_above: bool = False,
    bleu: Bleu = DEFAULT,
) -> Leakage:
    """Each prompt (the hypothesis) against every training text (the reference). Of equals the first text is shown.

    only_above: nearest texts below the threshold are not wanted, which takes less time.
    """
    numbers = Numbers(cased=bleu.cased)
    words = numbers.words(prompts)
    sequences = sequences_of(words.lengths)
    sizes = np.unique(sequences[sequences > 0]).tolist()
    queries = indexed(words, numbers, lonely=True, beyond=sizes)
    numbers.learning = False
    found = [Found(sequence=size, contained=0.0 if size else None) for size in sequences.tolist()]
    count = 0
    for part in parts:
        count += len(part)
        texts = indexed(numbers.words(one.text for one in part), numbers, lonely=True, beyond=sizes)
        above = threshold if only_above else 0.0
        near = nearest(queries, texts, core, bleu=bleu, above=above)
        share, container = containers(queries, texts, sequences)
        for place in np.flatnonzero(near.score > [known.bleu for known in found]):
            score, text = float(near.score[place]), part[near.text[place]]
            found[place] = replace(found[place], bleu=score, nearest=text)
        for place in np.flatnonzero(share > [known.contained or 0.0 for known in found]):
            found[place] = replace(found[place], contained=float(share[place]), container=part[container[place]])
    return Leakage(tuple(found), count, threshold)


def sequences_of(lengths: Integers) -> Integers:
    """How many words a prompt's sequences have; 0 where it has too few."""
    return np.where(lengths < SHORTEST_SEQUENCE, 0, np.minimum(lengths, LONGEST_SEQUENCE))


def containers(prompts: Texts, texts: Texts, sequences: Integers) -> tuple[Floats, Integers]:
    """For each prompt the largest share of its sequences that stand in one text, and the first such text."""
    share, container = np.zeros(len(prompts)), np.full(len(prompts), NOBODY)
    sizes = np.unique(sequences[sequences > 0])
    for size, ours, theirs in zip(sizes, prompts.orders[ORDERS:], texts.orders[ORDERS:], strict=True):
        rows = np.flatnonzero(sequences == size)
        common = (ours[rows].astype(np.int32) @ theirs.T.astype(np.int32)).tocoo()
        row, text, shared = common.row, common.col, common.data
        order = np.lexsort((text, -shared, row))
        first = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
        at = rows[row[first]]
        share[at] = shared[first] / (prompts.lengths[at] - size + 1)
        container[at] = text[first]
    return share, container
