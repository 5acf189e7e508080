"""What a synthesis came to: what was left out and why, and how its answers and questions diverge as it grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.domain.synthesis.pool import Left, Pool, folded

POINTS = 12
FIRST_POINT = 10


@dataclass(frozen=True, slots=True)
class Point:
    """After so many entries. distinct: the share of different answers, None without answers.

    nearest: mean over entries of the BLEU of the most similar other one, 0 to 100; None below two entries.
    """

    entries: int
    distinct: float | None
    nearest: float | None


@dataclass(frozen=True, slots=True)
class Yield:
    """found: entries in the replies, taken or not. left: how many were left out, by reason; examples: the first ones.

    per_call: taken, by calls that were answered. late: the same over the last tenth of the calls, at least one.
    """

    wanted: int
    kept: int
    calls: int
    found: int
    left: dict[str, int]
    examples: dict[str, list[Left]]
    per_call: float | None
    late: float | None
    curve: tuple[Point, ...]

    @property
    def is_full(self) -> bool:
        """Whether there is as much as was wanted."""
        return self.kept >= self.wanted


def summary(pool: Pool, mean_nearest: Callable[[Sequence[str]], float]) -> Yield:
    """What it came to. mean_nearest: of texts, the mean BLEU of each one's most similar other one."""
    return Yield(
        wanted=pool.wanted,
        kept=len(pool.kept),
        calls=pool.calls,
        found=pool.found,
        left=dict(sorted(pool.left.items(), key=lambda one: (-one[1], one[0]))),
        examples=pool.examples,
        per_call=len(pool.kept) / pool.calls if pool.calls else None,
        late=late(pool.growth),
        curve=tuple(curve(pool, mean_nearest)),
    )


def late(growth: Sequence[int]) -> float | None:
    """Entries a call over the last tenth of the calls: what more calls may bring."""
    if not growth:
        return None
    calls = max(1, len(growth) // 10)
    before = growth[-calls - 1] if len(growth) > calls else 0
    return (growth[-1] - before) / calls


def curve(pool: Pool, mean_nearest: Callable[[Sequence[str]], float]) -> list[Point]:
    """Of the first so many entries, for a dozen numbers from ten on, evenly apart in their logarithm."""
    texts = [one.entry.text for one in pool.kept]
    answers = [folded(one.entry.answer) for one in pool.kept]
    return [
        Point(
            entries=size,
            distinct=None if None in answers[:size] else len(set(answers[:size])) / size,
            nearest=mean_nearest(texts[:size]) if size > 1 else None,
        )
        for size in sizes(len(texts))
    ]


def sizes(number: int) -> list[int]:
    """How many entries to look at: a dozen numbers up to all of them."""
    if number <= FIRST_POINT:
        return [number] if number else []
    steps = [FIRST_POINT * (number / FIRST_POINT) ** (step / (POINTS - 1)) for step in range(POINTS)]
    return sorted({*(round(step) for step in steps[:-1]), number})
