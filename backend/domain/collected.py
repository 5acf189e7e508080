"""A rating that was collected elsewhere, understood: by whom, of what, and what was chosen. Knows no file's columns."""

from dataclasses import dataclass

from backend.domain.choices import Choice, Preference, preference


@dataclass(frozen=True, slots=True)
class Collected:
    """One row understood. `flipped` is None where nobody knows which output stood first."""

    line: int
    rater: str
    prompt: str
    candidate: str | None
    choice: Choice
    flipped: bool | None
    seconds: float | None

    @property
    def preference(self) -> Preference:
        """What the choice means. Where the order is unknown it was a preference, kept as if the candidate was first."""
        return preference(self.choice, flipped=bool(self.flipped))


def seconds_of(given: str) -> float | None:
    """Seconds from a cell; None where it is empty. Raises ValueError for what is no time of one rating."""
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        raise ValueError(f"seconds are {given!r}; they must be a number") from None
    if not 0 <= seconds < 1e6:
        raise ValueError(f"seconds are {given}; they must be between 0 and 1,000,000")
    return seconds
