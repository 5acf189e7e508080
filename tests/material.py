"""Small materials of results, worked out by hand or drawn by a seed. Knows no database."""

from collections.abc import Sequence

import numpy as np

from backend.domain.checks import KINDS, CheckAnswers, CheckKind
from backend.domain.results.material import Confirmations, Launched, Material, no_confirmations
from backend.domain.statistics.votes import Integers, Votes
from tests import factories

NO_ANSWERS = CheckAnswers(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int8), np.zeros(0, dtype=np.int8))

# (prompt, rater, candidate, preference, flipped, both bad, seconds); seats are given in the order of the rows.
Row = tuple[int, int, int, int, int, bool, float]


def material(
    rows: Sequence[Row],
    *,
    launched: Sequence[tuple[int, int]] | None = None,
    candidates: Sequence[str] = ("tuned",),
    raters: int | None = None,
    unjudgeable: Sequence[int] = (),
    begun: Sequence[bool] | None = None,
    words: int = 100,
    categories: Sequence[str] = (),
    answers: CheckAnswers = NO_ANSWERS,
    closed: bool = False,
    unsealed: bool = False,
    stopped: bool = False,
    seats: int = 3,
    opening: int | None = None,
    late: int = 0,
    skips: dict[str, int] | None = None,
    channels: Sequence[str] | None = None,
    confirmations: Confirmations | None = None,
    **settings: object,
) -> Material:
    """A material of these votes.

    launched: (prompt, candidate) of each comparison in launch order; None launches what the rows need. categories: one
    name for each prompt. Outputs have `words` words each, the candidate's twice as many, and one bold span.
    """
    of = list(dict.fromkeys((prompt, candidate) for prompt, _, candidate, *_ in rows)) if launched is None else launched
    prompts = 1 + max((prompt for prompt, _ in of), default=-1)
    people = 1 + max((rater for _, rater, *_ in rows), default=-1) if raters is None else raters
    names = sorted(set(categories))
    return Material(
        baseline="base",
        candidates=candidates,
        prompts=[f"p{prompt}" for prompt in range(prompts)],
        categories=names,
        raters=[f"R{rater:03}" for rater in range(people)],
        channels=channels if channels is not None else ["link"] * people,
        settings=factories.settings(seats=min(seats, 3) if opening else seats, **settings),
        seed=7,
        seats=seats,
        opening=opening or seats,
        votes=votes(rows, list(of)),
        launched=Launched(
            prompt=whole([prompt for prompt, _ in of]),
            candidate=whole([candidate for _, candidate in of]),
            unjudgeable=np.isin(np.arange(len(of)), unjudgeable),
            begun=np.array(begun if begun is not None else [True] * len(of), dtype=np.bool_),
            held=whole([0] * len(of)),
            skipped=whole([0] * len(of)),
            returned=whole([0] * len(of)),
            candidate_style=style(2 * words, 1, len(of)),
            baseline_style=style(words, 0, len(of)),
            category=whole([names.index(categories[prompt]) if categories else -1 for prompt, _ in of]),
        ),
        checks=answers,
        confirmations=confirmations or no_confirmations(people),
        late=late,
        skips=skips or {},
        is_closed=closed,
        was_unsealed=unsealed,
        was_stopped=stopped,
    )


def votes(rows: Sequence[Row], launched: list[tuple[int, int]]) -> Votes:
    """The rows as columns; each comparison's seats are numbered in the order of its rows."""
    place = [launched.index((prompt, candidate)) for prompt, _, candidate, *_ in rows]
    seat = [place[: number + 1].count(one) for number, one in enumerate(place)]
    return Votes(
        prompt=whole([row[0] for row in rows]),
        rater=whole([row[1] for row in rows]),
        comparison=whole(place),
        seat=whole(seat),
        candidate=whole([row[2] for row in rows]),
        preference=whole([row[3] for row in rows]),
        flipped=whole([row[4] for row in rows]),
        both_bad=np.array([row[5] for row in rows], dtype=np.bool_),
        seconds=np.array([row[6] for row in rows], dtype=np.float64),
    )


def style(words: int, bold: int, outputs: int) -> Integers:
    """The same counts for each output: words, characters, lines, list lines, bold, headers, code blocks."""
    return whole([[words, 5 * words, 3, 0, bold, 0, 0]] * outputs).reshape(outputs, 7)


def whole(numbers: Sequence[int] | Sequence[Sequence[int]]) -> Integers:
    return np.array(numbers, dtype=np.int64)


def check_answers(*rows: tuple[int, str, int]) -> CheckAnswers:
    """(rater, kind, mark) of each answer."""
    return CheckAnswers(
        whole([rater for rater, _, _ in rows]),
        np.array([KINDS.index(CheckKind(kind)) for _, kind, _ in rows], dtype=np.int8),
        np.array([mark for _, _, mark in rows], dtype=np.int8),
    )
