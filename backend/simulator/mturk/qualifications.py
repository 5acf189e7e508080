"""Who may accept what: MTurk's own qualifications and those that a requester makes, grants, scores and revokes."""

from collections.abc import Callable, Sequence

from backend.simulator.mturk.market import Hit, Market, QualificationType, Requirement, Worker
from backend.simulator.mturk.paging import paged
from backend.simulator.mturk.wire import Answer, Request, RequestError

PERCENT_APPROVED = "000000000000000000L0"
NUMBER_APPROVED = "00000000000000000040"
LOCALE = "00000000000000000071"
MASTERS = "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH"
MASTERS_OF_SANDBOX = "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"
MOST_REQUIREMENTS = 10
MOST_VALUES = 15
LONGEST_NAME = 200

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "LessThan": int.__lt__,
    "LessThanOrEqualTo": int.__le__,
    "GreaterThan": int.__gt__,
    "GreaterThanOrEqualTo": int.__ge__,
    "EqualTo": int.__eq__,
    "NotEqualTo": int.__ne__,
}


def masters(market: Market) -> str:
    """The id of the Masters qualification; the sandbox has another."""
    return MASTERS_OF_SANDBOX if market.sandbox else MASTERS


def requirements(market: Market, parts: Sequence[Request]) -> tuple[Requirement, ...]:
    """What a HIT type asks for. Raises RequestError for an unknown type, or more than MTurk takes."""
    if len(parts) > MOST_REQUIREMENTS:
        raise RequestError("ParameterValidationError", f"A HIT has at most {MOST_REQUIREMENTS} qualifications.")
    return tuple(requirement(market, part) for part in parts)


def requirement(market: Market, part: Request) -> Requirement:
    known = {PERCENT_APPROVED, NUMBER_APPROVED, LOCALE, masters(market), *market.qualification_types}
    if part.text("QualificationTypeId") not in known:
        missing = part.text("QualificationTypeId")
        raise RequestError("QualificationTypeDoesNotExist", f"QualificationType {missing} does not exist.")
    made = Requirement(
        type_id=part.text("QualificationTypeId"),
        comparator=part.text("Comparator"),
        numbers=tuple(number for number in part.listed("IntegerValues") if isinstance(number, int)),
        countries=tuple(place.text("Country") for place in part.parts("LocaleValues")),
        guards=part.text("ActionsGuarded", "Accept"),
    )
    if not 0 <= len(made.numbers) + len(made.countries) <= MOST_VALUES or has_wrong_values(made):
        raise RequestError("ParameterValidationError", f"{made.comparator} can't have these values.")
    return made


def has_wrong_values(made: Requirement) -> bool:
    values = made.countries if made.type_id == LOCALE else made.numbers
    if made.comparator in ("Exists", "DoesNotExist"):
        return bool(made.numbers or made.countries)
    if made.comparator in ("In", "NotIn"):
        return not values
    return len(values) != 1


def shown(made: Requirement) -> dict[str, object]:
    values: dict[str, object] = {}
    if made.numbers:
        values["IntegerValues"] = list(made.numbers)
    if made.countries:
        values["LocaleValues"] = [{"Country": country} for country in made.countries]
    ids = {"QualificationTypeId": made.type_id, "Comparator": made.comparator, "ActionsGuarded": made.guards}
    return ids | values


def unmet(market: Market, worker: Worker, hit: Hit) -> list[Requirement]:
    """What this worker lacks for this HIT."""
    return [one for one in hit.type.requirements if not is_met(market, worker, one)]


def is_met(market: Market, worker: Worker, asked: Requirement) -> bool:
    if asked.type_id == LOCALE:
        is_inside = worker.country in asked.countries
        return is_inside if asked.comparator in ("In", "EqualTo") else not is_inside
    score = score_of(market, worker, asked.type_id)
    if asked.comparator in ("Exists", "DoesNotExist"):
        return (score is not None) == (asked.comparator == "Exists")
    if score is None:
        return False
    if asked.comparator in ("In", "NotIn"):
        return (score in asked.numbers) == (asked.comparator == "In")
    return COMPARISONS[asked.comparator](score, asked.numbers[0])


def score_of(market: Market, worker: Worker, type_id: str) -> int | None:
    """What a worker has in a qualification; None without it."""
    if type_id == PERCENT_APPROVED:
        return worker.approval
    if type_id == NUMBER_APPROVED:
        return worker.approved
    if type_id == masters(market):
        return 1 if worker.is_master else None
    granted = market.qualification_types[type_id].scores.get(worker.id)
    return granted[0] if granted else None


def create(market: Market, request: Request) -> Answer:
    name = request.text("Name")
    if len(name) > LONGEST_NAME:
        raise RequestError("ParameterValidationError", f"Name is longer than {LONGEST_NAME} characters.")
    if any(known.name == name for known in market.qualification_types.values()):
        raise RequestError(
            "QualificationTypeAlreadyExists",
            "You have already created a QualificationType with this name. A QualificationType's name must be unique "
            "among all of the QualificationTypes created by the same user.",
        )
    made = QualificationType(market.new_id("qualification"), name, request.text("Description"), market.now())
    market.qualification_types[made.id] = made
    return {"QualificationType": described(made)}


def described(made: QualificationType) -> dict[str, object]:
    return {
        "QualificationTypeId": made.id,
        "CreationTime": made.created,
        "Name": made.name,
        "Description": made.description,
        "QualificationTypeStatus": "Active",
        "IsRequestable": True,
        "AutoGranted": False,
    }


def own(market: Market, request: Request) -> QualificationType:
    type_id = request.text("QualificationTypeId")
    if type_id not in market.qualification_types:
        raise RequestError("QualificationTypeDoesNotExist", f"QualificationType {type_id} does not exist.")
    return market.qualification_types[type_id]


def get(market: Market, request: Request) -> Answer:
    return {"QualificationType": described(own(market, request))}


def listed(market: Market, request: Request) -> Answer:
    """Own types only: there is no other requester here."""
    query = request.text("Query").lower()
    found = [made for made in market.qualification_types.values() if query in made.name.lower()]
    return paged(request, "QualificationTypes", [described(made) for made in found])


def delete(market: Market, request: Request) -> Answer:
    del market.qualification_types[own(market, request).id]
    return {}


def associate(market: Market, request: Request) -> Answer:
    """Grant, or score again."""
    worker_id = request.text("WorkerId")
    if worker_id not in market.workers:
        raise RequestError("WorkerDoesNotExist", f"Worker {worker_id} does not exist.")
    own(market, request).scores[worker_id] = (request.integer("IntegerValue", 1), market.now())
    return {}


def disassociate(market: Market, request: Request) -> Answer:
    granted(own(market, request), request.text("WorkerId"))
    del own(market, request).scores[request.text("WorkerId")]
    return {}


def granted(made: QualificationType, worker_id: str) -> dict[str, object]:
    if worker_id not in made.scores:
        raise RequestError("QualificationDoesNotExist", f"Worker {worker_id} does not have {made.id}.")
    score, since = made.scores[worker_id]
    ids = {"QualificationTypeId": made.id, "WorkerId": worker_id, "Status": "Granted"}
    return ids | {"IntegerValue": score, "GrantTime": since}


def score(market: Market, request: Request) -> Answer:
    return {"Qualification": granted(own(market, request), request.text("WorkerId"))}


def workers(market: Market, request: Request) -> Answer:
    made = own(market, request)
    return paged(request, "Qualifications", [granted(made, worker_id) for worker_id in made.scores])


OPERATIONS = {
    "CreateQualificationType": create,
    "GetQualificationType": get,
    "ListQualificationTypes": listed,
    "DeleteQualificationType": delete,
    "AssociateQualificationWithWorker": associate,
    "DisassociateQualificationFromWorker": disassociate,
    "GetQualificationScore": score,
    "ListWorkersWithQualificationType": workers,
}
