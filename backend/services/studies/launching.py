"""Launching a batch and extending it: settings frozen, comparisons seated. All or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison
from backend.db.studies import Study, StudyVersion
from backend.domain.gold import Gold
from backend.domain.rules import ExclusionKind
from backend.domain.settings import StudySettings, from_json
from backend.errors import Conflict, Invalid
from backend.services.studies import gold as golds
from backend.services.studies import seating
from backend.services.studies.batches import systems_of
from backend.services.studies.studies import answered_systems


def launch(
    session: Session,
    study: Study,
    *,
    baseline: str,
    seed: int,
    now: datetime,
    candidates: Sequence[str] = (),
    prompts: int | None = None,
    gold: Sequence[Gold] = (),
) -> Batch:
    """Freeze the study's settings and seat every comparison of the candidates against the baseline.

    candidates: names of systems; none means every system but the baseline. prompts: how many prompts, in an order
    drawn by the seed; None means all. gold: comparisons of known outcome, where the settings declare gold checks.
    Raises Invalid when a name is unknown, nothing can be compared, or gold is declared and not given.
    """
    refuse_alone(session, study)
    systems = systems_of(session, study.id)
    chosen = chosen_candidates(systems, baseline, candidates)
    settings = from_json(study.settings)
    refuse_strangers(settings, systems, chosen)
    refuse_idle(settings)
    batch = Batch(
        study_id=study.id,
        version_id=frozen(session, study, settings, now=now).id,
        baseline_id=systems[baseline],
        seats=settings.seats_launched,
        opening=settings.seats,
        seed=seed,
        session_size=settings.session_size,
        rater_cap=settings.rater_cap,
        lease_seconds=settings.lease_minutes * 60,
        created_at=now,
    )
    session.add(batch)
    session.flush()
    seating.seat(session, batch, chosen, prompts=prompts, first_position=0)
    refuse_never_stopping(session, batch, settings)
    golds.prepare(session, batch, settings, gold)
    return batch


def chosen_candidates(systems: Mapping[str, int], baseline: str, candidates: Sequence[str]) -> list[int]:
    """The candidates' ids; Invalid, with the names there are, when one is unknown or is the baseline."""
    names = ", ".join(sorted(systems))
    if unknown := [name for name in (baseline, *candidates) if name not in systems]:
        raise Invalid(f"There is no system called {unknown[0]!r} in this study; there are: {names}.")
    if baseline in candidates:
        raise Invalid(f"{baseline!r} is the baseline, so it can't be a candidate too.")
    return [systems[name] for name in candidates or systems if name != baseline]


def refuse_alone(session: Session, study: Study) -> None:
    """Invalid unless two systems have outputs; says how another one gets them."""
    there = list(answered_systems(session, study.id))
    if len(there) < 2:
        raise Invalid(
            f"A launch compares two systems, and {f'only {there[0]} has' if there else 'none has any'} outputs. "
            f"Generate another's under the study's Systems, or with `assay generate {study.id} --system NAME`."
        )


def refuse_idle(settings: StudySettings) -> None:
    """Invalid when raters are to be left out for checks that nobody would meet."""
    rates, kinds = settings.checks, {rule.kind for rule in settings.exclusions}
    if ExclusionKind.FAILED_CHECKS in kinds and not rates.gold + rates.attention:
        raise Invalid("The settings leave out raters who fail checks, but declare no gold and no attention checks.")
    if ExclusionKind.INCONSISTENT in kinds and not rates.repeat:
        raise Invalid("The settings leave out raters who answer repeats otherwise, but declare no repeats.")


def refuse_never_stopping(session: Session, batch: Batch, settings: StudySettings) -> None:
    """Invalid when the stop rule waits for more prompts than the batch has."""
    if settings.stopping is None:
        return
    there = session.execute(
        select(func.count(Comparison.prompt_id.distinct())).where(Comparison.batch_id == batch.id)
    ).scalar_one()
    if settings.stopping.least_prompts > there:
        raise Invalid(
            f"The settings let the batch stop from {settings.stopping.least_prompts:,} prompts on (least_prompts of "
            f"stopping), but it has only {there:,}, so it never could."
        )


def refuse_strangers(settings: StudySettings, systems: Mapping[str, int], candidates: Sequence[int]) -> None:
    """Invalid when a declared rule names a system that is not there, or a primary or base one that is no candidate."""
    asked = settings.analysis
    named = {"the primary candidate": asked.primary, "the base system": asked.base}
    for role, name in [*named.items(), *(("a system on the ladder", rung.system) for rung in asked.ladder)]:
        if name is not None and name not in systems:
            there = ", ".join(sorted(systems))
            raise Invalid(f"The settings name {name!r} as {role}, but this study has only: {there}.")
    for role, key in (("the primary candidate", "primary"), ("the base system", "base")):
        name = named[role]
        if name is not None and systems[name] not in candidates:
            raise Invalid(f"The settings declare {name!r} as {role} (analysis.{key}), but it is no candidate here.")


def frozen(session: Session, study: Study, settings: StudySettings, *, now: datetime) -> StudyVersion:
    """The version with exactly these settings: the one that exists, or a new one with the next number."""
    versions = session.scalars(select(StudyVersion).where(StudyVersion.study_id == study.id)).all()
    for version in versions:
        if version.settings_hash == settings.content_hash:
            return version
    made = StudyVersion(
        study_id=study.id,
        number=len(versions) + 1,
        settings_hash=settings.content_hash,
        settings=settings.to_json(),
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def extend(session: Session, batch: Batch, *, prompts: int | None = None) -> int:
    """Add prompts that the batch does not have yet, for every candidate it has; how many comparisons were added.

    Raises Conflict on a closed batch and Invalid when no prompt is left.
    """
    if batch.state == BatchState.CLOSED:
        raise Conflict("A closed batch can't be extended; launch a new batch instead.")
    launched = session.execute(
        select(Comparison.candidate_id, func.max(Comparison.position))
        .where(Comparison.batch_id == batch.id)
        .group_by(Comparison.candidate_id)
    ).all()
    last = max((position for _, position in launched), default=-1)
    return seating.seat(
        session, batch, [candidate for candidate, _ in launched], prompts=prompts, first_position=last + 1
    )


def prompts_left(session: Session, batch: Batch) -> int:
    """How many prompts an extension could still add."""
    launched = select(Comparison.candidate_id).where(Comparison.batch_id == batch.id).distinct()
    outputs = seating.comparable(session, batch, session.scalars(launched).all(), None)
    return len({prompt for of in outputs.values() for prompt in of})
