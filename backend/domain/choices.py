"""What a rater clicks (blind), what it means (unblinded), and what becomes of a comparison. Knows no page, no table."""

from enum import StrEnum


class Choice(StrEnum):
    """What was clicked. Both bad counts as a tie and is reported apart."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class Preference(StrEnum):
    """What a choice means once it is known which output was the candidate's."""

    CANDIDATE = "candidate"
    TIE = "tie"
    BASELINE = "baseline"


class SplitRule(StrEnum):
    """How a comparison without majority counts: as a tie, as half of either, as a loss, or not at all.

    `extra` asks two more raters first: five seats are launched and three open; what five leave open counts by the
    settings' `split_fallback`.
    """

    TIE = "tie"
    HALF = "half"
    LOSS = "loss"
    DROP = "drop"
    EXTRA = "extra"


def preference(choice: Choice, *, flipped: bool) -> Preference:
    """Unblind a choice; flipped means that the candidate was shown second."""
    if choice in (Choice.TIE, Choice.BOTH_BAD):
        return Preference.TIE
    return Preference.CANDIDATE if (choice == Choice.SECOND) == flipped else Preference.BASELINE


def choice(preferred: Preference, *, flipped: bool) -> Choice:
    """The click that expresses a preference; the inverse of `preference`, but for both bad."""
    if preferred == Preference.TIE:
        return Choice.TIE
    return Choice.SECOND if (preferred == Preference.CANDIDATE) == flipped else Choice.FIRST
