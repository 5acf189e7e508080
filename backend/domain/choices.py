"""What a rater clicks (blind) and what it means (unblinded). Knows no page and no table."""

from enum import StrEnum


class Choice(StrEnum):
    """What was clicked. Both bad counts as a tie and is reported apart."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class SplitRule(StrEnum):
    """How a comparison without majority counts."""

    TIE = "tie"
    DROP = "drop"
    HALF = "half"
    LOSS = "loss"
