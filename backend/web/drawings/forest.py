"""Estimates with their intervals in the rows of a table, on one scale, as SVG: the table is what is read out.

As in figures.py colours come from classes, and places across are percentages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import ceil, floor
from typing import Protocol

from markupsafe import Markup

from backend.web.drawings.figures import picture

HEIGHT, AXIS_HEIGHT = 24, 20
STEP = 0.1


class Spanned(Protocol):
    """Anything with an interval."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Scale:
    """From low to high, in shares, with the line of no difference at `middle`."""

    low: float
    high: float
    middle: float

    def at(self, value: float) -> float:
        """Where a value stands, in per cent of the width."""
        return 100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    @property
    def ticks(self) -> list[float]:
        """Round values around the middle, few enough for a phone."""
        steps = round((self.high - self.low) / STEP)
        every = 1 if steps <= 3 else 2 if steps <= 7 else 5
        first = round(self.middle / STEP)
        numbers = range(ceil(self.low / STEP - 1e-9), floor(self.high / STEP + 1e-9) + 1)
        return [number * STEP for number in numbers if (number - first) % every == 0]


def scale(spans: Iterable[Spanned], *, middle: float = 0.5) -> Scale:
    """Round ends around all intervals and the line of no difference."""
    values = [value for span in spans for value in (span.low, span.high) if value is not None] + [middle]
    low, high = floor(min(values) / STEP + 1e-9) * STEP, ceil(max(values) / STEP - 1e-9) * STEP
    return Scale(min(low, middle - STEP), max(high, middle + STEP), middle)


def row(low: float, estimate: float, high: float, on: Scale, label: str, *, margin: float = 0.0) -> Markup:
    """One estimate with its interval. margin: a band around the middle within which a difference counts as none."""
    middle = HEIGHT / 2
    start, end = on.at(on.middle - margin), on.at(on.middle + margin)
    band = f'<rect class="band" x="{start:.2f}%" width="{end - start:.2f}%" height="100%"/>' if margin else ""
    return picture(
        "interval",
        HEIGHT,
        label,
        band
        + f'<line class="half" x1="{on.at(on.middle):.2f}%" x2="{on.at(on.middle):.2f}%" y1="0" y2="100%"/>'
        + f'<line class="range" x1="{on.at(low):.2f}%" x2="{on.at(high):.2f}%" y1="{middle}" y2="{middle}"/>'
        + f'<circle class="estimate" cx="{on.at(estimate):.2f}%" cy="{middle}" r="5"/>',
    )


def axis(on: Scale, *, points: bool = False) -> Markup:
    """The scale's round values, for the head of the table; read out in no way, for the numbers stand beside."""
    words = (f'<text x="{on.at(value):.2f}%" y="14">{escape(name(value, points=points))}</text>' for value in on.ticks)
    return Markup(
        f'<svg class="figure scale" aria-hidden="true" width="100%" height="{AXIS_HEIGHT}">{"".join(words)}</svg>'
    )


def name(value: float, *, points: bool) -> str:
    number = round(100 * value)
    return (f"{number:+d}".replace("-", "−") if number else "0") if points else f"{number} %"
