"""Every study at a glance: how far it is, its win rate so far, who is at work, and what needs a hand. Knows no page."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.outputs import Output, System
from backend.db.raters import Link
from backend.db.studies import Study
from backend.services.money import spending
from backend.services.overview import glances
from backend.services.overview.glances import Glance, Headline, Memory, Pulse
from backend.services.studies import sealing
from backend.services.studies.sealing import Seal

STUDIES_A_PAGE = 20
BATCHES_A_STUDY = 3
LONGEST_SEARCH = 200
QUIET = timedelta(days=1)


class FlagKind(StrEnum):
    """What needs a hand, and where."""

    NOT_LAUNCHED = "not_launched"
    NO_PAIR = "no_pair"
    SAYS_WHO = "says_who"
    NO_LINKS = "no_links"
    PAUSED = "paused"
    STALLED = "stalled"
    COMPLETE = "complete"
    UNJUDGEABLE = "unjudgeable"
    RATERS = "raters"
    APPEALS = "appeals"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to act on. count: of outputs, systems with some, open seats, comparisons, raters, appeals or work."""

    kind: FlagKind
    count: int = 0


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch at a glance. glance: None while its votes are still being counted. headline: None while it is sealed."""

    batch: Batch
    baseline: str
    pulse: Pulse
    glance: Glance | None
    seal: Seal
    flags: tuple[Flag, ...]

    @property
    def headline(self) -> Headline | None:
        """What the votes say so far, if it may be seen."""
        return None if self.glance is None or self.seal.is_sealed else self.glance.headline


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study with its newest batches; `older` ones are only counted."""

    study: Study
    systems: tuple[str, ...]
    batches: tuple[BatchLine, ...]
    older: int
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page of the studies that were searched for. found: studies that fit; studies: all there are.

    appeals: batch -> those that nobody has answered, on whatever page the batch is: people wait for them.
    """

    query: str
    page: int
    found: int
    studies: int
    lines: tuple[StudyLine, ...]
    appeals: Mapping[int, int]

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.found // STUDIES_A_PAGE))

    @property
    def is_counting(self) -> bool:
        """Whether some batch's votes are still to be counted."""
        return any(batch.glance is None for line in self.lines for batch in line.batches)


def look(
    session: Session, memory: Memory, *, key: str, query: str, page: int, now: datetime, patient: bool
) -> Dashboard:
    """The page of studies that fit the query, those with the newest launch or import first.

    page: from 1; beyond the last one it is the last one. For `key` and `patient` see `glances.look`.
    """
    query = query.replace("\0", "")[:LONGEST_SEARCH].strip()
    found = session.execute(select(func.count()).select_from(fitting(query).subquery())).scalar_one()
    page = min(max(page, 1), max(1, -(-found // STUDIES_A_PAGE)))
    newest = select(func.max(Batch.created_at)).where(Batch.study_id == Study.id).scalar_subquery()
    studies = session.scalars(
        fitting(query)
        .order_by(func.coalesce(newest, Study.created_at).desc(), Study.id.desc())
        .limit(STUDIES_A_PAGE)
        .offset((page - 1) * STUDIES_A_PAGE)
    ).all()
    appeals = spending.open_appeals(session)
    return Dashboard(
        query=query,
        page=page,
        found=found,
        studies=session.execute(select(func.count()).select_from(Study)).scalar_one(),
        lines=tuple(study_lines(session, memory, studies, appeals, key=key, now=now, patient=patient)),
        appeals=appeals,
    )


def fitting(query: str) -> Select[Study]:
    """The studies with these letters in their name or in a system's; all of them without any."""
    if not query:
        return select(Study)
    of_system = exists().where(System.study_id == Study.id, System.name.icontains(query, autoescape=True))
    return select(Study).where(Study.name.icontains(query, autoescape=True) | of_system)


def study_lines(
    session: Session,
    memory: Memory,
    studies: Sequence[Study],
    appeals: Mapping[int, int],
    *,
    key: str,
    now: datetime,
    patient: bool,
) -> Iterator[StudyLine]:
    """Each of these studies with its newest batches."""
    ids = [study.id for study in studies]
    systems, launched = systems_of(session, ids), batches_of(session, ids)
    shown = [one for of in launched.values() for one in of[:BATCHES_A_STUDY]]
    lines = batch_lines(session, memory, shown, appeals, key=key, now=now, patient=patient)
    waiting = [study for study in studies if study.id not in launched]
    telling, answered = outputs_that_tell(session, waiting), systems_with_outputs(session, waiting)
    for study in studies:
        of = launched.get(study.id, [])
        yield StudyLine(
            study=study,
            systems=tuple(systems[study.id]),
            batches=tuple(lines[batch.id] for batch, _ in of[:BATCHES_A_STUDY]),
            older=max(0, len(of) - BATCHES_A_STUDY),
            flags=() if of else tuple(before_launch(telling.get(study.id, 0), answered.get(study.id, 0))),
        )


def systems_of(session: Session, study_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """study -> its systems' names, in the order of their import."""
    rows = session.execute(
        select(System.study_id, System.name).where(System.study_id.in_(study_ids)).order_by(System.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for study, name in rows:
        found[study].append(name)
    return found


Launched = tuple[Batch, str]


def batches_of(session: Session, study_ids: Sequence[int]) -> dict[int, list[Launched]]:
    """study -> its batches, the newest first, each with its baseline's name; nothing for a study without."""
    rows = session.execute(
        select(Batch, System.name)
        .join(System, System.id == Batch.baseline_id)
        .where(Batch.study_id.in_(study_ids))
        .order_by(Batch.id.desc())
    )
    found: dict[int, list[Launched]] = {}
    for batch, baseline in rows:
        found.setdefault(batch.study_id, []).append((batch, baseline))
    return found


def batch_lines(
    session: Session,
    memory: Memory,
    launched: Sequence[Launched],
    appeals: Mapping[int, int],
    *,
    key: str,
    now: datetime,
    patient: bool,
) -> dict[int, BatchLine]:
    """batch id -> the batch at a glance, with what needs a hand."""
    ids = [batch.id for batch, _ in launched]
    pulses, linked = glances.pulses(session, ids, now=now), with_links(session, ids)
    pairs = [(batch, pulses[batch.id]) for batch, _ in launched]
    seen = glances.look(session, memory, pairs, key=key, now=now, patient=patient)
    lines = {}
    for batch, baseline in launched:
        pulse, glance, seal = pulses[batch.id], seen.get(batch.id), sealing.seal(session, batch)
        flags = [
            *about_money(pulse, glance, appeals=appeals.get(batch.id, 0)),
            *in_batch(batch, pulse, glance, is_linked=batch.id in linked, is_sealed=seal.is_sealed, now=now),
        ]
        lines[batch.id] = BatchLine(batch, baseline, pulse, glance, seal, tuple(flags))
    return lines


def with_links(session: Session, batch_ids: Sequence[int]) -> set[int]:
    """The batches that somebody can come to."""
    live = exists().where(Link.batch_id == Batch.id, Link.revoked_at.is_(None))
    return set(session.scalars(select(Batch.id).where(Batch.id.in_(batch_ids), live)))


def outputs_that_tell(session: Session, studies: Iterable[Study]) -> dict[int, int]:
    """study -> how many outputs say who wrote them, where raters would see it. Scrubbing changes all at once."""
    noted = {study.id: study.import_report.get("mentions", {"total": 0, "outputs": []}) for study in studies}
    first = {study: found["outputs"][0] for study, found in noted.items() if found["outputs"]}
    scrubbed = set(session.scalars(select(Output.id).where(Output.id.in_(first.values()), Output.shown.is_not(None))))
    return {study: noted[study]["total"] for study, output in first.items() if output not in scrubbed}


def systems_with_outputs(session: Session, studies: Iterable[Study]) -> dict[int, int]:
    """study -> how many systems a launch could compare; nothing for none."""
    has_one = exists().where(Output.system_id == System.id)
    rows = session.execute(
        select(System.study_id, func.count())
        .where(System.study_id.in_([study.id for study in studies]), has_one)
        .group_by(System.study_id)
    )
    return dict(rows.all())


def before_launch(telling: int, systems: int) -> Iterator[Flag]:
    """What needs a hand in a study that was never launched. systems: how many have outputs."""
    if telling:
        yield Flag(FlagKind.SAYS_WHO, telling)
    yield Flag(FlagKind.NOT_LAUNCHED) if systems > 1 else Flag(FlagKind.NO_PAIR, systems)


def about_money(pulse: Pulse, glance: Glance | None, *, appeals: int) -> Iterator[Flag]:
    """What needs a hand about pay, in a closed batch too. While raters work, unpaid work waits for the next round."""
    if appeals:
        yield Flag(FlagKind.APPEALS, appeals)
    if glance and glance.unpaid and pulse.budget and (pulse.is_complete or not pulse.budget.left):
        yield Flag(FlagKind.UNPAID, glance.unpaid)


def in_batch(
    batch: Batch, pulse: Pulse, glance: Glance | None, *, is_linked: bool, is_sealed: bool, now: datetime
) -> Iterator[Flag]:
    """What needs a hand in a batch; nothing in one that was closed, for closing it says that it was looked at."""
    if batch.state == BatchState.CLOSED:
        return
    if pulse.is_complete:
        yield Flag(FlagKind.COMPLETE)
    if pulse.open and batch.state == BatchState.PAUSED:
        yield Flag(FlagKind.PAUSED, pulse.open)
    elif pulse.open and not is_linked:
        yield Flag(FlagKind.NO_LINKS, pulse.open)
    elif pulse.open and glance and not pulse.at_work and now - (glance.last_rated_at or batch.created_at) >= QUIET:
        yield Flag(FlagKind.STALLED, pulse.open)
    if glance and glance.flagged and not is_sealed:
        yield Flag(FlagKind.RATERS, glance.flagged)
    if glance and glance.unjudgeable:
        yield Flag(FlagKind.UNJUDGEABLE, glance.unjudgeable)
