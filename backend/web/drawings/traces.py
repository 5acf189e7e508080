"""Lines over a run's steps as SVG, such as a loss. Knows numbers, no run.

As in figures.py colours come from classes; across, places are percentages, for nobody knows how wide a page will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from markupsafe import Markup

from backend.domain.curves import Points, thinned

HEIGHT, TOP, BASE = 220, 12, 184
LEAST = 1e-12
MOST_DOTS = 40


@dataclass(frozen=True, slots=True)
class Trace:
    """A line. kind: line, or other for the second one of a picture, whose points are shown."""

    points: Points
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Axis:
    """From low to high, with round numbers between them."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def up(self, value: float) -> float:
        """Where a value lies, in pixels from above."""
        return BASE - (BASE - TOP) * (value - self.low) / (self.high - self.low)


def traces(given: Sequence[Trace], *, label: str, steps: int, from_zero: bool = False) -> Markup:
    """The lines from step 0 to the run's last; nothing where there is none. label: what is read out instead."""
    drawn = [Trace(thinned(trace.points), trace.kind) for trace in given if trace.points]
    if not drawn:
        return Markup("")
    axis = axis_of([y for trace in drawn for _, y in trace.points], from_zero=from_zero)
    right = max(steps, *(trace.points[-1][0] for trace in drawn))
    parts = [
        *(level(axis, value) for value in axis.ticks),
        *(tick(value, right) for value in axis_of([0, right], from_zero=True, most=4).ticks),
        f'<line class="base" x1="0" x2="100%" y1="{BASE}" y2="{BASE}"/>',
        *(line(trace, axis, right) for trace in drawn),
    ]
    return Markup(
        f'<svg class="figure curve trace" role="img" aria-label="{escape(label)}" width="100%" height="{HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )


def axis_of(values: Sequence[float], *, from_zero: bool, most: int = 5) -> Axis:
    """An axis around these values that ends at round numbers."""
    low, high = min(0.0, *values) if from_zero else min(values), max(values)
    spread = max(high - low, abs(high) * 0.01, LEAST)
    power = 10.0 ** floor(log10(spread / most))
    step = next(size * power for size in (1, 2, 5, 10, 20) if spread / (size * power) <= most)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Axis(first * step, last * step, tuple(number * step for number in range(first, last + 1)))


def level(axis: Axis, value: float) -> str:
    """A hairline across, with its value left of it, in the margin that the style sheet leaves."""
    at = axis.up(value)
    return (
        f'<line class="axis" x1="0" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="tick end" x="0" y="{at:.1f}" dx="-8" dy="4">{short(value)}</text>'
    )


def tick(value: float, right: float) -> str:
    """A step under the horizontal axis; one beyond the last has no place."""
    if not 0 < value <= right:
        return ""
    side = "end" if value > 0.95 * right else "middle"
    return f'<text class="tick {side}" x="{100 * value / right:.2f}%" y="{BASE}" dy="20">{value:,.0f}</text>'


def line(trace: Trace, axis: Axis, right: float) -> str:
    """A line in a frame of its own that is stretched over the whole width; few points are shown, too."""
    places = [(100 * x / right, axis.up(y)) for x, y in trace.points]
    joined = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
    shown = places if trace.kind == "other" or len(places) == 1 else []
    dots = "".join(
        f'<circle class="{trace.kind}" cx="{x:.2f}%" cy="{y:.1f}" r="3"/>'
        for x, y in shown[:: len(shown) // MOST_DOTS + 1]
    )
    return (
        f'<svg width="100%" height="{BASE}" viewBox="0 0 100 {BASE}" preserveAspectRatio="none" overflow="visible">'
        f'<polyline class="{trace.kind}" points="{joined}"/></svg>{dots}'
    )


def short(value: float) -> str:
    """A number that fits beside an axis: 0.002, 2.5, 12k; 2e-05 for very small ones."""
    if abs(value) >= 1000:
        return f"{value / 1000:,.6g}k"
    return f"{value:.6g}"
