"""How a synthesis diverges as it grows, as a drawing: different answers, likeness of questions. Knows no file."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log10

from backend.domain.synthesis.yields import Point, Yield
from backend.web.drawings.drawing import Dot, Drawing, Line, Shape, Words

WIDTH, HEIGHT = 720.0, 360.0
LEFT, RIGHT, TOP, BASE = 64.0, 540.0, 70.0, 300.0
SERIES: tuple[tuple[str, str, Callable[[Point], float | None]], ...] = (
    ("different answers, %", "candidate", lambda point: None if point.distinct is None else 100 * point.distinct),
    ("BLEU of the nearest other", "baseline", lambda point: point.nearest),
)


def yield_plot(found: Yield, name: str) -> Drawing:
    """Both curves over the number of entries, which is on a logarithmic scale."""
    words = [
        Words(24, 28, f"{name}: {found.kept:,} entries from {found.calls:,} calls", size=16),
        Words(24, 48, "of the first so many entries", "muted"),
    ]
    shapes: list[Shape] = [*words, *grid(found)]
    for row, (label, colour, value) in enumerate(SERIES):
        shapes += drawn(found, label, colour, value, row)
    return Drawing(f"Diversity of {name}", WIDTH, HEIGHT, tuple(shapes))


def grid(found: Yield) -> Iterator[Shape]:
    for percent in (0, 25, 50, 75, 100):
        yield Line(LEFT, up(percent), RIGHT, up(percent), "line")
        yield Words(LEFT - 8, up(percent) + 4, str(percent), "muted", 11, "end")
    for point in found.curve[:: max(1, len(found.curve) // 5)]:
        yield Words(across(found, point), BASE + 20, f"{point.entries:,}", "muted", 11, "middle")


def drawn(found: Yield, label: str, colour: str, value: Callable[[Point], float | None], row: int) -> Iterator[Shape]:
    places = [(across(found, point), up(said)) for point in found.curve if (said := value(point)) is not None]
    for (x1, y1), (x2, y2) in pairwise(places):
        yield Line(x1, y1, x2, y2, colour, 2)
    for x, y in places:
        yield Dot(x, y, 3.5, colour)
    yield Dot(RIGHT + 16, TOP + 14 + 24 * row, 5, colour)
    yield Words(RIGHT + 28, TOP + 18 + 24 * row, label if places else f"{label}: none", "text", 11)


def up(percent: float) -> float:
    """Where a number between 0 and 100 lies."""
    return BASE - (BASE - TOP) * percent / 100


def across(found: Yield, point: Point) -> float:
    """Where so many entries lie; one point alone lies in the middle."""
    first, last = log10(found.curve[0].entries), log10(found.curve[-1].entries)
    share = (log10(point.entries) - first) / (last - first) if last > first else 0.5
    return LEFT + (RIGHT - LEFT) * share
