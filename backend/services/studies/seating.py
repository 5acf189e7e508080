"""The comparisons and seats of a batch, planned by `domain.seating` and stored. Freezes no settings."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from random import Random

from sqlalchemy import case, func, insert, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import Output
from backend.domain.seating import PlannedComparison, plan
from backend.errors import Invalid
from backend.services.studies import styles

ROWS_AT_ONCE = 5_000


def seat(session: Session, batch: Batch, candidates: Sequence[int], *, prompts: int | None, first_position: int) -> int:
    """Plan and store comparisons and seats for the prompts that are not in the batch yet."""
    outputs = comparable(session, batch, candidates, prompts)
    if not any(outputs.values()):
        raise Invalid("There is nothing to compare: no prompt is left that both systems have answered.")
    planned = plan(
        {candidate: list(of) for candidate, of in outputs.items()},
        seats=batch.opening,
        extra=batch.seats - batch.opening,
        seed=batch.seed + first_position,
        first_position=first_position,
        imbalance=imbalance(session, batch),
    )
    baselines = dict(
        session.execute(select(Output.prompt_id, Output.id).where(Output.system_id == batch.baseline_id)).all()
    )
    for chunk in chunks(planned):
        session.execute(insert(Comparison), [comparison_row(batch, one, outputs, baselines) for one in chunk])
    store_seats(session, batch, planned)
    compared = {one.prompt for one in planned}
    styles.count(session, (output for of in outputs.values() for output in of.values()))
    styles.count(session, (output for prompt, output in baselines.items() if prompt in compared))
    return len(planned)


def comparable(
    session: Session, batch: Batch, candidates: Sequence[int], prompts: int | None
) -> dict[int, dict[int, int]]:
    """candidate -> prompt -> output, for prompts that the baseline answered too and the batch does not have."""
    answered = select(Output.prompt_id).where(Output.system_id == batch.baseline_id)
    launched = select(Comparison.prompt_id).where(Comparison.batch_id == batch.id)
    rows = session.execute(
        select(Output.system_id, Output.prompt_id, Output.id)
        .where(
            Output.system_id.in_(candidates),
            Output.prompt_id.in_(answered),
            Output.prompt_id.not_in(launched),
        )
        .order_by(Output.prompt_id)
    ).all()
    kept = drawn_prompts(sorted({row.prompt_id for row in rows}), batch.seed, prompts)
    outputs: dict[int, dict[int, int]] = {candidate: {} for candidate in candidates}
    for system, prompt, output in rows:
        if prompt in kept:
            outputs[system][prompt] = output
    return outputs


def drawn_prompts(ids: list[int], seed: int, count: int | None) -> set[int]:
    """All prompts, or so many in an order drawn by the seed, so that an extension goes on where a launch ended."""
    if count is None:
        return set(ids)
    if count < 1:
        raise Invalid("The number of prompts must be at least 1.")
    if count > len(ids):
        there = f"{len(ids):,} {'prompt is' if len(ids) == 1 else 'prompts are'}"
        raise Invalid(f"{count:,} prompts were asked for (--sample), but only {there} there to launch.")
    return set(sorted(ids, key=lambda prompt: Random(f"{seed}:{prompt}").random())[:count])


def imbalance(session: Session, batch: Batch) -> dict[int, int]:
    """candidate -> (seats with it second) - (seats with it first), in what the batch has already."""
    side = case((Seat.flipped.is_(True), 1), (Seat.flipped.is_(False), -1), else_=0)
    rows = session.execute(
        select(Comparison.candidate_id, func.sum(side))
        .join(Seat, Seat.comparison_id == Comparison.id)
        .where(Comparison.batch_id == batch.id)
        .group_by(Comparison.candidate_id)
    )
    return {candidate: int(total) for candidate, total in rows}


def comparison_row(
    batch: Batch,
    one: PlannedComparison,
    outputs: Mapping[int, Mapping[int, int]],
    baselines: Mapping[int, int],
) -> dict[str, int]:
    return {
        "batch_id": batch.id,
        "prompt_id": one.prompt,
        "candidate_id": one.candidate,
        "baseline_id": batch.baseline_id,
        "candidate_output_id": outputs[one.candidate][one.prompt],
        "baseline_output_id": baselines[one.prompt],
        "seats": batch.seats,
        "opened": batch.opening,
        "position": one.position,
    }


def store_seats(session: Session, batch: Batch, planned: Sequence[PlannedComparison]) -> None:
    """The seats of the comparisons just stored, each with its side."""
    ids = dict(
        session.execute(
            select(Comparison.position, Comparison.id).where(
                Comparison.batch_id == batch.id, Comparison.position >= planned[0].position
            )
        ).all()
    )
    for chunk in chunks(planned):
        session.execute(
            insert(Seat),
            [
                {
                    "comparison_id": ids[one.position],
                    "seat": seat_number,
                    "seats": batch.seats,
                    "batch_id": batch.id,
                    "prompt_id": one.prompt,
                    "position": one.position,
                    "flipped": flipped,
                    "is_open": seat_number <= batch.opening,
                }
                for one in chunk
                for seat_number, flipped in enumerate(one.flips, start=1)
            ],
        )


def chunks(planned: Iterable[PlannedComparison]) -> Iterable[list[PlannedComparison]]:
    """Pieces small enough to send at once."""
    rest = iter(planned)
    while chunk := list(islice(rest, ROWS_AT_ONCE)):
        yield chunk
