"""The figures of a batch's results as drawings that can be taken away: forest, votes, ladder. Knows no page."""

from collections.abc import Callable, Iterator

from backend.domain.results.candidates import CandidateResult
from backend.domain.results.summary import Results
from backend.web.drawings.drawing import Box, Dot, Drawing, Line, Shape, Words
from backend.web.drawings.forest import Scale, name, scale
from backend.web.drawings.ladder import LINE, heights, lines, places, steps
from backend.web.phrases import amount
from backend.web.render import percent

WIDTH, MARGIN, ROW, TOP = 720.0, 24.0, 30.0, 76.0
LABELS, NUMBERS = 190.0, 150.0
LONGEST = 26
LADDER_HEIGHT, LADDER_BASE = 340.0, 210.0
ON = {"candidate": "white", "tie": "text", "baseline": "text"}  # the colour of words on each colour


def forest(results: Results) -> Drawing | None:
    """Win rates with the intervals that hold together, the best first."""
    rows = [(one, results.family.together[one.name].together) for one in ranked(results)]
    if not rows:
        return None
    on = scale(interval for _, interval in rows)
    left, right, bottom = MARGIN + LABELS, WIDTH - MARGIN - NUMBERS, TOP + ROW * len(rows)
    shapes = [*heading(f"Win rate against {results.baseline}", "with 95 % intervals that hold together")]
    shapes += [*grid(on, left, right, bottom)]
    for row, (one, interval) in enumerate(rows):
        y = TOP + ROW * (row + 0.5)
        shapes.append(Words(MARGIN, y + 4, short(one.name)))
        if interval.mean is not None and interval.low is not None and interval.high is not None:
            low, middle, high = (across(on, left, right, at) for at in (interval.low, interval.mean, interval.high))
            shapes += [Line(low, y, high, y, "candidate", 2.5), Dot(middle, y, 4.5, "candidate")]
            said = f"{percent(interval.mean)}  [{100 * interval.low:.1f} – {100 * interval.high:.1f}]"
            shapes.append(Words(WIDTH - MARGIN, y + 4, said, anchor="end"))
    return Drawing(f"Win rates against {results.baseline}", WIDTH, bottom + 44, tuple(shapes))


def votes(results: Results) -> Drawing | None:
    """How the votes on each candidate fall, the best first."""
    rows = ranked(results)
    if not rows:
        return None
    left, right, bottom = MARGIN + LABELS, WIDTH - MARGIN, TOP + ROW * len(rows)
    shapes = [*heading(f"Votes against {results.baseline}", "better, about the same, worse")]
    for row, one in enumerate(rows):
        y, x = TOP + ROW * row + 4, left
        shapes.append(Words(MARGIN, y + 15, short(one.name)))
        for colour in ("candidate", "tie", "baseline"):
            share = getattr(one.votes, colour) / one.votes.total
            shapes.append(Box(x, y, share * (right - left), ROW - 8, colour))
            if share > 0.1:
                shapes.append(Words(x + share * (right - left) / 2, y + 15, percent(share), ON[colour], 11, "middle"))
            x += share * (right - left)
    return Drawing(f"Votes against {results.baseline}", WIDTH, bottom + 24, tuple(shapes))


def ladder(results: Results) -> Drawing | None:
    """Win rates along the declared ladder, on a logarithmic scale."""
    found = steps(results)
    if not found:
        return None
    on = scale(found)
    left, right = MARGIN + 40, WIDTH - MARGIN
    shapes = [*heading(f"Win rate against {results.baseline}", "by amount, on a logarithmic scale")]
    for value in (*on.ticks, on.middle):
        y = TOP + heights(on, value, LADDER_BASE)
        shapes.append(Line(left, y, right, y, "baseline" if value == on.middle else "line"))
        shapes.append(Words(left - 8, y + 4, name(value, points=False), "muted", 11, "end"))
    along = places([one.amount for one in found])
    for one, place, line in zip(found, along, lines(along), strict=True):
        x = left + (right - left) * place / 100
        low, middle, high = (TOP + heights(on, value, LADDER_BASE) for value in (one.low, one.estimate, one.high))
        shapes += [Line(x, low, x, high, "candidate", 2.5), Dot(x, middle, 4.5, "candidate")]
        below = TOP + LADDER_BASE + 20 + LINE * line
        shapes.append(Words(x, below, amount(one.amount), "muted", 11, "middle"))
    return Drawing(f"Win rate against {results.baseline} by amount", WIDTH, LADDER_HEIGHT, tuple(shapes))


PLOTS: dict[str, Callable[[Results], Drawing | None]] = {"forest": forest, "votes": votes, "ladder": ladder}


def ranked(results: Results) -> list[CandidateResult]:
    """The candidates with votes, by win rate."""
    known = [(one.win_rate.mean, one) for one in results.candidates if one.win_rate.mean is not None]
    return [one for _, one in sorted(known, key=lambda pair: -pair[0])]


def heading(title: str, under: str) -> Iterator[Shape]:
    yield Words(MARGIN, 34, title, size=16)
    yield Words(MARGIN, 52, under, "muted")


def grid(on: Scale, left: float, right: float, bottom: float) -> Iterator[Shape]:
    """The scale's round values under the rows, and the line of no difference."""
    for value in on.ticks:
        x = across(on, left, right, value)
        yield Line(x, TOP, x, bottom, "line")
        yield Words(x, bottom + 18, name(value, points=False), "muted", 11, "middle")
    x = across(on, left, right, on.middle)
    yield Line(x, TOP, x, bottom, "baseline", 1.5)


def across(on: Scale, left: float, right: float, value: float) -> float:
    return left + (right - left) * on.at(value) / 100


def short(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
