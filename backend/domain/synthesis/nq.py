"""NQ-synthetic (Gudibande et al. 2023, App. A): five of ten questions shown, in another order each time, for more.

Each call's seeds follow from the seed of the whole and the call's number, so a call can be made again.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from backend.domain.synthesis.methods import Asked, Entry, Kept, Seed
from backend.domain.synthesis.pairs import Lack, pairs_in

SHOWN = 5
PLACES = re.compile(r"\{(question|answer) ([1-5])\}")


@dataclass(frozen=True, slots=True)
class NaturalQuestions:
    """template: with {question 1} to {question 5} and {answer 1} to {answer 5}. random_seed: of the draws.

    Raises ValueError where fewer than five seeds are left to be shown.
    """

    template: str
    seeds: tuple[Seed, ...]
    random_seed: int = 0

    def __post_init__(self) -> None:
        wanted = {(kind, str(number)) for kind in ("question", "answer") for number in range(1, SHOWN + 1)}
        if set(PLACES.findall(self.template)) != wanted:
            raise ValueError("the template must have {question 1} to {question 5} and {answer 1} to {answer 5}")
        if len(self.seeds) < SHOWN:
            raise ValueError(f"{len(self.seeds)} seeds are left, and each call shows {SHOWN} different ones")

    @property
    def calls_at_once(self) -> int | None:
        """What is asked does not depend on what was answered."""
        return None

    def ask(self, call: int, kept: Sequence[Kept]) -> Asked:
        """Five different seeds, each equally likely, in random order."""
        shown = Random(f"{self.random_seed}/{call}").sample(self.seeds, SHOWN)
        words = {"question": [one.text for one in shown], "answer": [one.answer or "" for one in shown]}
        text = PLACES.sub(lambda place: words[place[1]][int(place[2]) - 1], self.template)
        return Asked(text, tuple(one.key for one in shown))

    def read(self, reply: str, *, is_cut: bool) -> Iterator[Entry | str]:
        """Its pairs; and in words what each thing lacks that is none."""
        for found in pairs_in(reply, is_cut=is_cut):
            yield str(found) if isinstance(found, Lack) else Entry(found.question, found.answer)

    def key_of(self, entry: Entry) -> str:
        """Two questions with one key are the same question."""
        return normal(entry.text)


def normal(question: str) -> str:
    """The rule by which questions are the same: NFKC, any case, any white space, punctuation left out."""
    folded = unicodedata.normalize("NFKC", question).casefold()
    words = "".join(" " if unicodedata.category(letter)[0] in "PZC" else letter for letter in folded)
    return " ".join(words.split())
