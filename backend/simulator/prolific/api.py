"""The vendor's verbs: what a request does to the account, and what is answered. Knows no sockets.

Written from the vendor's public reference and not from our adapter. Two things that the reference warns of are kept on
purpose: a second pay call pays again, and a bonus carries no text of ours.
"""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from backend.crowd.http import Json
from backend.simulator.prolific import groups, views
from backend.simulator.prolific.participants import CHOICES
from backend.simulator.prolific.request import Reply, Request, Verb, Wrong, the_study, the_work
from backend.simulator.prolific.state import Account, Bonus, Study

# action -> the states it leads from, and to which
MOVES = {
    "PUBLISH": ({"UNPUBLISHED"}, "PUBLISHING"),
    "PAUSE": ({"ACTIVE"}, "PAUSED"),
    "START": ({"PAUSED"}, "ACTIVE"),
    "STOP": ({"ACTIVE", "PAUSED"}, "AWAITING REVIEW"),
}
REQUIRED = ("name", "description", "external_study_url", "prolific_id_option", "completion_codes", "project")
SHORTEST_REASON = 100


def me(account: Account, request: Request) -> Reply:
    return 200, {
        "id": "f" * 24,
        "currency_code": account.currency,
        "balance": account.balance,
        "available_balance": account.available(),
    }


def list_filters(account: Account, request: Request) -> Reply:
    ranges: list[Json] = [{"filter_id": name, "type": "range"} for name in ("approval_rate", "approval_numbers")]
    selects: list[Json] = [
        {"filter_id": name, "type": "select", "choices": {str(n): choice for n, choice in enumerate(choices)}}
        for name, choices in CHOICES.items()
    ]
    return 200, {"results": ranges + selects}


def create_study(account: Account, request: Request) -> Reply:
    body = request.body
    if missing := [name for name in REQUIRED if not body.fields.get(name)]:
        raise Wrong(400, f"{missing[0]}: this field is required")
    reward, places = body.whole("reward"), body.whole("total_available_places")
    if reward < 1 or places < 1:
        raise Wrong(400, "reward and places must be positive")
    study = Study(account.new_id(), dict(body.fields), reward, places, body.whole("maximum_allowed_time"))
    account.studies[study.id] = study
    return 201, views.study(account, study)


def get_study(account: Account, request: Request) -> Reply:
    return 200, views.study(account, the_study(account, request.ids[0]))


def delete_study(account: Account, request: Request) -> Reply:
    study = the_study(account, request.ids[0])
    if study.status != "UNPUBLISHED":
        raise Wrong(400, "only a draft can be deleted")
    del account.studies[study.id]
    return 204, None


def update_study(account: Account, request: Request) -> Reply:
    study, places = the_study(account, request.ids[0]), request.body.whole("total_available_places")
    if study.status not in {"UNPUBLISHED", "ACTIVE", "PAUSED", "AWAITING REVIEW"} or places < study.places:
        raise Wrong(400, "places can only grow, and not after a study is complete")
    if account.cost(study.reward) * (places - study.places) > account.available():
        raise Wrong(400, "Your balance does not cover these places")
    study.places = places
    if study.status == "AWAITING REVIEW" and account.free_places(study):
        account.set_study(study, "ACTIVE")
    return 200, views.study(account, study)


def move_study(account: Account, request: Request) -> Reply:
    study, action = the_study(account, request.ids[0]), request.body.text("action")
    if action not in MOVES or study.status not in MOVES[action][0]:
        raise Wrong(400, f"a study that is {study.status} can't do {action}")
    if action == "PUBLISH" and account.cost(study.reward) * study.places > account.available():
        raise Wrong(400, "Your balance does not cover this study")
    account.set_study(study, MOVES[action][1])
    study.live_at = account.now() + account.publishing
    account.tick()
    return 200, views.study(account, study)


def list_studies(account: Account, request: Request) -> Reply:
    mine = [one for one in account.studies.values() if one.fields["project"] == request.ids[0]]
    return views.page(account, [views.study(account, study) for study in mine], request.query)


def list_works(account: Account, request: Request) -> Reply:
    study = the_study(account, request.ids[0])
    return views.page(account, [views.listed(account, work) for work in account.works_of(study.id)], request.query)


def get_work(account: Account, request: Request) -> Reply:
    return 200, views.single(account, the_work(account, request.ids[0]))


def move_work(account: Account, request: Request) -> Reply:
    work, action = the_work(account, request.ids[0]), request.body.text("action")
    if action not in {"APPROVE", "REJECT"} or work.status not in {"AWAITING REVIEW", "TIMED-OUT"}:
        raise Wrong(400, f"a submission that is {work.status} can't do {action}")
    if action == "APPROVE":
        owed = account.cost(account.studies[work.study_id].reward)
        if owed > account.available() + (owed if work.status == "AWAITING REVIEW" else 0):
            raise Wrong(400, "Your balance does not cover this submission")
        account.pay_reward(work)
    else:
        reason = request.body.text_or_none("message") or ""
        if len(reason) < SHORTEST_REASON or request.body.text_or_none("rejection_category") is None:
            raise Wrong(400, f"message: at least {SHORTEST_REASON} characters, and a rejection_category")
        work.rejected_for = reason
        account.set_status(work, "REJECTED")
    return 200, views.single(account, work)


def set_up_bonus(account: Account, request: Request) -> Reply:
    study = the_study(account, request.body.text("study_id"))
    who, _, amount = request.body.text("csv_bonuses").strip().partition(",")
    work = next((one for one in account.works_of(study.id) if who in {one.id, one.person_id}), None)
    try:
        minor = Fraction(Decimal(amount)) * 100
    except (InvalidOperation, ValueError):
        raise Wrong(400, f"csv_bonuses: {amount} is no amount") from None
    if work is None or minor.denominator != 1 or minor <= 0:
        raise Wrong(400, f"csv_bonuses: {who} took no part in this study, or {amount} is no amount")
    bonus = Bonus(account.new_id(), work.id, int(minor))
    account.bonuses[bonus.id] = bonus
    fees = account.fees.on(bonus.amount)
    return 201, {
        "id": bonus.id,
        "study": study.id,
        "amount": bonus.amount,
        "fees": fees,
        "total_amount": bonus.amount + fees,
    }


def pay_bonus(account: Account, request: Request) -> Reply:
    """Pays each time it is called, as the vendor's own page warns."""
    bonus = account.bonuses.get(request.ids[0])
    if bonus is None:
        raise Wrong(404, "there is no such bulk payment")
    if account.cost(bonus.amount) > account.available():
        raise Wrong(400, "Your balance does not cover this bonus")
    bonus.paid += 1
    account.pay_bonus(account.works[bonus.work_id], bonus.amount)
    return 202, {"message": "payment is being made"}


VERBS: tuple[tuple[str, str, Verb], ...] = (
    ("GET", "/users/me/", me),
    ("GET", "/filters/", list_filters),
    ("POST", "/studies/", create_study),
    ("GET", "/studies/ID/", get_study),
    ("PATCH", "/studies/ID/", update_study),
    ("DELETE", "/studies/ID/", delete_study),
    ("POST", "/studies/ID/transition/", move_study),
    ("GET", "/studies/ID/submissions/", list_works),
    ("GET", "/projects/ID/studies/", list_studies),
    ("POST", "/submissions/bonus-payments/", set_up_bonus),
    ("GET", "/submissions/ID/", get_work),
    ("POST", "/submissions/ID/transition/", move_work),
    ("POST", "/bulk-bonus-payments/ID/pay/", pay_bonus),
    ("POST", "/messages/bulk/", groups.send_messages),
    ("GET", "/participant-groups/", groups.list_groups),
    ("POST", "/participant-groups/", groups.create_group),
    ("GET", "/participant-groups/ID/participants/", groups.list_members),
    ("POST", "/participant-groups/ID/participants/", groups.add_members),
    ("DELETE", "/participant-groups/ID/participants/", groups.remove_members),
)


def find(method: str, path: str) -> tuple[Verb, tuple[str, ...]]:
    """The verb of a path, and the ids in it. Raises Wrong where there is none."""
    for verb_method, pattern, verb in VERBS:
        match = re.fullmatch(pattern.replace("ID", "([A-Za-z0-9_-]+)"), path)
        if match and verb_method == method:
            return verb, match.groups()
    raise Wrong(404, f"there is no {method} {path}")
