"""A dot a rater along hourly pay, with the target as a line, as SVG. Knows numbers, no batch.

As in figures.py colours come from classes, and places across are percentages.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from html import escape

from markupsafe import Markup

COLUMNS, TALLEST = 36, 10
STEP, RADIUS, AXIS = 10, 4.25, 24
FARTHEST = 2  # the axis ends at so many times the target; whoever earned more stands in the last column


def strip(values: Sequence[int], *, target: int, name: Callable[[int], str], label: str) -> Markup:
    """The values, stacked where they are close. name: of a value on the axis. label: is read out instead.

    Where more than ten fall into one column, each dot stands for several; `of_each` says for how many.
    """
    end, each = FARTHEST * max(target, 1), of_each(values, target)
    stacks = columns(values, end)
    tallest = max((-(-count // each) for count in stacks.values()), default=1)
    height, right = tallest * STEP + AXIS, 100 * target / end
    base = height - AXIS
    dots = "".join(
        f'<circle class="rater" cx="{100 * (column + 0.5) / COLUMNS:.2f}%" cy="{base - STEP * (row + 0.5):g}" '
        f'r="{RADIUS}"/>'
        for column, count in sorted(stacks.items())
        for row in range(-(-count // each))
    )
    words = "".join(
        f'<text class="{place}" x="{100 * share:g}%" y="{height - 6}">{escape(name(round(share * end)))}{more}</text>'
        for share, place, more in ((0.0, "start", ""), (0.5, "middle", ""), (1.0, "end", " or more"))
    )
    return Markup(
        f'<svg class="figure dots" role="img" aria-label="{escape(label)}" width="100%" height="{height}">'
        f'<line class="axis" x1="0" x2="100%" y1="{base}" y2="{base}"/>'
        f'{dots}<line class="target" x1="{right:g}%" x2="{right:g}%" y1="0" y2="{base}"/>{words}</svg>'
    )


def of_each(values: Sequence[int], target: int) -> int:
    """How many raters a dot stands for."""
    most = max(columns(values, FARTHEST * max(target, 1)).values(), default=0)
    return max(1, -(-most // TALLEST))


def columns(values: Sequence[int], end: int) -> Counter[int]:
    """column -> how many values lie in it; the last one has all that lie beyond."""
    return Counter(min(COLUMNS - 1, COLUMNS * max(value, 0) // end) for value in values)
