"""The checks of a launch: gold from the researcher's file, attention checks from our own. Knows no rater."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.checks import Check
from backend.domain import gold
from backend.domain.checks import CheckKind
from backend.domain.choices import Choice
from backend.domain.declared import digits
from backend.domain.gold import Gold, Template, Written
from backend.domain.records import RowProblem, prompt_text, text_hash
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.services.studies.files import Source, rows
from backend.services.studies.imports import clean


def read(source: Source) -> list[Gold]:
    """Every comparison of a gold file; Invalid with file and line where one can't be used or stands twice."""
    found: dict[str, Gold] = {}
    for row in rows(source):
        try:
            one = gold.gold_record(row)
            earlier = found.setdefault(text_hash(prompt_text(one.dialogue)), one)
            if earlier is not one:
                raise RowProblem(f"has the prompt of line {earlier.line} again")
        except RowProblem as error:
            raise Invalid(f"{source.label}, line {row.line}: this row {error}.") from None
    return list(found.values())


def prepare(session: Session, batch: Batch, settings: StudySettings, given: Sequence[Gold]) -> None:
    """Store the checks that these settings declare. Invalid where gold is declared and not given, or the reverse."""
    rates = settings.checks
    if rates.gold and not given:
        raise Invalid(
            f"The settings declare gold checks, {digits(rates.gold, 100)} % of a rater's comparisons, so the launch "
            "needs a file of gold comparisons: a prompt, the better and the worse output a row."
        )
    if given and not rates.gold:
        raise Invalid("There is a file of gold comparisons, but the settings declare no rate for gold checks.")
    offered = {option.choice for option in settings.options}
    if unfit := [one for one in given if one.is_tie and not {Choice.TIE, Choice.BOTH_BAD} & offered]:
        raise Invalid(f"Line {unfit[0].line} of the gold file expects a tie, but this study offers raters no tie.")
    if rates.gold:
        store(session, batch, CheckKind.GOLD, gold.sided(given, seed=batch.seed))
    if rates.attention:
        store(session, batch, CheckKind.ATTENTION, gold.asked(templates(), seed=batch.seed))


def store(session: Session, batch: Batch, kind: CheckKind, written: Iterable[Written]) -> None:
    """Store these checks in their order."""
    session.execute(
        insert(Check),
        [
            {
                "batch_id": batch.id,
                "kind": kind,
                "position": position,
                "dialogue": [{"role": turn.role, "text": clean(turn.text)} for turn in one.dialogue],
                "first": clean(one.first),
                "second": clean(one.second),
                "expected": one.expected,
            }
            for position, one in enumerate(written)
        ],
    )


@cache
def templates() -> tuple[Template, ...]:
    """The attention checks that come with Assay."""
    lines = files("backend.presets").joinpath("attention.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(gold.template(json.loads(line)) for line in lines)
