"""The account's things as the vendor's JSON shows them."""

from collections.abc import Mapping, Sequence

from backend.crowd.http import Json
from backend.simulator.prolific.state import Account, Group, Study, Work


def study(account: Account, one: Study) -> Json:
    return {
        **one.fields,
        "id": one.id,
        "status": one.status,
        "total_available_places": one.places,
        "places_taken": one.places - account.free_places(one),
        "currency_code": account.currency,
        "total_cost": account.cost(one.reward) * one.places,
    }


def listed(account: Account, work: Work) -> Json:
    """A submission in a list: its participant is participant_id, its code study_code."""
    return {**shared(account, work), "participant_id": work.person_id, "study_code": work.code}


def single(account: Account, work: Work) -> Json:
    """A submission alone: its participant is participant, its code entered_code."""
    return {
        **shared(account, work),
        "participant": work.person_id,
        "entered_code": work.code,
        "study_id": work.study_id,
    }


def shared(account: Account, work: Work) -> dict[str, Json]:
    return {
        "id": work.id,
        "status": work.status,
        "started_at": work.started_at.isoformat() if work.started_at else None,
        "completed_at": work.completed_at.isoformat() if work.completed_at else None,
        "is_complete": work.completed_at is not None,
        "reward": account.studies[work.study_id].reward,
        "bonus_payments": list(work.bonuses),
    }


def group(one: Group) -> Json:
    return {"id": one.id, "name": one.name, "project_id": one.project}


def page(account: Account, every: Sequence[Json], query: Mapping[str, str]) -> tuple[int, Json]:
    """A slice of a list, as asked but never longer than the account's longest page."""
    limit, offset = min(int(query.get("limit", "20")), account.longest_page), int(query.get("offset", "0"))
    return 200, {"results": every[offset : offset + limit], "meta": {"count": len(every)}}
