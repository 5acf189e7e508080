"""A posting as Prolific's study, and Prolific's submissions as ours. Asks nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from urllib.parse import urlsplit, urlunsplit

from backend.crowd.http import Json, Record
from backend.crowd.protocol import Posting, Refused, Submission
from backend.domain.submissions import SubmissionState

PLACEHOLDERS = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
# Prolific also asks for the usual time. Paid time is capped at three times the median, and a posting allows that much.
USUAL_SHARE = 3
CODE_TYPES = {"completed": "COMPLETED", "no_consent": "NO_CONSENT"}
# Nobody is approved or rejected by a code: a forged code would be paid, a lost one would not. Who did not consent is
# asked to give the place back, which costs neither side anything.
REVIEW, GIVE_BACK = "MANUALLY_REVIEW", "REQUEST_RETURN"

DRAFT, LIVE, PAUSED = frozenset({"UNPUBLISHED"}), frozenset({"ACTIVE", "SCHEDULED"}), frozenset({"PAUSED"})
ON_THE_WAY = frozenset({"PUBLISHING"})
OVER = frozenset({"AWAITING REVIEW", "COMPLETED"})

STATES = {
    "RESERVED": SubmissionState.ACTIVE,
    "ACTIVE": SubmissionState.ACTIVE,
    "AWAITING REVIEW": SubmissionState.SUBMITTED,
    "APPROVED": SubmissionState.APPROVED,
    "SCREENED OUT": SubmissionState.APPROVED,  # what Prolific pays for it stands among the bonuses
    "REJECTED": SubmissionState.REJECTED,
    "RETURNED": SubmissionState.RETURNED,
    "TIMED OUT": SubmissionState.TIMED_OUT,
}


def internal_name(token: str) -> str:
    """By what a study of ours is found again; participants never see it."""
    return f"Assay {token}"


def draft(posting: Posting, *, project: str, filters: Sequence[Json]) -> Json:
    """The body that makes a draft. Raises Refused for a posting without codes: nobody could finish it."""
    if not posting.codes:
        raise Refused("Prolific needs a completion code, so that raters can come back from our pages.")
    return {
        "name": posting.title,
        "internal_name": internal_name(posting.token),
        "description": posting.description,
        "external_study_url": with_placeholders(posting.url),
        "prolific_id_option": "url_parameters",
        "completion_codes": [completion_code(outcome, code) for outcome, code in posting.codes],
        "total_available_places": posting.places,
        "estimated_completion_time": minutes(posting.time_allowed / USUAL_SHARE),
        "maximum_allowed_time": minutes(posting.time_allowed),
        "reward": posting.reward.minor,
        "device_compatibility": ["desktop", "tablet", "mobile"],
        "peripheral_requirements": [],
        "submissions_config": {"max_submissions_per_participant": 1},
        "filters": filters,
        "project": project,
    }


def completion_code(outcome: str, code: str) -> Json:
    """A code that a rater may bring back, and what Prolific does on it."""
    action = GIVE_BACK if outcome == "no_consent" else REVIEW
    return {"code": code, "code_type": CODE_TYPES.get(outcome, "OTHER"), "actions": [{"action": action}]}


def with_placeholders(url: str) -> str:
    """Our address with the three names that Prolific fills in for each participant; SESSION_ID is the submission."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, PLACEHOLDERS]))))


def minutes(time: timedelta) -> int:
    """Whole minutes, at least one."""
    return max(1, ceil(time / timedelta(minutes=1)))


def status(study: Record) -> str:
    """A study's state, as the vendor spells it in any of its places."""
    return spelled(study.text("status"))


def spelled(said: str) -> str:
    return said.upper().replace("-", " ").replace("_", " ")


def rater(found: Record) -> str:
    """Whose submission it is; the list and the single view name it differently."""
    who = found.text_or_none("participant_id", "participant")
    if who is None:
        raise Refused("Prolific does not say whose submission this is.")
    return who


def state(found: Record) -> SubmissionState:
    """A submission's state. Raises Refused for one that came into the world after this was written."""
    said = spelled(found.text("status"))
    if said not in STATES:
        raise Refused(f"Prolific calls a submission {said!r}, which this version does not know.")
    return STATES[said]


def submission(found: Record, *, posting_id: str, now: datetime) -> Submission:
    """A submission. One that is only reserved has no start yet: it counts as accepted now."""
    return Submission(
        id=found.text("id"),
        posting_id=posting_id,
        rater_id=rater(found),
        state=state(found),
        accepted_at=found.time_or_none("started_at") or now,
        submitted_at=found.time_or_none("completed_at"),
        code=found.text_or_none("study_code", "entered_code"),
    )
