"""The vendor's verbs about people: participant groups and messages."""

from backend.simulator.prolific import views
from backend.simulator.prolific.request import Reply, Request, Wrong, the_group, the_study
from backend.simulator.prolific.state import Account, Group, Letter


def send_messages(account: Account, request: Request) -> Reply:
    study = the_study(account, request.body.text("study_id"))
    took_part = {work.person_id for work in account.works_of(study.id)}
    ids = request.body.texts("ids")
    if not ids or not set(ids) <= took_part:
        raise Wrong(400, "ids: some took no part in this study")
    account.letters += [Letter(who, study.id, request.body.text("body")) for who in ids]
    return 204, None


def list_groups(account: Account, request: Request) -> Reply:
    mine = [group for group in account.groups.values() if group.project == request.query.get("project_id")]
    return views.page(account, [views.group(group) for group in mine], request.query)


def create_group(account: Account, request: Request) -> Reply:
    group = Group(account.new_id(), request.body.text("name"), request.body.text("project_id"))
    account.groups[group.id] = group
    return 201, views.group(group)


def list_members(account: Account, request: Request) -> Reply:
    return 200, {"results": [{"participant_id": who} for who in the_group(account, request.ids[0]).members]}


def add_members(account: Account, request: Request) -> Reply:
    group = the_group(account, request.ids[0])
    group.members += [who for who in request.body.texts("participant_ids") if who not in group.members]
    return list_members(account, request)


def remove_members(account: Account, request: Request) -> Reply:
    """Strict about who is not a member: the reference does not say, and an adapter must bear both."""
    group = the_group(account, request.ids[0])
    for who in request.body.texts("participant_ids"):
        if who not in group.members:
            raise Wrong(400, f"{who} is not in this group")
        group.members.remove(who)
    return list_members(account, request)
