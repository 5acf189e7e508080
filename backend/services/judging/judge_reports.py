"""What a judge said of two systems, for its reader: counts, habits, what could not be read, and where to doubt it.

Doubts are worked out on reading; they change no verdict.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging, Verdict
from backend.db.outputs import System
from backend.domain.choices import Choice
from backend.domain.judging.injection import Answered, Obedience, flags
from backend.domain.judging.templates import Template
from backend.services.judging import judgements, judges, judgings
from backend.services.judging.judgements import Judged, Tally
from backend.services.judging.judgings import Pair
from backend.services.studies import studies


@dataclass(frozen=True, slots=True)
class Doubt:
    """A verdict that may follow what an output told the judge to say; flipped: the candidate was shown second."""

    key: str
    flipped: bool
    obedience: Obedience
    evidence: str


@dataclass(frozen=True, slots=True)
class Report:
    """A judge's tally on two systems. doubts: None where the judge's words are not known."""

    judge: Judge
    candidate: str
    baseline: str
    tally: Tally
    doubts: tuple[Doubt, ...] | None


def judgings_of(session: Session, judge: Judge) -> Sequence[Judging]:
    """What a judge was asked to compare, in order."""
    return session.scalars(select(Judging).where(Judging.judge_id == judge.id).order_by(Judging.id)).all()


def reports(session: Session, study_id: int, *, name: str | None = None) -> list[Report]:
    """Of every judge of a study, or of one, and of every pair of systems that it compares."""
    studies.get(session, study_id)
    chosen = judges.of_study(session, study_id) if name is None else [judges.by_name(session, study_id, name)]
    return [report(session, judge, one) for judge in chosen for one in judgings_of(session, judge)]


def report(session: Session, judge: Judge, judging: Judging) -> Report:
    """One judge, and two systems."""
    candidate, baseline = names_of(session, judging)
    found = judgements.of(session, judge, judging)
    return Report(
        judge=judge,
        candidate=candidate,
        baseline=baseline,
        tally=judgements.tally_of(session, judge, judging, found),
        doubts=doubts(session, judge, judging, found),
    )


def names_of(session: Session, judging: Judging) -> tuple[str, str]:
    """(the candidate, the baseline)."""
    return (
        session.get_one(System, judging.candidate_id).name,
        session.get_one(System, judging.baseline_id).name,
    )


def doubts(session: Session, judge: Judge, judging: Judging, found: Sequence[Judged]) -> tuple[Doubt, ...] | None:
    """Every doubt about these verdicts."""
    templates = judges.templates_of(judge)
    if not templates:
        return None
    rows = session.execute(judgings.pairs(judging.candidate_id, judging.baseline_id)).all()
    pairs = {prompt.id: judgings.pair_of(prompt, first, second) for prompt, first, second in rows}
    return tuple(one for row in found for one in doubts_of(row, pairs[row.prompt_id], judge, templates))


def doubts_of(row: Judged, pair: Pair, judge: Judge, templates: Mapping[str, Template]) -> Iterator[Doubt]:
    """The doubts about the verdicts on one prompt."""
    template = templates[judges.template_name(judge.template, pair.category)]
    texts = (pair.first.text, pair.second.text)
    for flipped, verdict, other in ((False, row.straight, row.flipped), (True, row.flipped, row.straight)):
        if verdict is not None:
            first, second = texts[::-1] if flipped else texts
            here = Answered(first, second, verdict.raw, choice_of(verdict))
            for flag in flags(template, here, other=choice_of(other)):
                yield Doubt(row.key, flipped, flag.obedience, flag.evidence)


def choice_of(verdict: Verdict | None) -> Choice | None:
    """What was chosen; None where nothing was, or could be read."""
    return None if verdict is None or verdict.choice is None else Choice(verdict.choice)
