"""A falling curve with a marked point as SVG: how precise a study gets with its size. Knows numbers, no study.

As in figures.py colours come from classes; across, places are percentages, for nobody knows how wide a page will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from markupsafe import Markup

HEIGHT, BASE = 280, 248  # of the whole picture, and where its horizontal axis lies
HEADROOM = 2.2  # the vertical axis ends at so many times the marked point


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with a name; under: the name stands under it."""

    kind: str
    value: float
    name: str
    under: bool = False


def falling(
    points: Sequence[tuple[float, float]],
    marked: tuple[float, float],
    *,
    name: str,
    label: str,
    levels: Sequence[Level] = (),
) -> Markup:
    """The curve through the points, which rise in x and fall in y; `name` stands at the marked one.

    points: from left to right, the last one ends the axis. label: what is read out instead of the picture.
    """
    right, top = points[-1][0], HEADROOM * marked[1] or 1.0
    across, up = 100 * marked[0] / right, BASE * (1 - marked[1] / top)
    parts = [
        *(grid(value, top) for value in ticks(top)),
        *(tick(value, right) for value in ticks(right)),
        *(line(level, top) for level in levels if level.value < top),
        path(points, right, top),
        f'<line class="drop" x1="{across:.2f}%" x2="{across:.2f}%" y1="{up:.1f}" y2="{BASE}"/>',
        f'<circle class="estimate" cx="{across:.2f}%" cy="{up:.1f}" r="5"/>',
        f'<text class="here" x="{across:.2f}%" y="{up:.1f}" dx="10" dy="-10">{escape(name)}</text>',
    ]
    return Markup(
        f'<svg class="figure curve" role="img" aria-label="{escape(label)}" width="100%" height="{HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )


def ticks(most: float) -> list[float]:
    """Round numbers above 0 and under `most`, three to seven of them."""
    power = 10.0 ** floor(log10(most / 4))
    step = next(size * power for size in (1, 2, 5, 10) if most / (size * power) <= 8)
    return [step * number for number in range(1, int(most / step) + 1) if step * number < most]


def grid(value: float, top: float) -> str:
    """A hairline across, with its value left of it, in the margin that the style sheet leaves."""
    at = BASE * (1 - value / top)
    return (
        f'<line class="axis" x1="0" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="tick end" x="0" y="{at:.1f}" dx="-8" dy="4">± {value:g}</text>'
    )


def tick(value: float, right: float) -> str:
    """A number under the horizontal axis."""
    return f'<text class="tick middle" x="{100 * value / right:.2f}%" y="{BASE}" dy="20">{value:,.0f}</text>'


def line(level: Level, top: float) -> str:
    """A level across, with its name at its right end."""
    at = BASE * (1 - level.value / top)
    return (
        f'<line class="{level.kind}" x1="0" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="tick end" x="100%" y="{at:.1f}" dy="{16 if level.under else -6}">{escape(level.name)}</text>'
    )


def path(points: Sequence[tuple[float, float]], right: float, top: float) -> str:
    """The curve in a frame of its own that is stretched over the whole width, and the base line."""
    places = " ".join(f"{100 * x / right:.2f},{BASE * (1 - y / top):.2f}" for x, y in points)
    return (
        f'<svg width="100%" height="{BASE}" viewBox="0 0 100 {BASE}" preserveAspectRatio="none">'
        f'<polyline class="line" points="{places}"/></svg>'
        f'<line class="base" x1="0" x2="100%" y1="{BASE}" y2="{BASE}"/>'
    )
