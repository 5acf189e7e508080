"""Judges: declared once, then as they are. Knows no engine and no verdict: those are in services.judging.judgings."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.judges import Judge
from backend.domain.asking import Sampling
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.stored import template_from_json, template_to_json
from backend.domain.judging.templates import Parser, Template, for_study, vicuna_for
from backend.domain.recipes import Recipe, recipe_from, serving_to_json
from backend.domain.records import LONGEST_NAME
from backend.domain.settings import from_json
from backend.errors import Conflict, Invalid, NotFound
from backend.services.judging import judge_templates
from backend.services.studies import studies
from backend.services.studies.imports import clean

FAMILIES = {"vicuna": ("vicuna-general", "vicuna-coding", "vicuna-math")}


def known_templates() -> list[str]:
    """The names that a judge's template can have."""
    return sorted({*judge_templates.templates(), *FAMILIES})


def sampling_for(template: str) -> Sampling:
    """What its authors drew answers with. Invalid where there is no such template."""
    return judge_templates.template(FAMILIES.get(template, (template,))[0]).sampling


def declare(
    session: Session,
    study_id: int,
    name: str,
    *,
    template: str,
    recipe: Recipe,
    orders: Orders,
    rule: Rule,
    now: datetime,
) -> Judge:
    """A judge of this study. The same again is the same judge; Conflict where its name is another's."""
    settings = from_json(studies.in_turn(session, study_id).settings)
    chosen = [for_study(judge_templates.template(one), settings) for one in FAMILIES.get(template, (template,))]
    refuse_unfit(chosen, rule)
    made = Judge(
        study_id=study_id,
        name=named(name),
        template=template,
        templates=[template_to_json(one) for one in chosen],
        engine=recipe.engine,
        model=recipe.model,
        url=recipe.url,
        sampling=recipe.sampling.to_json(),
        serving=serving_to_json(recipe),
        orders=orders,
        rule=rule,
        created_at=now,
    )
    return kept(session, made)


def declare_imported(
    session: Session,
    study_id: int,
    name: str,
    *,
    template: str,
    model: str,
    orders: Orders,
    rule: Rule,
    origin: Mapping[str, str],
    now: datetime,
) -> Judge:
    """A judge whose verdicts were given elsewhere, so nobody can ask it.

    template: by its name; its words are kept where they come with Assay. origin: the format of its files, and what was
    read in them.
    """
    studies.in_turn(session, study_id)
    known = judge_templates.templates()
    chosen = [known[one] for one in FAMILIES.get(template, (template,)) if one in known]
    made = Judge(
        study_id=study_id,
        name=named(name),
        template=template,
        templates=[template_to_json(one) for one in chosen],
        engine=None,
        model=model,
        url="",
        sampling={},
        serving=dict(origin),
        orders=orders,
        rule=rule,
        created_at=now,
    )
    return kept(session, made)


def named(name: str) -> str:
    """A name that can be stored, or Invalid."""
    name = clean(name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A judge's name has between 1 and {LONGEST_NAME} characters.")
    return name


def kept(session: Session, made: Judge) -> Judge:
    """The judge, stored; the earlier one where it is the same. Conflict where its name is another's."""
    earlier = session.scalar(select(Judge).where(Judge.study_id == made.study_id, Judge.name == made.name))
    if earlier is not None:
        return the_same(earlier, made)
    session.add(made)
    session.flush()
    return made


def the_same(earlier: Judge, made: Judge) -> Judge:
    """The earlier one, if nothing but the moment differs."""
    columns = ("template", "engine", "model", "url", "sampling", "serving", "orders", "rule")
    changed = [name for name in columns if getattr(earlier, name) != getattr(made, name)]
    changed += [] if templates_of(earlier) == templates_of(made) else ["the template's text"]
    if changed:
        raise Conflict(
            f"{earlier.name} is another judge, by its {', '.join(changed)}. Choose another name for this one."
        )
    return earlier


def refuse_unfit(chosen: Sequence[Template], rule: Rule) -> None:
    """Invalid where a rule needs what a template does not give."""
    if rule == Rule.PROB_MEAN and not all(one.logprobs for one in chosen):
        raise Invalid(f"The rule {rule} needs a template that is read from its tokens' chances, such as alpaca.")
    if rule == Rule.MEAN_SCORE and any(one.parser == Parser.TOKEN for one in chosen):
        raise Invalid(f"The rule {rule} needs a template with scores or strengths, such as vicuna or arena-hard.")


def get(session: Session, judge_id: int) -> Judge:
    """The judge, or NotFound."""
    judge = session.get(Judge, judge_id)
    if judge is None:
        raise NotFound(f"There is no judge {judge_id}.")
    return judge


def of_study(session: Session, study_id: int) -> Sequence[Judge]:
    """The study's judges, in the order in which they were declared."""
    return session.scalars(select(Judge).where(Judge.study_id == study_id).order_by(Judge.id)).all()


def templates_of(judge: Judge) -> dict[str, Template]:
    """name -> the judge's own copy of a template."""
    return {one.name: one for one in map(template_from_json, judge.templates)}


def template_for(judge: Judge, category: str | None) -> Template:
    """What it is asked about a prompt of this category."""
    return templates_of(judge)[template_name(judge.template, category)]


def template_name(template: str, category: str | None) -> str:
    """The template that a judge of this one, or of this family, is asked by about a prompt of this category."""
    return vicuna_for(category) if template in FAMILIES else template


def by_name(session: Session, study_id: int, name: str) -> Judge:
    """A study's judge, or NotFound with the names there are."""
    known = {one.name: one for one in of_study(session, study_id)}
    if name not in known:
        raise NotFound(f"Study {study_id} has no judge {name!r}; it has {', '.join(known) or 'none'}.")
    return known[name]


def recipe_of(judge: Judge) -> Recipe:
    """Whom it asks, and how. NotFound for a judge whose verdicts were imported."""
    if judge.engine is None:
        raise NotFound(f"The verdicts of {judge.name} were imported, so it can't be asked.")
    return recipe_from(judge.engine, judge.model, judge.url, judge.sampling, judge.serving)
