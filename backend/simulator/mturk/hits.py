"""HIT types and HITs: made, read, extended, expired, deleted. Knows no worker."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

from backend.simulator.mturk import fees, notifications, qualifications, tokens
from backend.simulator.mturk.market import Hit, HitType, Market, State, dollars
from backend.simulator.mturk.paging import paged
from backend.simulator.mturk.wire import Answer, Request, RequestError

NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
LONGEST_QUESTION = 65_535
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
THIRTY_DAYS = 30 * 24 * 3600
# What MTurk's documents allow: seconds, characters, assignments.
TIME_ALLOWED = range(30, 365 * 24 * 3600 + 1)
LIFETIME = range(30, 365 * 24 * 3600 + 1)
PLACES = range(1, 1_000_000_001)
LENGTHS = {"Title": 128, "Description": 2000, "Keywords": 1000}


def create_type(market: Market, request: Request) -> Answer:
    return {"HITTypeId": hit_type(market, request).id}


def hit_type(market: Market, request: Request) -> HitType:
    """A type with these values; equal values are the same type."""
    within("AssignmentDurationInSeconds", request.integer("AssignmentDurationInSeconds"), TIME_ALLOWED)
    for name, longest in LENGTHS.items():
        if len(request.text(name)) > longest:
            raise RequestError("ParameterValidationError", f"{name} is longer than {longest} characters.")
    if request.integer("AutoApprovalDelayInSeconds", THIRTY_DAYS) > THIRTY_DAYS:
        raise RequestError("ParameterValidationError", "AutoApprovalDelayInSeconds is at most 30 days.")
    wanted = HitType(
        id="",
        title=request.text("Title"),
        description=request.text("Description"),
        keywords=request.text("Keywords"),
        reward=request.cents("Reward"),
        time_allowed=timedelta(seconds=request.integer("AssignmentDurationInSeconds")),
        approved_after=timedelta(seconds=request.integer("AutoApprovalDelayInSeconds", THIRTY_DAYS)),
        requirements=qualifications.requirements(market, request.parts("QualificationRequirements")),
    )
    for known in market.hit_types.values():
        if replace(known, id="") == wanted:
            return known
    new = replace(wanted, id=market.new_id("type"))
    market.hit_types[new.id] = new
    return new


def create(market: Market, request: Request) -> Answer:
    tokens.refuse_repeat(market, "CreateHIT", request)
    return offered(market, request, hit_type(market, request))


def create_with_type(market: Market, request: Request) -> Answer:
    tokens.refuse_repeat(market, "CreateHIT", request)
    of_type = market.hit_types.get(request.text("HITTypeId"))
    if of_type is None:
        raise RequestError("HITTypeDoesNotExist", f"HITType {request.text('HITTypeId')} does not exist.")
    return offered(market, request, of_type)


def offered(market: Market, request: Request, of_type: HitType) -> Answer:
    """Put a HIT on the market, if the account can pay for all of its places."""
    lifetime, places = request.integer("LifetimeInSeconds"), request.integer("MaxAssignments", 1)
    within("LifetimeInSeconds", lifetime, LIFETIME)
    within("MaxAssignments", places, PLACES)
    external_url(market, request.text("Question"))
    if len(request.text("RequesterAnnotation")) > 255:
        raise RequestError("ParameterValidationError", "RequesterAnnotation is longer than 255 characters.")
    expires = market.now() + timedelta(seconds=lifetime)
    hit = Hit(
        id=market.new_id("hit"),
        type=of_type,
        created=market.now(),
        expires=expires,
        shown=expires,
        places=places,
        made_with=places,
        question=request.text("Question"),
        annotation=request.text("RequesterAnnotation"),
        masters=any(one.type_id == qualifications.masters(market) for one in of_type.requirements),
    )
    market.needs(hit.cost * places)
    market.hits[hit.id] = hit
    tokens.remember(market, "CreateHIT", request, hit.id)
    notifications.tell(market, "HITCreated", hit)
    return {"HIT": shown(market, hit)}


def within(name: str, value: int, allowed: range) -> None:
    if value not in allowed:
        raise RequestError("ParameterValidationError", f"{name} is {allowed[0]} to {allowed[-1]}, not {value}.")


def external_url(market: Market, question: str) -> str:
    """The address in an ExternalQuestion. Raises RequestError unless it is whole, and https."""
    if len(question.encode()) > LONGEST_QUESTION:
        raise RequestError("QuestionTooLong", f"The question is longer than {LONGEST_QUESTION} bytes.")
    try:
        root = ElementTree.fromstring(question)
    except ElementTree.ParseError as error:
        raise RequestError("XMLParseError", f"The question is not XML: {error}.") from None
    url, height = (root.findtext(f"{{{NAMESPACE}}}{name}", "") for name in ("ExternalURL", "FrameHeight"))
    if root.tag != f"{{{NAMESPACE}}}ExternalQuestion" or not url or not height.isdigit():
        raise RequestError("XMLParseError", "An ExternalQuestion has an ExternalURL and a FrameHeight.")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (market.insecure and parts.hostname in LOOPBACK):
        raise RequestError("ParameterValidationError", f"An ExternalURL is an https address, not {url}.")
    return url


def get(market: Market, request: Request) -> Answer:
    hit = market.hit(request.text("HITId"))
    fields = shown(market, hit)
    if market.faults.stale_reads:
        market.faults.stale_reads -= 1
        return {"HIT": fields | {"Expiration": hit.shown}}
    return {"HIT": fields}


def shown(market: Market, hit: Hit) -> dict[str, object]:
    """A HIT as the protocol shows it."""
    return {
        "HITId": hit.id,
        "HITTypeId": hit.type.id,
        "HITGroupId": hit.type.id,
        "CreationTime": hit.created,
        "Title": hit.type.title,
        "Description": hit.type.description,
        "Keywords": hit.type.keywords,
        "Question": hit.question,
        "HITStatus": status(market, hit),
        "MaxAssignments": hit.places,
        "Reward": dollars(hit.type.reward),
        "AutoApprovalDelayInSeconds": int(hit.type.approved_after.total_seconds()),
        "Expiration": hit.expires,
        "AssignmentDurationInSeconds": int(hit.type.time_allowed.total_seconds()),
        "RequesterAnnotation": hit.annotation,
        "QualificationRequirements": [qualifications.shown(one) for one in hit.type.requirements],
        "HITReviewStatus": "NotReviewed",
        "NumberOfAssignmentsPending": len(market.of_hit(hit, State.WORKING)),
        "NumberOfAssignmentsAvailable": market.places_left(hit),
        "NumberOfAssignmentsCompleted": len(market.of_hit(hit, State.APPROVED, State.REJECTED)),
    }


def status(market: Market, hit: Hit) -> str:
    """Assignable while somebody may accept it, Unassignable while somebody is at work, then Reviewable."""
    if hit.is_deleted:
        return "Disposed"
    if hit.expires > market.now() and market.places_left(hit) > 0:
        return "Assignable"
    return "Unassignable" if market.of_hit(hit, State.WORKING) else "Reviewable"


def listed(market: Market, request: Request) -> Answer:
    return paged(request, "HITs", [shown(market, hit) for hit in living(market)])


def reviewable(market: Market, request: Request) -> Answer:
    wanted = request.text("HITTypeId")
    ready = [hit for hit in living(market) if status(market, hit) == "Reviewable" and wanted in ("", hit.type.id)]
    return paged(request, "HITs", [shown(market, hit) for hit in ready])


def living(market: Market) -> Iterator[Hit]:
    return (hit for hit in market.hits.values() if not hit.is_deleted)


def update_expiration(market: Market, request: Request) -> Answer:
    """A time that is past means now."""
    hit = market.hit(request.text("HITId"))
    wanted = max(request.moment("ExpireAt"), market.now())
    within("ExpireAt, in seconds from now,", int((wanted - market.now()).total_seconds()), range(0, LIFETIME[-1] + 1))
    reopened = market.places_left(hit) if hit.expires <= market.now() < wanted else 0
    market.needs(hit.cost * reopened)
    hit.shown, hit.expires, hit.is_told_expired = hit.expires, wanted, False
    return {}


def extend(market: Market, request: Request) -> Answer:
    """More places; from below ten to ten or more is refused, for their fees differ."""
    tokens.refuse_repeat(market, "CreateAdditionalAssignmentsForHIT", request)
    hit, more = market.hit(request.text("HITId")), request.integer("NumberOfAdditionalAssignments")
    within("NumberOfAdditionalAssignments", more, PLACES)
    if hit.made_with < fees.MANY <= hit.places + more:
        raise RequestError(
            "InvalidMaximumAssignmentsIncrease",
            "A HIT created with fewer than 10 assignments can't be extended to have 10 or more.",
        )
    market.needs(hit.cost * more if hit.expires > market.now() else 0)
    hit.places += more
    tokens.remember(market, "CreateAdditionalAssignmentsForHIT", request, market.new_id("request"))
    notifications.tell(market, "HITExtended", hit)
    return {}


def delete(market: Market, request: Request) -> Answer:
    hit = market.hit(request.text("HITId"))
    if status(market, hit) != "Reviewable" or market.of_hit(hit, State.SUBMITTED):
        raise RequestError("InvalidHITState", "A HIT is deleted once it is Reviewable and all of it is judged.")
    hit.is_deleted = True
    notifications.tell(market, "HITDisposed", hit)
    return {}


OPERATIONS = {
    "CreateHITType": create_type,
    "CreateHIT": create,
    "CreateHITWithHITType": create_with_type,
    "GetHIT": get,
    "ListHITs": listed,
    "ListReviewableHITs": reviewable,
    "UpdateExpirationForHIT": update_expiration,
    "CreateAdditionalAssignmentsForHIT": extend,
    "DeleteHIT": delete,
}
