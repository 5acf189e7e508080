"""What a result of this size can't show: the smallest difference from one half that it would likely have found."""

from math import inf

from backend.domain.statistics.intervals import Interval
from backend.domain.statistics.sample_sizes import detectable, half_width

POWER = 0.8


def smallest_shown(interval: Interval) -> float | None:
    """The difference from one half, in shares, that four of five studies with an interval of this width would show.

    The variance is what the interval's half-width says; at the edge of [0, 1] it is the side that was not cut. None
    where the interval has no variance: nothing varied, or there are no votes.
    """
    if interval.mean is None or interval.low is None or interval.high is None:
        return None
    if interval.method == "Wilson on prompts":
        return None
    freedom = inf if interval.degrees_of_freedom is None else interval.degrees_of_freedom
    half = max(interval.mean - interval.low, interval.high - interval.mean)
    variance = (half / half_width(1.0, freedom, level=interval.level)) ** 2
    return detectable(variance, freedom, level=interval.level, power=POWER)
