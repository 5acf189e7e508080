"""Exports as crowds and panels write them, made up: Mechanical Turk's batch results and Prolific's submissions."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from backend.services.studies.files import Source

ABOUT = (
    *("HITId", "HITTypeId", "Title", "Description", "Keywords", "Reward", "CreationTime", "MaxAssignments"),
    *("RequesterAnnotation", "AssignmentDurationInSeconds", "AutoApprovalDelayInSeconds", "Expiration"),
    *("NumberOfSimilarHITs", "LifetimeInSeconds", "AssignmentId", "WorkerId", "AssignmentStatus", "AcceptTime"),
    *("SubmitTime", "AutoApprovalTime", "ApprovalTime", "RejectionTime", "RequesterFeedback", "WorkTimeInSeconds"),
    *("LifetimeApprovalRate", "Last30DaysApprovalRate", "Last7DaysApprovalRate"),
)
SAME = {
    "HITTypeId": "3TYPE",
    "Title": "Which response is better?",
    "Keywords": "text, compare",
    "Reward": "$0.50",
    "CreationTime": "Mon Mar 06 10:11:12 PST 2023",
    "MaxAssignments": "3",
    "AssignmentDurationInSeconds": "3600",
    "NumberOfSimilarHITs": "",
    "AssignmentStatus": "Approved",
    "WorkTimeInSeconds": "61",
    "LifetimeApprovalRate": "100% (12/12)",
    "Last30DaysApprovalRate": "0% (0/0)",
}
Row = Mapping[str, str]


def mturk(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Rows of batch results: what a test does not say is as in any batch, and every assignment has its own id."""
    given = [
        {**SAME, "HITId": f"3HIT{number}", "AssignmentId": f"3AS{number}", **row}
        for number, row in enumerate(rows, start=1)
    ]
    answers = dict.fromkeys(name for row in given for name in row if name not in ABOUT)
    return [{name: row.get(name, "") for name in (*ABOUT, *answers, "Approve", "Reject")} for row in given]


def text(rows: Sequence[Row], *, line_end: str = "\r\n") -> str:
    """The rows as CSV with every cell in quotes, as Mechanical Turk writes it."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def saved(folder: Path, rows: Sequence[Row], *, name: str = "Batch_1_results.csv", encoding: str = "utf-8") -> Source:
    """The rows in a file; with the encoding utf-8-sig, behind a byte order mark."""
    path = folder / name
    path.write_bytes(text(rows).encode(encoding))
    return Source(path, None, name)


def prolific(*people: tuple[str, str, str, str]) -> list[dict[str, str]]:
    """An export of submissions from (submission, participant, status, seconds)."""
    return [
        {
            "Submission id": submission,
            "Participant id": participant,
            "Status": status,
            "Started at": "2025-03-06T10:11:12.000Z",
            "Completed at": "2025-03-06T10:31:12.000Z",
            "Time taken": seconds,
            "Completion code": "C0FFEE",
            "Age": "33",
            "Sex": "CONSENT_REVOKED",
        }
        for submission, participant, status, seconds in people
    ]
