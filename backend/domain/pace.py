"""How fast a job goes by what it did lately, and how long it will take if that stays so. Knows no job and no clock."""

from dataclasses import dataclass

FEWEST = 5  # with fewer answers the next one could halve the rate
SHORTEST = 2.0  # seconds; answers are stored in lots, and one lot alone has no duration


@dataclass(frozen=True, slots=True)
class Pace:
    """a_minute: answers. seconds_left: until nothing is left, at this rate."""

    a_minute: float
    seconds_left: float


def pace(answered: int, seconds: float, left: int) -> Pace | None:
    """What so many answers in so many seconds promise for those that are left; None where that is too little to say.

    seconds: from a lot of answers, which is not counted, until now. What has come to a halt slows down while one looks.
    """
    if answered < FEWEST or seconds < SHORTEST:
        return None
    return Pace(60 * answered / seconds, left * seconds / answered)
