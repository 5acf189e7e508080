"""Win rates along a ladder of amounts as SVG: points with intervals over a logarithmic scale. Knows no page.

As in figures.py colours come from classes, and places across are percentages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10

from markupsafe import Markup

from backend.domain.results.summary import Results
from backend.web.drawings.figures import picture
from backend.web.drawings.forest import Scale, name, scale
from backend.web.phrases import amount

HEIGHT, BASE, LEFT, RIGHT = 268, 220, 8.0, 92.0
APART, LINE = 16.0, 16  # per cent between the middles of two labels in one line, and from that line to the next


@dataclass(frozen=True, slots=True)
class Step:
    """A rung: its amount, and its win rate with the interval."""

    system: str
    amount: float
    low: float
    estimate: float
    high: float


def of(results: Results) -> Markup:
    """The declared ladder; nothing where there is none, or where a rung has no interval yet."""
    found = steps(results)
    told = ", ".join(f"{one.system} {100 * one.estimate:.1f} %" for one in found)
    return plot(found, f"Win rate along the ladder: {told}") if found else Markup("")


def steps(results: Results) -> list[Step]:
    """The rungs with an interval, from the smallest amount."""
    ladder = results.family.ladder
    if ladder is None:
        return []
    rates = [results.family.together[system].alone for system in ladder.systems]
    return [
        Step(system, amount, rate.low, rate.mean, rate.high)
        for system, amount, rate in zip(ladder.systems, ladder.amounts, rates, strict=True)
        if rate.low is not None and rate.mean is not None and rate.high is not None
    ]


def places(amounts: Sequence[float]) -> list[float]:
    """Where amounts stand across, in per cent, on a logarithmic scale between the margins."""
    logs = [log10(amount) for amount in amounts]
    width = (max(logs) - min(logs)) or 1.0
    return [LEFT + (RIGHT - LEFT) * (value - min(logs)) / width for value in logs]


def lines(across: Sequence[float]) -> list[int]:
    """In which line the label under each place stands, 0 or 1: the second one where it would run into its neighbour."""
    found: list[int] = []
    for place, before in zip(across, [-APART, *across[:-1]], strict=True):
        close = place - before < APART
        found.append(1 - found[-1] if close else 0)
    return found


def heights(on: Scale, value: float, base: float = BASE) -> float:
    """How far down a value stands, in pixels."""
    return base * (1 - on.at(value) / 100)


def plot(steps: Sequence[Step], label: str) -> Markup:
    """The rungs from left to right. label: what is read out; the table beside it has the numbers."""
    on = scale(steps)
    across = places([one.amount for one in steps])
    parts = [*(grid(on, value) for value in on.ticks), half(on)]
    for one, x, line in zip(steps, across, lines(across), strict=True):
        low, middle, high = (heights(on, value) for value in (one.low, one.estimate, one.high))
        parts.append(
            f'<line class="range" x1="{x:.2f}%" x2="{x:.2f}%" y1="{low:.1f}" y2="{high:.1f}"/>'
            f'<circle class="estimate" cx="{x:.2f}%" cy="{middle:.1f}" r="5"/>'
            f'<text class="tick middle" x="{x:.2f}%" y="{BASE}" dy="{24 + LINE * line}">'
            f"{escape(amount(one.amount))}</text>"
        )
    return picture("ladder", HEIGHT, label, "".join(parts))


def grid(on: Scale, value: float) -> str:
    y = heights(on, value)
    return (
        f'<line class="axis" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick end" x="0" y="{y:.1f}" dx="-8" dy="4">{escape(name(value, points=False))}</text>'
    )


def half(on: Scale) -> str:
    y = heights(on, on.middle)
    return f'<line class="half" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
