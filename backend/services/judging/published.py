"""Verdicts that were given elsewhere become verdicts of a judge that nobody can ask. All or nothing; twice is once.

A row counts where its prompt is in the study and its two outputs are those of the two systems; other rows are left out
and counted. Where a file holds the outputs' texts they must be the study's: a verdict on other texts is none on these.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging
from backend.domain.judging.orders import Rule
from backend.domain.judging.parsing import Reading, read
from backend.domain.judging.published import Format, Published, published, recognised, reply_of
from backend.domain.judging.templates import Template, as_read
from backend.errors import Invalid
from backend.services.judging import judges, judgings, origins
from backend.services.judging.judgings import Given
from backend.services.judging.placing import Answers, Desk, Placed, desk_of, place
from backend.services.judging.verdicts import add
from backend.services.studies.files import Source, rows


class Read(StrEnum):
    """What of a row counts: what its file says of the verdict, or what our parsers read in the reply."""

    STORED = "stored"
    REPLIES = "replies"


@dataclass(frozen=True, slots=True)
class Wish:
    """How files are to be understood. None: as the files say.

    first: the system that stood first, where the file does not tell. answers: files with Vicuna's answers. names: a
    system's name in the files -> its name in the study. model: of the judge, where files hold several.
    """

    name: str
    candidate: str
    baseline: str
    form: Format | None = None
    read: Read | None = None
    rule: Rule | None = None
    first: str | None = None
    answers: Sequence[Source] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A verdict of which the file says one thing, and our parser of the reply another."""

    key: str
    stored: Reading
    reply: Reading


@dataclass(frozen=True, slots=True)
class Imported:
    """What was understood, and what became of it.

    found: verdicts in the files. left_out: those that are not of these two systems in this study, by why. disagreeing:
    of the `compared` ones. notes: what their reader should know.
    """

    judge: Judge
    judging: Judging
    form: Format
    read: Read
    found: int
    added: int
    already: int
    left_out: Mapping[str, int]
    disagreeing: tuple[Disagreement, ...]
    compared: int
    notes: tuple[str, ...]


def import_verdicts(
    session: Session, study_id: int, sources: Sequence[Source], wish: Wish, *, now: datetime
) -> Imported:
    """Store the verdicts of these files. Raises Invalid, with file and line, and then nothing is stored."""
    form, found = understood(sources, wish)
    desk = desk_of(session, study_id, candidate=wish.candidate, baseline=wish.baseline, names=wish.names)
    answers = Answers.of(wish.answers)
    counts: Counter[str] = Counter()
    placed = list(placing(found, desk, answers, wish, counts))
    if not placed:
        why = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        raise Invalid(f"No verdict of these files is of {wish.candidate} and {wish.baseline} in this study: {why}.")
    chosen = wish.read or default_reading(form, placed)
    judge = declared(session, study_id, placed, wish, form=form, chosen=chosen, now=now)
    judging = judgings.compare(session, judge, candidate=wish.candidate, baseline=wish.baseline, now=now)
    templates = judges.templates_of(judge)
    both = [(one, reread(one, judge, templates)) for one in placed]
    added, already = add(session, judge, [(one.label, row_of(judge, one, chosen, again)) for one, again in both])
    known = [(one.key, one.published.stored, again) for one, again in both if one.published.stored and again]
    return Imported(
        judge=judge,
        judging=judging,
        form=form,
        read=chosen,
        found=len(found),
        added=added,
        already=already,
        left_out=dict(counts),
        disagreeing=tuple(Disagreement(*one) for one in known if differ(one[1], one[2])),
        compared=len(known),
        notes=origins.notes(form, placed),
    )


def understood(sources: Sequence[Source], wish: Wish) -> tuple[Format, list[tuple[Source, Published]]]:
    """Every verdict of the files, all of one format; Invalid with file and line."""
    form, found = wish.form, []
    for source in sources:
        for row in rows(source):
            try:
                form = form or recognised(row.fields)
                found += [(source, one) for one in published(row, form)]
            except ValueError as error:
                raise Invalid(f"{source.label}, line {row.line}: this row {error}.") from None
    if form is None:
        raise Invalid("Name at least one file of verdicts.")
    return form, found


def placing(
    found: Sequence[tuple[Source, Published]], desk: Desk, answers: Answers, wish: Wish, counts: Counter[str]
) -> Iterator[Placed]:
    """The verdicts on these two systems; the others are counted by why."""
    for source, one in found:
        if wish.model is not None and one.judge != wish.model:
            counts[f"of the judge {one.judge or 'without a name'}"] += 1
            continue
        known = named_answers(one, answers)
        if answers and known.by_answer:
            refuse_unknown_answers(source, known)
        made = place(desk, source, known, first=wish.first)
        if isinstance(made, Placed):
            yield made
        else:
            counts[made] += 1


def named_answers(one: Published, answers: Answers) -> Published:
    """With the texts of Vicuna's answers, where their files were given."""
    return replace(one, first=answers.look(one.first), second=answers.look(one.second)) if answers else one


def refuse_unknown_answers(source: Source, one: Published) -> None:
    """Invalid where files of answers were given, and one of the two that were judged is in none of them."""
    for named in (one.first, one.second):
        if named.text is None:
            raise Invalid(
                f"{source.label}, line {one.line}: the judge compared the answer {named.name}, which is in none of the "
                "files of answers, so this is a review of other systems than these."
            )


def default_reading(form: Format, placed: Sequence[Placed]) -> Read:
    """What is stored, where every row has it."""
    return Read.STORED if all(one.published.stored for one in placed) else Read.REPLIES


def declared(
    session: Session,
    study_id: int,
    placed: Sequence[Placed],
    wish: Wish,
    *,
    form: Format,
    chosen: Read,
    now: datetime,
) -> Judge:
    """The judge that these verdicts are of."""
    if chosen == Read.REPLIES and form == Format.ALPACA_EVAL:
        raise Invalid(f"{origins.UNKNOWN_ORDER}, so its replies can't be read again; use what is stored.")
    models = {one.published.judge for one in placed}
    if len(models) > 1:
        raise Invalid(f"These files hold verdicts of {', '.join(sorted(models))}; choose one with --model.")
    rule = wish.rule or origins.default_rule(form, placed)
    if rule == Rule.PROB_MEAN and form != Format.ALPACA_EVAL:
        raise Invalid(f"The rule {rule} needs chances, which only AlpacaEval's files hold.")
    return judges.declare_imported(
        session,
        study_id,
        wish.name,
        template=origins.template_of(form, placed),
        model=models.pop() or wish.name,
        orders=origins.orders_of(placed),
        rule=rule,
        origin={"format": form, "read": chosen},
        now=now,
    )


def reread(one: Placed, judge: Judge, templates: Mapping[str, Template]) -> Reading | None:
    """What our parser reads in the reply; None where nobody knows which output it means by first, or how to read it."""
    asked = one.published.template
    name = asked if asked in templates else judges.template_name(judge.template, one.pair.category)
    if one.published.is_text or name not in templates:
        return None
    shown = (as_read(one.pair.dialogue), one.pair.first.text, one.pair.second.text)
    return read(templates[name], reply_of(one.published.raw), shown)


def row_of(judge: Judge, one: Placed, chosen: Read, again: Reading | None) -> dict[str, object]:
    """The verdict as it is stored. Invalid, with file and line, where the row has none to store."""
    reading = one.published.stored if chosen == Read.STORED else again
    if reading is None:
        raise Invalid(f"{one.label}, line {one.published.line}: this row has no stored scores; use --read replies.")
    given = Given(one.pair, reading, replace(reply_of(one.published.raw), model=one.published.judge), ())
    return judgings.row(judge, given) | {"tries": 1, "reply_hash": None, "given_at": one.published.given_at}


def differ(stored: Reading, reply: Reading) -> bool:
    """Whether two readings say different things, scores included."""
    return (stored.choice, stored.scores) != (reply.choice, reply.scores)
