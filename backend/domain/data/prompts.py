"""Which evaluation prompts stay: in English, and not about code; and how well that is told, on labelled ones.

Knows no identifier of languages; one is passed in. The language is asked first: a prompt has one verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.data.coding import coding_sign
from backend.domain.data.dialogues import excerpt
from backend.domain.data.languages import Identify, language_of
from backend.domain.statistics.intervals import wilson

ENGLISH = "en"


class Verdict(StrEnum):
    """What becomes of a prompt."""

    KEEP = "keep"
    NON_ENGLISH = "non_english"
    CODING = "coding"


@dataclass(frozen=True, slots=True)
class Judged:
    """A prompt's verdict, why, and the words it rests on; no why where it is kept."""

    verdict: Verdict
    why: str = ""
    what: str = ""


KEPT = Judged(Verdict.KEEP)


def judged(prompt: str, identify: Identify) -> Judged:
    """Whether a prompt stays. One whose language can't be told does: dropping needs a reason."""
    language = language_of(prompt, identify)
    if language not in (None, ENGLISH):
        return Judged(Verdict.NON_ENGLISH, f"is in {language}", excerpt(prompt))
    if sign := coding_sign(prompt):
        return Judged(Verdict.CODING, sign[0], excerpt(sign[1]))
    return KEPT


@dataclass(frozen=True, slots=True)
class Share:
    """A share of so many, with its 95 % interval (Wilson); of none it is unknown."""

    right: int
    of: int

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where it may lie; anywhere, of none."""
        return wilson(self.right, self.of) if self.of else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """How well one verdict is told. precision: of those told, how many rightly; recall: of those labelled, how many."""

    verdict: Verdict
    precision: Share
    recall: Share


def measured(pairs: Iterable[tuple[Verdict, Verdict]]) -> list[Measured]:
    """Precision and recall of each verdict, from (labelled, told) of each prompt."""
    found = list(pairs)
    return [measure(found, verdict) for verdict in Verdict]


def measure(pairs: list[tuple[Verdict, Verdict]], verdict: Verdict) -> Measured:
    right = sum(labelled == told == verdict for labelled, told in pairs)
    told = sum(told == verdict for _, told in pairs)
    labelled = sum(label == verdict for label, _ in pairs)
    return Measured(verdict, Share(right, told), Share(right, labelled))
