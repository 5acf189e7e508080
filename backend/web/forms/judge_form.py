"""Reads the form that asks a judge: which template, which systems, in which orders, and whom. Knows no page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from backend.db.judges import Judge, Judging
from backend.domain.asking import EngineKind
from backend.domain.jobs import Manner
from backend.domain.judging.orders import Orders, Rule
from backend.domain.recipes import Recipe
from backend.errors import Invalid
from backend.services.judging import judges, judgings
from backend.web.forms import asking_form
from backend.web.forms.fields import text, texts, word

OF_THE_TEMPLATE = ("temperature", "max_tokens")  # left empty: as the template's authors drew
STARTS = {
    **dict.fromkeys(OF_THE_TEMPLATE, ""),
    "engine": str(EngineKind.OPENAI),
    "judge_template": "rater-instructions",
    "orders": str(Orders.BOTH),
    "rule": str(Rule.AGREE_ELSE_TIE),
}
EMPTY = ("baseline",)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a form asks for. budget: of each candidate's job, in millionths of a dollar; None where none was given."""

    name: str
    template: str
    candidates: tuple[str, ...]
    baseline: str
    orders: Orders
    rule: Rule
    recipe: Recipe
    manner: Manner
    budget: int | None


def typed(form: FormData) -> dict[str, str]:
    """The texts of a form that was sent, or those that an empty one starts with."""
    if "engine" not in form:
        return asking_form.typed(form) | dict.fromkeys(EMPTY, "") | STARTS
    return asking_form.typed(form) | {name: text(form, name) for name in (*STARTS, *EMPTY)}


def read(form: FormData) -> Asks:
    """What the form asks for. Invalid, in a sentence, for what can't be."""
    template, chosen = text(form, "judge_template"), candidates(form)
    asked = asking_form.read(with_defaults(form, template))
    if not chosen:
        raise Invalid("Choose at least one candidate that the judge is to compare with the baseline.")
    return Asks(
        name=asked.name,
        template=template,
        candidates=chosen,
        baseline=text(form, "baseline"),
        orders=word(form, "orders", Orders),
        rule=word(form, "rule", Rule),
        recipe=asked.recipe,
        manner=asked.manner,
        budget=asked.budget,
    )


def candidates(form: FormData) -> tuple[str, ...]:
    """The systems that are ticked."""
    return tuple(dict.fromkeys(texts(form, "candidates")))


def with_defaults(form: FormData, template: str) -> FormData:
    """The form with its template's own sampling where nothing else was typed. Invalid where there is no such one."""
    drawn = judges.sampling_for(template)
    usual = {"temperature": f"{drawn.temperature:g}", "max_tokens": str(drawn.max_tokens)}
    missing = {name: value for name, value in usual.items() if not text(form, name)}
    return FormData([*((name, value) for name, value in form.multi_items() if name not in missing), *missing.items()])


def declared(session: Session, study_id: int, asks: Asks, *, now: datetime) -> tuple[Judge, Sequence[Judging]]:
    """The judge that the form means, and what it is to compare; the same again is the same."""
    judge = judges.declare(
        session,
        study_id,
        asks.name,
        template=asks.template,
        recipe=asks.recipe,
        orders=asks.orders,
        rule=asks.rule,
        now=now,
    )
    compared = [
        judgings.compare(session, judge, candidate=one, baseline=asks.baseline, now=now) for one in asks.candidates
    ]
    return judge, compared
