"""What can become of a rater's piece of work at a vendor. Knows nobody."""

from enum import StrEnum


class SubmissionState(StrEnum):
    """What the vendor says of a rater's piece of work."""

    ACTIVE = "active"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    TIMED_OUT = "timed_out"


LEFT = (SubmissionState.RETURNED, SubmissionState.TIMED_OUT)
