"""A batch's money: where it is, what raters earn an hour, what needs a hand, and what only a person decides."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Query
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.base import LARGEST_NUMBER
from backend.domain.channels import PAYS_ITSELF
from backend.domain.money import Money, money
from backend.errors import Conflict, Invalid
from backend.services.approval import approvals, decisions, other_approvals, rejections, to_decide
from backend.services.money import budgets, by_hand, paysheet, paytables, quotes, spending, why_unowed
from backend.services.money.paysheet import Paysheet
from backend.services.pseudonyms import pseudonyms
from backend.services.studies import batches, channels, studies
from backend.web.deps import Id, TheForm, TheHouse, now
from backend.web.drawings import dots
from backend.web.forms import fields
from backend.web.render import page

router = APIRouter()
Page = Annotated[int, Query(ge=1, le=LARGEST_NUMBER)]
RATERS_A_PAGE = 20


@router.get("/batches/{batch_id}/money")
def show(request: Request, house: TheHouse, batch_id: Id, raters: Page = 1) -> Response:
    """Everything about a batch's money on one page."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        rules = spending.rules(session, batch_id)
        sheet = paysheet.of_batch(session, batch_id, rules, names)
        quote = quotes.of_batch(session, batch)
        return page(
            request,
            "money/money.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            spending=spending.of_batch(session, batch_id),
            rules=rules,
            quote=quote,
            currency=quote.worst.total.currency if quote else sheet.currency,
            sheet=sheet,
            names={one.rater_id: one.name for one in sheet.rows},
            shown=sheet.rows[(raters - 1) * RATERS_A_PAGE : raters * RATERS_A_PAGE],
            raters_page=raters,
            raters_pages=max(1, -(-len(sheet.rows) // RATERS_A_PAGE)),
            picture=drawn(sheet, min((one.per_hour.minor for one in rules.values()), default=0)),
            unpaid=why_unowed.of_batch(session, batch_id, channels=rules),
            troubles=spending.troubles(session, batch_id),
            by_hand=by_hand.dues(session, batch_id, paid=True),
            called=lambda one: paysheet.name(one.channel, one.rater, one.rater_id, names),
            appeals=decisions.appeals(session, batch_id, names),
            unmatched=[
                one
                for row in channels.of_batch(session, batch_id)
                if row.channel in PAYS_ITSELF
                for one in approvals.unmatched(session, row)
            ],
            handed_in=to_decide.of_batch(session, batch_id, names),
            key=secrets.token_hex(8),
            plain=paytables.decimal,
        )


def drawn(sheet: Paysheet, target: int) -> tuple[Markup, int] | None:
    """(a picture of hourly pay, how many raters a dot of it is); None where nothing is paid by time."""
    hourly = [one.hourly.minor for one in sheet.rows if one.hourly is not None]
    if not hourly or not target or sheet.median is None:
        return None
    below = sum(one < target for one in hourly)
    aim = Money(target, sheet.currency)
    label = f"Hourly pay of {len(hourly)} raters: median {sheet.median}, {below} below the target of {aim}"
    made = dots.strip(hourly, target=target, name=lambda minor: str(Money(minor, sheet.currency)), label=label)
    return made, dots.of_each(hourly, target)


def amount(form: FormData, name: str, currency: str) -> Money:
    """The amount in a field; Invalid with what was typed."""
    try:
        return money(fields.text(form, name).replace(",", ""), currency.upper())
    except ValueError as error:
        raise Invalid(f"This amount can't be used: {error}. Write it as 162.50.") from None


@router.post("/batches/{batch_id}/budget")
def set_budget(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """The most that the batch may cost."""
    with house.database.transaction() as session:
        budgets.set_budget(session, batch_id, allowed=amount(form, "allowed", fields.text(form, "currency")))
    return back(batch_id, "#budget")


@router.post("/batches/{batch_id}/compensations")
def compensate(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """Owe a rater who could not submit."""
    with house.database.transaction() as session:
        currency = budgets.standing(session, batch_id).allowed.currency
        decisions.compensate(
            session,
            batch_id,
            who=fields.text(form, "rater"),
            amount=amount(form, "amount", currency),
            reason=fields.text(form, "reason"),
            key=fields.text(form, "key"),
            names=pseudonyms(house.tokens.secret_key, batch_id),
            now=now(),
        )
    return back(batch_id, "#raters")


@router.post("/batches/{batch_id}/hand-payments")
def mark_paid(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """A person says that they have paid what is ticked."""
    with house.database.transaction() as session:
        mark(session, batch_id, fields.texts(form, "token"))
    return back(batch_id, "#by-hand")


def mark(session: Session, batch_id: int, tokens: list[str]) -> None:
    """Mark payments of this batch. Invalid where one is of another, or none is named."""
    if not tokens or not set(tokens) <= {one.token for one in by_hand.dues(session, batch_id, paid=True)}:
        raise Invalid("Tick payments of this batch that you have made.")
    for token in tokens:
        by_hand.mark(session, token, now=now())


@router.post("/batches/{batch_id}/appeals/{appeal_id}/answer")
def answer(house: TheHouse, batch_id: Id, appeal_id: Id, form: TheForm) -> Response:
    """Answer an appeal, once."""
    with house.database.transaction() as session:
        decisions.answer_appeal(session, batch_id, appeal_id, answer=fields.text(form, "answer"), now=now())
    return back(batch_id, "#appeals")


@router.get("/batches/{batch_id}/submissions/{submission_id}")
def submission(request: Request, house: TheHouse, batch_id: Id, submission_id: Id) -> Response:
    """What a rater handed in, before anybody refuses to pay it."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        handed, answers = to_decide.in_full(session, batch_id, submission_id, names)
        return page(
            request,
            "money/submission.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            handed=handed,
            answers=answers,
            labels={str(one.choice): one.label for one in batches.settings_of(session, batch).options},
            rule=spending.rules(session, batch_id).get(handed.channel),
        )


@router.post("/batches/{batch_id}/submissions/{submission_id}/rejection")
def reject(house: TheHouse, batch_id: Id, submission_id: Id, form: TheForm) -> Response:
    """Refuse a submission's reward, for a reason, by somebody who says that they have read it."""
    if not fields.text(form, "read"):
        raise Conflict("Nothing was rejected: tick that you have read the answers, and that the rater may appeal.")
    with house.database.transaction() as session:
        to_decide.get(session, batch_id, submission_id)
        rejections.reject(session, submission_id, reason=fields.text(form, "reason"), now=now())
    return back(batch_id, "#submissions")


@router.post("/batches/{batch_id}/submissions/{submission_id}/approval")
def approve(house: TheHouse, batch_id: Id, submission_id: Id) -> Response:
    """Pay a submission that no rule approves; a person has looked."""
    with house.database.transaction() as session:
        to_decide.get(session, batch_id, submission_id)
        other_approvals.approve_by_hand(session, submission_id, now=now())
    return back(batch_id, "#submissions")


@router.post("/batches/{batch_id}/submissions/{submission_id}/overturning")
def overturn(house: TheHouse, batch_id: Id, submission_id: Id, form: TheForm) -> Response:
    """A rejection was wrong: owe the reward after all."""
    with house.database.transaction() as session:
        to_decide.get(session, batch_id, submission_id)
        reason = decisions.worded(fields.text(form, "reason"), "Say why the rejection was wrong; the rater reads it.")
        rejections.overturn(session, submission_id, reason=reason, now=now())
    return back(batch_id, "#submissions")


def back(batch_id: Id, to: str) -> Response:
    return RedirectResponse(f"/batches/{batch_id}/money{to}", 303)
