"""The planner: what a study of some size can show, and what it costs; a plain form whose address is the plan."""

from collections.abc import Mapping

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from backend.domain.money import money
from backend.domain.statistics import planning
from backend.domain.statistics.costs import Pay
from backend.domain.statistics.planning import Plan, Wanted
from backend.domain.statistics.power import Blind, Design
from backend.web.drawings.curves import Level, falling
from backend.web.render import page

router = APIRouter()

SIZE, PAYMENT = Design(), Pay()
# What the form starts with; percentages where people think in them. The last two are empty: nothing is wanted.
TYPED = {
    "prompts": str(SIZE.prompts),
    "raters": str(SIZE.raters),
    "seats": str(SIZE.seats),
    "candidates": str(SIZE.candidates),
    "ties": f"{100 * SIZE.ties:g}",
    "prompt_icc": f"{SIZE.prompt_icc:g}",
    "rater_icc": f"{SIZE.rater_icc:g}",
    "pairing": f"{SIZE.pairing:g}",
    "seconds": f"{PAYMENT.seconds:g}",
    "per_hour": "15",
    "currency": PAYMENT.per_hour.currency,
    "fee": f"{100 * PAYMENT.fee:g}",
    "half_width": "",
    "difference": "",
}


@router.get("/plan")
def show(request: Request) -> Response:
    """The form, and the plan of what was typed; on a mistake the form with a sentence."""
    typed = {name: request.query_params.get(name, start).strip() for name, start in TYPED.items()}
    try:
        pay = payment(typed)
        found = planning.plan(design(typed), pay, wanted(typed))
    except ValueError as error:
        return page(request, "plan/plan.html", status=422, typed=typed, message=f"This can't be planned: {error}.")
    typed["prompts"] = str(found.outlook.design.prompts)
    return page(
        request,
        "plan/plan.html",
        typed=typed,
        message=planning.unreachable(found) if found.raters_needed is not None else "",
        plan=found,
        beside=planning.beside(found, pay),
        warnings=[planning.warning(one, found.outlook.design) for one in found.outlook.limits],
        curve=drawn(found),
    )


def design(typed: Mapping[str, str]) -> Design:
    """The design that was typed. Raises ValueError with a sentence."""
    return Design(
        prompts=whole(typed, "prompts"),
        raters=whole(typed, "raters"),
        seats=whole(typed, "seats"),
        candidates=whole(typed, "candidates"),
        ties=number(typed, "ties") / 100,
        prompt_icc=number(typed, "prompt_icc"),
        rater_icc=number(typed, "rater_icc"),
        pairing=number(typed, "pairing"),
    )


def payment(typed: Mapping[str, str]) -> Pay:
    """How raters are paid. Raises ValueError with a sentence."""
    return Pay(
        seconds=number(typed, "seconds"),
        per_hour=money(typed["per_hour"], typed["currency"].upper()),
        fee=number(typed, "fee") / 100,
    )


def wanted(typed: Mapping[str, str]) -> Wanted:
    """What is to be reached; empty fields want nothing. Raises ValueError with a sentence."""
    return Wanted(*(number(typed, name) / 100 if typed[name] else None for name in ("half_width", "difference")))


def whole(typed: Mapping[str, str], name: str) -> int:
    if not typed[name].isdecimal() or len(typed[name]) > 12:
        raise ValueError(f"{name} are counted in whole numbers, not as {typed[name]!r}")
    return int(typed[name])


def number(typed: Mapping[str, str], name: str) -> float:
    try:
        return float(typed[name])
    except ValueError:
        raise ValueError(f"{name.replace('_', ' ')} wants a number, not {typed[name]!r}") from None


def drawn(found: Plan) -> Markup:
    """Half-width against prompts, in points, with what is wanted and what raters alone leave."""
    outlook = found.outlook
    here = f"{outlook.design.prompts:,} prompts: ± {100 * outlook.half_width:.1f}"
    levels = []
    if any(limit.kind is Blind.RATERS_LIMIT for limit in outlook.limits):
        levels.append(Level("floor", 100 * outlook.floor, f"raters alone: ± {100 * outlook.floor:.1f}", under=True))
    if found.wanted.half_width is not None:
        # Under the floor, whose own name stands below it, a name above the line would run into that one.
        is_out_of_reach = found.wanted.half_width < outlook.floor
        levels.append(Level("wanted", 100 * found.wanted.half_width, "wanted", under=is_out_of_reach))
    return falling(
        [(prompts, 100 * width) for prompts, width in planning.curve(found)],
        (outlook.design.prompts, 100 * outlook.half_width),
        name=here,
        label=f"Half-width of the interval against prompts, falling; {here} points. The table has the numbers.",
        levels=levels,
    )
