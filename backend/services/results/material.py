"""Gathers what a batch's results are computed from, as whole columns. Computes no result."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from backend.db.assignments import SkipReason
from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import System
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.studies import Prompt
from backend.db.styles import OutputStyle
from backend.domain.checks import CheckAnswers
from backend.domain.choices import Choice
from backend.domain.results import exclusions
from backend.domain.results.material import Confirmations, Launched, Material, no_confirmations, ranks
from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Flags, Integers, Votes
from backend.services import columns
from backend.services.judging import said
from backend.services.pseudonyms import pseudonyms
from backend.services.rating import check_marks
from backend.services.results import confirmed
from backend.services.studies import batches, seated
from backend.services.studies.seated import HELD, LAPSED, LATE, RATED, RETURNED, SKIPPED

CHOICES = (Choice.FIRST, Choice.SECOND, Choice.TIE, Choice.BOTH_BAD)
FIRST, SECOND, _, BOTH_BAD = range(len(CHOICES))
STYLE = ("words", "characters", "lines", "list_lines", "bold", "headers", "code_blocks")


def gather(session: Session, batch: Batch, *, key: str) -> Material:
    """Everything of one consistent look. key: the server's, for the raters' pseudonyms."""
    names = dict(session.execute(select(System.id, System.name).where(System.study_id == batch.study_id)).all())
    compared = comparisons(session, batch)
    rows = seated.assignments(session, batch.id)
    known, candidate = dense(compared["candidate"])
    prompt, prompts, category, categories = prompts_of(session, compared["prompt"], batch.study_id)
    names_of = pseudonyms(key, batch.id)
    rater, raters = raters_of(rows["rater"], names_of)
    place = columns.places(compared["id"], rows["comparison"])
    candidate_style, baseline_style = styles(session, compared["candidate_output"], compared["baseline_output"])
    return Material(
        baseline=names[batch.baseline_id],
        candidates=[names[int(number)] for number in known],
        prompts=prompts,
        categories=categories,
        raters=raters,
        channels=channels_of(session, rows["rater"], names_of),
        settings=batches.settings_of(session, batch),
        seed=batch.seed,
        seats=batch.seats,
        opening=batch.opening,
        votes=votes(session, batch, rows, place, rater, prompt, candidate),
        launched=Launched(
            prompt=prompt,
            candidate=candidate,
            unjudgeable=compared["unjudgeable"] == 1,
            begun=begun(session, batch, rows["rater"], place, len(prompt)),
            held=counted(place, rows["state"] == HELD, len(prompt)),
            skipped=counted(place, rows["state"] == SKIPPED, len(prompt)),
            returned=counted(place, np.isin(rows["state"], (RETURNED, LAPSED)), len(prompt)),
            candidate_style=candidate_style,
            baseline_style=baseline_style,
            category=category,
        ),
        checks=check_answers(session, batch, raters, names_of),
        confirmations=confirmations(session, batch, raters, names_of),
        late=int((rows["state"] == LATE).sum()),
        skips=skips(rows["reason"]),
        is_closed=batch.state == BatchState.CLOSED,
        was_unsealed=batch.unsealed_at is not None,
        was_stopped=batch.stopped_at is not None,
        judges=said.of_batch(
            session, batch, candidate=compared["candidate_output"], baseline=compared["baseline_output"]
        ),
    )


def check_answers(session: Session, batch: Batch, raters: Sequence[str], names: Mapping[int, str]) -> CheckAnswers:
    """Finished checks, under the raters' codes."""
    found, codes = check_marks.answers(session, batch.id), {name: code for code, name in enumerate(raters)}
    of = np.array([codes[names[int(rater)]] for rater in found.raters], dtype=np.int64)
    return CheckAnswers(of, found.kinds, found.marks)


def confirmations(session: Session, batch: Batch, raters: Sequence[str], names: Mapping[int, str]) -> Confirmations:
    """What vendors have confirmed, where a declared rule asks for it."""
    if not exclusions.asks_vendors(batches.settings_of(session, batch)):
        return no_confirmations(len(raters))
    return confirmed.counts(session, batch.id, raters=raters, names=names)


def comparisons(session: Session, batch: Batch) -> dict[str, Integers]:
    """The batch's comparisons in launch order."""
    statement = select(
        Comparison.position,
        Comparison.id,
        Comparison.prompt_id,
        Comparison.candidate_id,
        Comparison.candidate_output_id,
        Comparison.baseline_output_id,
        case((Comparison.unjudgeable, 1), else_=0),
    ).where(Comparison.batch_id == batch.id)
    found = columns.in_order(columns.read(session, statement))
    names = ("position", "id", "prompt", "candidate", "candidate_output", "baseline_output", "unjudgeable")
    return dict(zip(names, found, strict=True))


def votes(
    session: Session,
    batch: Batch,
    rows: Mapping[str, Integers],
    place: Integers,
    rater: Integers,
    prompt: Integers,
    candidate: Integers,
) -> Votes:
    """The counted votes, unblinded. A vote of unknown order was stored as if its candidate had stood first."""
    rated = rows["state"] == RATED
    where, seat = place[rated], rows["seat"][rated]
    choice, milliseconds = ratings(session, rows["id"][rated])
    flipped = sides(session, rows["comparison"][rated], seat)
    chosen = np.where(choice == np.where(flipped == 1, SECOND, FIRST), 1, -1)
    return Votes(
        prompt=prompt[where],
        rater=rater[rated],
        comparison=where,
        seat=seat,
        candidate=candidate[where],
        preference=np.where(choice > SECOND, 0, chosen),
        flipped=flipped,
        both_bad=choice == BOTH_BAD,
        seconds=np.where(milliseconds < 0, np.nan, milliseconds / 1000.0),
    )


def ratings(session: Session, assignment: Integers) -> tuple[Integers, Integers]:
    """(choices, active milliseconds) of these assignments, in their order."""
    if not len(assignment):
        return assignment, assignment
    # Eleven days of milliseconds are larger than half an integer of PostgreSQL.
    milliseconds = func.coalesce(cast(Rating.active_ms, BigInteger), -1)
    packed = (milliseconds + 1) * len(CHOICES) + seated.coded(Rating.choice, CHOICES)
    ids, small = columns.read(
        session,
        select(Rating.assignment_id, packed).where(
            Rating.assignment_id.between(int(assignment.min()), int(assignment.max()))
        ),
    )
    active, choice = np.divmod(small[columns.places(ids, assignment)], len(CHOICES))
    return choice, active - 1


def sides(session: Session, comparison: Integers, seat: Integers) -> Integers:
    """Whether the candidate stood second: 1, 0, or -1 where nobody knows; of these seats, in their order."""
    if not len(comparison):
        return comparison
    side = case((Seat.flipped.is_(True), 2), (Seat.flipped.is_(False), 1), else_=0)
    seats = int(seat.max()) + 1
    (packed,) = columns.read(
        session,
        select((cast(Seat.comparison_id, BigInteger) * seats + Seat.seat) * 3 + side).where(
            Seat.comparison_id.between(int(comparison.min()), int(comparison.max())), Seat.seat < seats
        ),
    )
    place, flipped = np.divmod(packed, 3)
    return flipped[columns.places(place, comparison * seats + seat)] - 1


def prompts_of(session: Session, prompt: Integers, study_id: int) -> tuple[Integers, list[str], Integers, list[str]]:
    """(codes by launch order, their keys, codes of categories, their names); codes are of shape (comparisons,)."""
    ids, index = dense(prompt)
    first = np.zeros(len(ids), dtype=np.int64)
    first[index[::-1]] = np.arange(len(prompt))[::-1]  # the last one written is the first met
    code = np.argsort(np.argsort(first))[index]
    rows = session.execute(select(Prompt.id, Prompt.key, Prompt.category).where(Prompt.study_id == study_id))
    known = {number: (key, category) for number, key, category in rows}
    keys = [known[int(number)][0] for number in ids[np.argsort(first)]]
    labels = [known[int(number)][1] for number in ids]
    categories = sorted({label for label in labels if label})
    places = {label: place for place, label in enumerate(categories)}
    coded_labels = np.array([places.get(label or "", -1) for label in labels], dtype=np.int64)
    return code, keys, coded_labels[index], categories


def raters_of(rater: Integers, names: Mapping[int, str]) -> tuple[Integers, list[str]]:
    """(codes in the order of pseudonyms, the pseudonyms); codes are of shape (assignments,)."""
    ids, index = dense(rater)
    known = [names[int(number)] for number in ids]
    return ranks(known)[index], sorted(known)


def channels_of(session: Session, rater: Integers, names: Mapping[int, str]) -> list[str]:
    """The channel of each rater, in the order of their codes. rater: ids, of each assignment."""
    if not len(rater):
        return []
    between = Rater.id.between(int(rater.min()), int(rater.max()))
    found = dict(session.execute(select(Rater.id, Rater.channel).where(between)).all())
    return [found[number] for number in sorted(np.unique(rater).tolist(), key=names.__getitem__)]


def skips(reason: Integers) -> dict[str, int]:
    """reason -> how often a rater gave it, by name."""
    counts = np.bincount(reason[reason >= 0], minlength=len(SkipReason)).tolist()
    return dict(sorted((str(word), count) for word, count in zip(SkipReason, counts, strict=True) if count))


def begun(session: Session, batch: Batch, rater: Integers, place: Integers, comparisons: int) -> Flags:
    """Whether anybody was ever seated at each comparison; rater, place: of each assignment. Shape (comparisons,).

    Where all raters were imported, all comparisons count as begun: votes collected elsewhere came in another order
    than the launch's, so that its beginning is no sample of them. Not so where a rule, which goes by the launch order,
    stopped the batch.
    """
    seated_at = np.bincount(place, minlength=comparisons) > 0
    if not len(rater) or batch.stopped_at is not None:
        return seated_at
    between = Rater.id.between(int(rater.min()), int(rater.max()))
    (imported,) = columns.read(session, select(Rater.id).where(between, Rater.channel == Channel.IMPORTED))
    return seated_at | bool(np.isin(rater, imported).all())


def counted(place: Integers, mask: Flags, comparisons: int) -> Integers:
    """How many assignments of each comparison the mask is true for; shape (comparisons,)."""
    return np.bincount(place[mask], minlength=comparisons)


def styles(session: Session, *outputs: Integers) -> list[Integers]:
    """The styles of each of these columns of outputs, in their order; shape (outputs, 7)."""
    every = np.concatenate(outputs)
    if not len(every):
        return [np.zeros((0, len(STYLE)), dtype=np.int64) for _ in outputs]
    wanted = [getattr(OutputStyle, name) for name in STYLE]
    between = OutputStyle.output_id.between(int(every.min()), int(every.max()))
    ids, *counts = columns.read(session, select(OutputStyle.output_id, *wanted).where(between))
    table = np.stack(counts, axis=1)
    return [table[columns.places(ids, column)] for column in outputs]
