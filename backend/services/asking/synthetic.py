"""What a synthesis has made, as dialogues and as a report. Asks nothing, writes no file."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from backend.db.syntheses import Synthesis
from backend.domain.data.dialogues import Dialogue
from backend.domain.records import Json, Turn
from backend.domain.synthesis import yields
from backend.domain.synthesis.closeness import mean_nearest
from backend.domain.synthesis.line import Line
from backend.domain.synthesis.methods import Way
from backend.domain.synthesis.pool import Left
from backend.domain.synthesis.yields import Yield
from backend.fast import cores
from backend.services.asking import syntheses, synthesis_templates

SOURCES = {Way.NQ: "nq-synthetic", Way.SELF_INSTRUCT: "self-instruct"}


@dataclass(frozen=True, slots=True)
class Made:
    """What there is: the line of its calls, and what that comes to."""

    one: Synthesis
    line: Line
    summary: Yield


def of(session: Session, one: Synthesis) -> Made:
    """What a synthesis has made until now."""
    line, core = syntheses.line_of(session, one), cores.core()
    return Made(one, line, yields.summary(line.pool, lambda texts: mean_nearest(texts, core)))


def dialogues(made: Made) -> Iterator[Dialogue]:
    """Every entry that was taken, with the call that brought it, and what that showed."""
    source = SOURCES[Way(made.one.way)]
    for kept in made.line.pool.kept:
        asked = made.line.asked(kept.call)
        answer = () if kept.entry.answer is None else (Turn("assistant", kept.entry.answer),)
        meta: dict[str, Json] = {
            "call": kept.call,
            "shown": list(asked.shown),
            "prompt_sha256": hashlib.sha256(asked.text.encode()).hexdigest(),
            "model": made.one.model,
        }
        yield Dialogue(f"{source}-{kept.number}", source, (Turn("user", kept.entry.text), *answer), meta)


def report(made: Made) -> dict[str, Json]:
    """Every number, for machines."""
    one, found = made.one, made.summary
    return {
        "synthesis": one.name,
        "way": one.way,
        "source": synthesis_templates.preset(Way(one.way)).source,
        "how": syntheses.in_words(one),
        "prompt_sha256": hashlib.sha256(one.prompt.encode()).hexdigest(),
        "seeds": [str(seed["key"]) for seed in one.seeds],
        "seeds_excluded": list(one.excluded),
        "evaluation": {"texts": len(one.evaluation), "closest": one.closest},
        "wanted": found.wanted,
        "kept": found.kept,
        "calls": found.calls,
        "found": found.found,
        "left_out": dict(found.left),
        "left_out_examples": {why: examples(left) for why, left in found.examples.items()},
        "kept_per_call": found.per_call,
        "kept_per_call_lately": found.late,
        "curve": [asdict(point) for point in found.curve],
    }


def examples(left: Sequence[Left]) -> list[Json]:
    """The first that were left out for a reason."""
    return [asdict(one) for one in left]
