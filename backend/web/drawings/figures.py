"""Small pictures of results as SVG. Knows shares and intervals, no study.

The page's policy forbids style attributes, so colours come from classes and places are percentages: no picture needs
to know how wide it will be.
"""

from collections.abc import Mapping
from html import escape

from markupsafe import Markup

BAR_HEIGHT = 32
ROW_HEIGHT = 24


def shares(counts: Mapping[str, int], label: str) -> Markup:
    """A bar split by counts, in their order. Their names are the classes c-<name>; `label` is read out instead."""
    total = sum(counts.values())
    if not total:
        return Markup("")
    pieces, start = [], 0.0
    for name, count in counts.items():
        width = 100 * count / total
        pieces.append(rect(f"c-{name}", start, width))
        start += width
    return picture("shares", BAR_HEIGHT, label, "".join(pieces))


def interval(low: float, mean: float, high: float, label: str) -> Markup:
    """An estimate and its interval on a line from 0 to 100 %, with one half marked. All three in [0, 1]."""
    middle = ROW_HEIGHT / 2
    return picture(
        "interval",
        ROW_HEIGHT,
        label,
        line("axis", 0, 1, middle)
        + f'<line class="half" x1="50%" x2="50%" y1="0" y2="{ROW_HEIGHT}"/>'
        + line("range", low, high, middle)
        + f'<circle class="estimate" cx="{100 * mean:.2f}%" cy="{middle}" r="5"/>',
    )


def rect(name: str, start: float, width: float) -> str:
    return f'<rect class="{name}" x="{start:.2f}%" width="{width:.2f}%" height="100%"/>'


def line(name: str, start: float, end: float, height: float) -> str:
    return f'<line class="{name}" x1="{100 * start:.2f}%" x2="{100 * end:.2f}%" y1="{height}" y2="{height}"/>'


def picture(name: str, height: int, label: str, inside: str) -> Markup:
    return Markup(
        f'<svg class="figure {name}" role="img" aria-label="{escape(label)}" width="100%" height="{height}">'
        f"{inside}</svg>"
    )
