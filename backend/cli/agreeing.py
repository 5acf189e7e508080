"""Holds what simulated people say that they answered against what a study makes of it, by their words alone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.db.comparisons import Comparison
from backend.db.outputs import Output
from backend.simulator.people import Answer, Diary
from backend.simulator.surfing import Seen
from backend.web.markdown import rendered

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Majorities:
    """Outcomes over all comparisons of a batch. unclear: comparisons that nobody can tell from another."""

    candidate: int
    tie: int
    baseline: int
    split: int
    unclear: int


def by_diary(session: Session, batch_id: int, diary: Diary) -> Majorities:
    """The majorities, from the texts that people saw and what they pressed."""
    known = comparisons(session, batch_id)
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    unclear = sum(len(places) for pair, places in known.items() if is_unclear(pair, known))
    for answer in diary.answers:
        for (candidate, _), place in placed(answer, known):
            votes[place][preferred(answer, candidate)] += 1
    outcomes = Counter(majority(counts) for counts in votes.values())
    return Majorities(outcomes["candidate"], outcomes["tie"], outcomes["baseline"], outcomes["split"], unclear)


def placed(answer: Answer, known: Mapping[Pair, list[int]]) -> list[tuple[Pair, int]]:
    """Which comparison an answer was about, where its two texts leave no doubt."""
    first, second = squeezed(answer.first), squeezed(answer.second)
    pairs = {(first, second), (second, first)} & known.keys()
    return [(pair, known[pair][0]) for pair in pairs if not is_unclear(pair, known)]


def is_unclear(pair: Pair, known: Mapping[Pair, list[int]]) -> bool:
    """Whether nobody can tell the sides of this pair, or the comparison from another of the same texts."""
    return pair[0] == pair[1] or len(known[pair]) > 1 or pair[::-1] in known


def preferred(answer: Answer, candidate: str) -> str:
    """candidate, tie or baseline."""
    if answer.choice not in ("first", "second"):
        return "tie"
    pressed = answer.first if answer.choice == "first" else answer.second
    return "candidate" if squeezed(pressed) == candidate else "baseline"


def majority(counts: Counter[str]) -> str:
    """What more than half of them chose, else split."""
    word, most = counts.most_common(1)[0]
    return word if 2 * most > counts.total() else "split"


def comparisons(session: Session, batch_id: int) -> dict[Pair, list[int]]:
    """(candidate's text, baseline's text) as they are read on a page -> the places of such comparisons."""
    ours, theirs = aliased(Output), aliased(Output)
    rows = session.execute(
        select(
            Comparison.position,
            func.coalesce(ours.shown, ours.text).label("candidate"),
            func.coalesce(theirs.shown, theirs.text).label("baseline"),
        )
        .join(ours, ours.id == Comparison.candidate_output_id)
        .join(theirs, theirs.id == Comparison.baseline_output_id)
        .where(Comparison.batch_id == batch_id)
    )
    found: dict[Pair, list[int]] = defaultdict(list)
    for row in rows:
        found[read(row.candidate), read(row.baseline)].append(row.position)
    return found


def read(text: str) -> str:
    """An output as somebody reads it."""
    return squeezed(Seen("", 200, f"<div data-output>{rendered(text)}</div>").outputs[0])


def squeezed(text: str) -> str:
    return " ".join(text.split())
