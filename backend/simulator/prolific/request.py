"""A request to the simulated vendor, and the answers that are errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.crowd.http import Json, Record
from backend.simulator.prolific.state import Account, Group, Study, Work


class Wrong(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Request:
    """A request: the ids in its path, its query and its body."""

    ids: tuple[str, ...]
    query: Mapping[str, str]
    body: Record


Reply = tuple[int, Json]
Verb = Callable[[Account, Request], Reply]


def the_study(account: Account, study_id: str) -> Study:
    if study_id not in account.studies:
        raise Wrong(404, "there is no such study")
    return account.studies[study_id]


def the_work(account: Account, work_id: str) -> Work:
    if work_id not in account.works:
        raise Wrong(404, "there is no such submission")
    return account.works[work_id]


def the_group(account: Account, group_id: str) -> Group:
    if group_id not in account.groups:
        raise Wrong(404, "there is no such participant group")
    return account.groups[group_id]
