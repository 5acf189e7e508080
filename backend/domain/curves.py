"""Curves with few enough points to be drawn. Knows no picture."""

from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]
MOST = 300


def thinned(points: Points, most: int = MOST) -> list[tuple[float, float]]:
    """At most so many points: the means of neighbours, in x and in y, with the first and the last as they are.

    A mean of each stretch, and not one of its points: a single step's loss says little, and a peak is noise.
    Raises ValueError for fewer than three.
    """
    if most < 3:
        raise ValueError(f"A curve of at most {most} points is none.")
    if len(points) <= most:
        return list(points)
    inner, lots = points[1:-1], most - 2
    edges = [len(inner) * number // lots for number in range(lots + 1)]
    return [points[0], *(mean(inner[low:high]) for low, high in pairwise(edges)), points[-1]]


def mean(points: Points) -> tuple[float, float]:
    """The point in their middle."""
    number = len(points)
    return sum(x for x, _ in points) / number, sum(y for _, y in points) / number
