"""Bars beside each other as SVG: how many of a thing lie in each stretch of a scale. Knows numbers, no data.

As in figures.py colours come from classes; across, places are percentages, for nobody knows how wide a page will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

HEIGHT, BASE, HEADROOM = (
    220,
    188,
    20,
)  # of the picture, where its axis lies, and free above the tallest bar
GAP = 0.12  # of a bar's place
LABELS = 5  # at most so many numbers stand under the axis, on a phone too, and one at its end


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch. name: stands under its left edge; is_marked: drawn in the colour of a warning."""

    name: str
    count: int
    is_marked: bool = False


def bars(given: Sequence[Bar], *, label: str, end: str = "") -> Markup:
    """The bars from left to right. label: what is read out instead. end: stands under the right edge of the last."""
    if not given:
        return Markup("")
    most, each = max(bar.count for bar in given) or 1, 100 / len(given)
    every = -(-len(given) // LABELS)
    parts = [drawn(bar, number, each, most) for number, bar in enumerate(given)]
    parts += [name(bar.name, number * each) for number, bar in enumerate(given) if number % every == 0]
    parts += [name(end, 100, "end")] if end else []
    parts.append(f'<line class="base" x1="0" x2="100%" y1="{BASE}" y2="{BASE}"/>')
    return Markup(
        f'<svg class="figure bars" role="img" aria-label="{escape(label)}" width="100%" height="{HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )


def drawn(bar: Bar, number: int, each: float, most: int) -> str:
    """A bar, and its count above it where there is one."""
    height = (BASE - HEADROOM) * bar.count / most
    left, width = each * (number + GAP / 2), each * (1 - GAP)
    kind = "bar marked" if bar.is_marked else "bar"
    box = f'<rect class="{kind}" x="{left:.2f}%" y="{BASE - height:.1f}" width="{width:.2f}%" height="{height:.1f}"/>'
    if not bar.count:
        return ""
    middle = left + width / 2
    return f'{box}<text class="tick middle" x="{middle:.2f}%" y="{BASE - height:.1f}" dy="-5">{bar.count:,}</text>'


def name(words: str, across: float, anchor: str = "start") -> str:
    return f'<text class="tick {anchor}" x="{across:.2f}%" y="{BASE}" dy="20">{escape(words)}</text>'
