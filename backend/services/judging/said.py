"""What judges said of a batch's comparisons, for its results and its bundle. Reads no reply again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.judges import Judge, Judging, Verdict
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.packing import reading_from
from backend.domain.plain import number
from backend.domain.records import Json
from backend.domain.results.judged import JudgeMaterial, Said
from backend.domain.results.material import Material
from backend.domain.statistics.votes import Integers
from backend.services.judging import judgements
from backend.services.judging.judgements import Judged, reading_of


def of_batch(session: Session, batch: Batch, *, candidate: Integers, baseline: Integers) -> tuple[JudgeMaterial, ...]:
    """Every judge of the study with a verdict on one of these comparisons.

    candidate, baseline: ids of the outputs that were compared, in launch order; shape (comparisons,).
    """
    if newest(session, batch.study_id) is None:
        return ()
    places = {
        (first, second): (place, flipped)
        for place, pair in enumerate(zip(candidate.tolist(), baseline.tolist(), strict=True))
        for first, second, flipped in ((*pair, False), (*pair[::-1], True))
    }
    said = defaultdict[int, list[Said]](list)
    known = {one.id: one for one in session.scalars(select(Judge).where(Judge.study_id == batch.study_id))}
    for verdict in session.scalars(select(Verdict).where(Verdict.study_id == batch.study_id).order_by(Verdict.id)):
        if (at := places.get((verdict.first_id, verdict.second_id))) is not None:
            other = judgements.other_model(known[verdict.judge_id], verdict)
            said[verdict.judge_id].append(Said(*at, reading_of(verdict), other))
    by_name = sorted(known.values(), key=lambda judge: judge.name)
    return tuple(material(judge, said[judge.id]) for judge in by_name if said[judge.id])


def material(judge: Judge, said: Sequence[Said]) -> JudgeMaterial:
    """One judge as results take it."""
    return JudgeMaterial(
        name=judge.name,
        template=judge.template,
        model=judge.model,
        orders=Orders(judge.orders),
        rule=Rule(judge.rule),
        said=sorted(said, key=lambda one: (one.comparison, one.flipped)),
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What a judge said of one comparison of a batch. judging_id: of which that is a part, with either as candidate."""

    judge: Judge
    judged: Judged
    is_whole: bool
    judging_id: int


def on_comparison(session: Session, batch: Batch, place: int) -> list[Beside]:
    """Every judge of the study with a verdict on the comparison at this place, by name."""
    comparison = session.execute(
        select(Comparison).where(Comparison.batch_id == batch.id, Comparison.position == place)
    ).scalar_one()
    outputs = (comparison.candidate_output_id, comparison.baseline_output_id)
    systems = (comparison.candidate_id, comparison.baseline_id)
    rows = session.execute(
        select(Verdict, Judge, Judging.id)
        .join(Judge, Judge.id == Verdict.judge_id)
        .join(Judging, Judging.judge_id == Judge.id)
        .where(
            Verdict.study_id == batch.study_id,
            Verdict.first_id.in_(outputs),
            Verdict.second_id.in_(outputs),
            Judging.candidate_id.in_(systems),
            Judging.baseline_id.in_(systems),
        )
        .order_by(Judge.name, Judging.id)
    ).all()
    found = {judge.id: (judge, judging_id) for _, judge, judging_id in reversed(rows)}
    given = {(one.judge_id, one.first_id == outputs[1]): one for one, _, _ in rows}
    return [
        beside(judge, judging_id, comparison.prompt_id, given.get((judge.id, False)), given.get((judge.id, True)))
        for judge, judging_id in sorted(found.values(), key=lambda one: one[0].name)
    ]


def beside(judge: Judge, judging_id: int, prompt_id: int, straight: Verdict | None, flipped: Verdict | None) -> Beside:
    """One judge, by its own rule."""
    one = judgements.judged(judge, prompt_id, "", straight, flipped)
    return Beside(judge, one, judgements.is_whole(judge, one), judging_id)


def newest(session: Session, study_id: int) -> int | None:
    """The study's last verdict, which is another one whenever its judges have said more."""
    return session.execute(select(func.max(Verdict.id)).where(Verdict.study_id == study_id)).scalar()


def judges_json(session: Session, batch: Batch, material: Material) -> list[dict[str, object]]:
    """The judges of a bundle, by name, each with the templates that it was asked with."""
    known = session.scalars(select(Judge).where(Judge.study_id == batch.study_id))
    templates = {judge.name: judge.templates for judge in known}
    return [
        {
            "name": one.name,
            "template": one.template,
            "templates": templates[one.name],
            "model": one.model,
            "orders": one.orders,
            "rule": one.rule,
        }
        for one in material.judges
    ]


def verdict_lines(material: Material) -> Iterator[Mapping[str, object]]:
    """The verdicts of a bundle, by judge, comparison and order."""
    for judge in material.judges:
        for one in judge.said:
            yield {
                "judge": judge.name,
                "comparison": one.comparison,
                "flipped": one.flipped,
                **asdict(one.reading),
                "answered_by": one.answered_by,
            }


def from_bundle(judges: Sequence[Mapping[str, Json]], lines: Sequence[Mapping[str, Json]]) -> tuple[JudgeMaterial, ...]:
    """What `judges_json` and `verdict_lines` wrote. Raises KeyError and ValueError for what they can't have."""
    said = defaultdict[str, list[Said]](list)
    for line in lines:
        said[str(line["judge"])].append(
            Said(number(line, "comparison"), line["flipped"] is True, reading_from(line), str(line["answered_by"]))
        )
    return tuple(
        JudgeMaterial(
            name=str(one["name"]),
            template=str(one["template"]),
            model=str(one["model"]),
            orders=Orders(str(one["orders"])),
            rule=Rule(str(one["rule"])),
            said=said[str(one["name"])],
        )
        for one in judges
    )
