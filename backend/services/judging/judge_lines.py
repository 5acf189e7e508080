"""A study's judges as they are listed: what each was asked to compare, what it said so far, and its last job."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.judges import Judge, Judging
from backend.db.outputs import Output, System
from backend.errors import NotFound
from backend.services.asking import job_lines
from backend.services.asking.job_lines import JobLine
from backend.services.judging import judgements, judges
from backend.services.judging.judgements import Tally


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two systems that a judge compares. job: the last one that asked for their verdicts, or asks."""

    judging: Judging
    candidate: str
    baseline: str
    tally: Tally
    job: JobLine | None

    @property
    def is_live(self) -> bool:
        """Whether verdicts may still come by themselves."""
        return self.job is not None and self.job.is_live


@dataclass(frozen=True, slots=True)
class JudgeLine:
    """A judge with all that it compares."""

    judge: Judge
    pairs: tuple[PairLine, ...]

    @property
    def is_live(self) -> bool:
        """Whether it is being asked."""
        return any(pair.is_live for pair in self.pairs)


def lines(session: Session, study_id: int, *, now: datetime) -> list[JudgeLine]:
    """Every judge of the study, in the order in which they were declared."""
    return of(session, study_id, judges.of_study(session, study_id), now=now)


def line(session: Session, study_id: int, judge_id: int, *, now: datetime) -> JudgeLine:
    """One judge of this study, or NotFound."""
    return of(session, study_id, [in_study(session, study_id, judge_id)], now=now)[0]


def in_study(session: Session, study_id: int, judge_id: int) -> Judge:
    """The judge, or NotFound where it is another study's."""
    judge = judges.get(session, judge_id)
    if judge.study_id != study_id:
        raise NotFound(f"There is no judge {judge_id} in this study.")
    return judge


def of(session: Session, study_id: int, chosen: Sequence[Judge], *, now: datetime) -> list[JudgeLine]:
    """These judges with their pairs."""
    names = dict(session.execute(select(System.id, System.name).where(System.study_id == study_id)).all())
    under_way = newest_jobs(session, study_id, now=now)
    asked = defaultdict[int, list[Judging]](list)
    for judging in session.scalars(select(Judging).where(Judging.study_id == study_id).order_by(Judging.id)):
        asked[judging.judge_id].append(judging)
    return [
        JudgeLine(
            judge,
            tuple(
                PairLine(
                    judging=one,
                    candidate=names[one.candidate_id],
                    baseline=names[one.baseline_id],
                    tally=judgements.tally(session, judge, one),
                    job=under_way.get(one.id),
                )
                for one in asked[judge.id]
            ),
        )
        for judge in chosen
    ]


def newest_jobs(session: Session, study_id: int, *, now: datetime) -> dict[int, JobLine]:
    """judging -> the last job that asked for its verdicts."""
    newest = select(func.max(Job.id)).where(Job.study_id == study_id, Job.judging_id.is_not(None))
    ids = session.scalars(newest.group_by(Job.judging_id)).all()
    return {one.job.judging_id: one for one in job_lines.lines(session, ids, now=now) if one.job.judging_id}


def answering(session: Session, study_id: int) -> dict[str, int]:
    """name -> outputs of the study's systems that have any: what a judge can be asked about."""
    rows = session.execute(
        select(System.name, func.count())
        .join(Output, Output.system_id == System.id)
        .where(System.study_id == study_id)
        .group_by(System.id, System.name)
        .order_by(System.id)
    )
    return dict(rows.all())
