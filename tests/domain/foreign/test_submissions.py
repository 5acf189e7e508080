"""A panel's export of submissions: whose work counts, and how long it took."""

import pytest

from backend.domain.foreign.submissions import submissions
from tests import exports

COUNTED = {"approved", "awaiting review"}


def test_a_submission_is_found_by_its_id_and_else_by_the_person() -> None:
    found = submissions(
        "export.csv", exports.prolific(("s1", "ann", "APPROVED", "60.5"), ("s2", "bob", "REJECTED", ""))
    )
    by_id, by_person = found.of("s2", "ann", COUNTED), found.of("", "ann", COUNTED)
    assert by_id is not None
    assert (by_id.participant, by_id.status, by_id.seconds) == ("bob", "REJECTED", None)
    assert by_person is not None
    assert (by_person.id, by_person.seconds) == ("s1", 60.5)
    assert found.of("", "cy", COUNTED) is None
    assert found.statuses == ["APPROVED", "REJECTED"]


def test_of_a_persons_submissions_the_one_that_counts_is_taken() -> None:
    found = submissions("export.csv", exports.prolific(("s1", "ann", "RETURNED", ""), ("s2", "ann", "APPROVED", "9")))
    taken = found.of("", "ann", COUNTED)
    assert taken is not None
    assert taken.id == "s2"


def test_what_is_no_export_says_which_columns_it_lacks() -> None:
    with pytest.raises(
        ValueError, match="has no column Submission id and no Status; its columns are Participant id, x"
    ):
        submissions("export.csv", [{"Participant id": "ann", "x": "1"}])
