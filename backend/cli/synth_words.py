"""What a synthesis came to, in a terminal's words. Asks and writes nothing."""

from pathlib import Path

from backend.cli.progress import many
from backend.domain.synthesis.yields import Point, Yield
from backend.services.asking.synthetic import Made


def told(made: Made, path: Path) -> str:
    """How many, why others were left out, and how alike they are."""
    found, one = made.summary, made.one
    ending = "" if found.is_full else f" of the {found.wanted:,} that were wanted"
    lines = [f"{path}: {many(found.kept, 'entry', 'entries')}{ending}, from {many(found.calls, 'call')}."]
    lines += [
        f"  seed {seed['key']} not shown: BLEU {seed['near']['score']:.0f} to “{seed['near']['text']}”"
        for seed in one.excluded
    ]
    lines += [f"  {number:,} left out: {why}" for why, number in found.left.items()]
    if found.per_call is not None and found.late is not None:
        lines.append(f"  {found.per_call:.2f} new ones a call, {found.late:.2f} over the last tenth of the calls")
    return "\n".join([*lines, *curve(found)])


def curve(found: Yield) -> list[str]:
    """A table of what the first so many are like."""
    if not found.curve:
        return []
    head = "  of the first   different answers   mean BLEU of the most similar other one"
    return [head, *(row(point) for point in found.curve)]


def row(point: Point) -> str:
    distinct = "–" if point.distinct is None else f"{100 * point.distinct:.1f} %"
    nearest = "–" if point.nearest is None else f"{point.nearest:.1f}"
    return f"  {point.entries:>12,}   {distinct:>17}   {nearest:>39}"
