"""Steps about a dialogue's shape: who speaks when, blank turns, length, splitting to a block. Knows no wording."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from backend.domain.data.dialogues import Dialogue, excerpt
from backend.domain.data.outcomes import Note, Outcome, changed, dropped, kept
from backend.domain.records import Turn

LEADING, TRAILING = "began with an answer, which was cut", "ended with a query, which was cut"
ROLE_NAMES = {"user": "the user", "assistant": "the assistant", "system": "the system"}


def alternating(dialogue: Dialogue) -> Outcome:
    """Cut to query, answer, query, answer, after what the system says; dropped where the middle is broken."""
    system, turns = opening(dialogue.turns)
    notes = []
    start = next((at for at, turn in enumerate(turns) if turn.role != "assistant"), len(turns))
    if start:
        notes.append(Note(LEADING, excerpt(turns[0].text)))
    end = whole(turns)
    if end < len(turns):
        notes.append(Note(TRAILING, excerpt(turns[-1].text)))
    middle = turns[start:end]
    if not middle:
        return dropped("no query with an answer", turns[0].text if turns else "")
    for at, turn in enumerate(middle):
        if turn.role != ("user", "assistant")[at % 2]:
            return dropped(broken(middle, at), turn.text)
    return changed(dialogue.but((*system, *middle)), *notes) if notes else kept(dialogue)


def broken(turns: Sequence[Turn], at: int) -> str:
    """Why the turn at this place can't stand there."""
    if turns[at].role == "system":
        return "the system speaks in the middle"
    return f"{ROLE_NAMES[turns[at].role]} speaks twice in a row"


def opening(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """(what the system says first, the rest)."""
    end = next((at for at, turn in enumerate(turns) if turn.role != "system"), len(turns))
    return tuple(turns[:end]), tuple(turns[end:])


def whole(turns: Sequence[Turn]) -> int:
    """How many turns are left once queries at the end are cut."""
    end = len(turns)
    while end and turns[end - 1].role == "user":
        end -= 1
    return end


def unblank(dialogue: Dialogue) -> Outcome:
    """Cut before the first blank turn, to whole pairs; dropped where no answer is left."""
    at = next((at for at, turn in enumerate(dialogue.turns) if is_blank(turn.text)), None)
    if at is None:
        return kept(dialogue)
    turns = dialogue.turns[: whole(dialogue.turns[:at])]
    if not any(turn.role == "assistant" for turn in turns):
        return dropped("a blank turn before the first answer ends", excerpt(dialogue.turns[max(0, at - 1)].text))
    return changed(dialogue.but(turns), Note("cut before a blank turn", excerpt(dialogue.turns[at - 1].text)))


def is_blank(text: str) -> bool:
    """Nothing to read: empty, white space, or a sign at its start that can't be printed."""
    stripped = text.strip()
    return not stripped or not stripped[0].isprintable()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a dialogue may be, in characters, and how long one turn may; 0 for no limit."""

    least: int = 0
    most: int = 0
    longest_turn: int = 0


def measured(dialogue: Dialogue, bounds: Bounds) -> Outcome:
    """Dropped where it is shorter or longer than the bounds."""
    if dialogue.characters < bounds.least:
        return dropped(f"shorter than {bounds.least:,} characters", " / ".join(turn.text for turn in dialogue.turns))
    if bounds.most and dialogue.characters > bounds.most:
        return dropped(f"longer than {bounds.most:,} characters", first_text(dialogue))
    for turn in dialogue.turns:
        if bounds.longest_turn and len(turn.text) > bounds.longest_turn:
            return dropped(f"a turn longer than {bounds.longest_turn:,} characters", turn.text)
    return kept(dialogue)


def first_text(dialogue: Dialogue) -> str:
    return dialogue.turns[0].text if dialogue.turns else ""


def split(dialogue: Dialogue, *, longest: int, cost: Callable[[Turn], int]) -> Outcome:
    """Parts that cost `longest` at most, cut between an answer and a query. Nothing is lost.

    Every query comes out once, with its answer, in order; what the system says opens every part. A query with
    its answer that costs more than a part may is a part of its own, and noted: whoever trains on it has to cut it.
    """
    system, turns = opening(dialogue.turns)
    room = longest - sum(cost(turn) for turn in system)
    parts, notes = [], []
    for part in packed(rounds(turns), room, cost):
        parts.append(dialogue.but((*system, *part)))
        if sum(cost(turn) for turn in part) > room:
            notes.append(Note("a query with its answer is longer than a block", excerpt(part[0].text)))
    if len(parts) < 2:
        return changed(dialogue, *notes) if notes else kept(dialogue)
    named = (Dialogue(f"{part.id}#{at}", part.source, part.turns, part.meta) for at, part in enumerate(parts, start=1))
    return Outcome(tuple(named), (Note("split", f"into {len(parts)}"), *notes))


def rounds(turns: Sequence[Turn]) -> Iterator[tuple[Turn, ...]]:
    """Each query with what follows it up to the next one."""
    start = 0
    for at in range(1, len(turns) + 1):
        if at == len(turns) or turns[at].role == "user":
            yield tuple(turns[start:at])
            start = at


def packed(pieces: Iterable[tuple[Turn, ...]], room: int, cost: Callable[[Turn], int]) -> Iterator[tuple[Turn, ...]]:
    """Neighbours together as long as they fit."""
    part: tuple[Turn, ...] = ()
    filled = 0
    for piece in pieces:
        price = sum(cost(turn) for turn in piece)
        if part and filled + price > room:
            yield part
            part, filled = (), 0
        part, filled = (*part, *piece), filled + price
    if part:
        yield part
