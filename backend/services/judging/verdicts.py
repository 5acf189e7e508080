"""Verdicts that come from a file: each once, and the same file again adds nothing."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from backend.db.judges import Judge, Verdict
from backend.errors import Conflict, Invalid

SAYS = ("choice", "strength", "first_score", "second_score", "first_probability", "reason", "raw")


def add(session: Session, judge: Judge, given: Sequence[tuple[str, Mapping[str, object]]]) -> tuple[int, int]:
    """(how many were added, how many were there). given: where each is from, and its columns.

    Invalid where the files say two things of one pair in one order, Conflict where they say another than is stored.
    """
    stored = {
        (one.first_id, one.second_id): {name: getattr(one, name) for name in SAYS}
        for one in session.scalars(select(Verdict).where(Verdict.judge_id == judge.id))
    }
    new: dict[tuple[object, object], Mapping[str, object]] = {}
    already = 0
    for where, row in given:
        place, says = (row["first_id"], row["second_id"]), {name: row[name] for name in SAYS}
        if place in stored:
            if stored[place] != says:
                raise Conflict(f"{where} has another verdict than {judge.name} has already; choose another name.")
            already += 1
        elif place in new:
            if {name: new[place][name] for name in SAYS} != says:
                raise Invalid(f"{where} has a second verdict on outputs that it has one on, in the same order.")
        else:
            new[place] = row
    if new:
        session.execute(insert(Verdict), list(new.values()))
    return len(new), already
