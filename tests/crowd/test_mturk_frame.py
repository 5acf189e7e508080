"""What a framed page's address says, and that its last form goes to the vendor alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.crowd.mturk_frame import PREVIEW, VENDOR, Came, came, framing, origins, place, submit_address
from backend.errors import Invalid

IDS = {"assignmentId": "3ABC", "hitId": "3HIT", "workerId": "AWORKER1", "turkSubmitTo": "https://www.mturk.com"}
LOCAL = "http://127.0.0.1:8080"


def query(**changes: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in {**IDS, **changes}.items() if value is not None]


def test_who_has_accepted_is_named_with_what_they_accepted() -> None:
    assert came(query(), VENDOR) == Came("3ABC", "3HIT", "AWORKER1", "https://www.mturk.com")


@pytest.mark.parametrize("assignment", [None, "", PREVIEW])
def test_a_preview_names_nobody(assignment: str | None) -> None:
    assert came(query(assignmentId=assignment, workerId=None, turkSubmitTo=None), VENDOR) is None


@pytest.mark.parametrize(
    "change",
    [
        {"assignmentId": "3abc"},
        {"assignmentId": "3A BC"},
        {"assignmentId": "A" * 65},
        {"assignmentId": "3ABC\n"},
        {"hitId": None},
        {"hitId": "{hit}"},
        {"workerId": None},
        {"workerId": "BWORKER"},
        {"workerId": "A"},
        {"workerId": "A" * 65},
        {"workerId": "Aworker"},
        {"workerId": "A\N{GREEK CAPITAL LETTER ALPHA}"},
    ],
)
def test_ids_that_the_vendor_does_not_give_are_refused(change: dict[str, str | None]) -> None:
    with pytest.raises(Invalid, match="could not be paid"):
        came(query(**change), VENDOR)


def test_an_address_that_says_two_things_is_refused_and_one_that_says_a_thing_twice_is_not() -> None:
    assert came([*query(), ("workerId", "AWORKER1")], VENDOR) is not None
    for name in IDS:
        with pytest.raises(Invalid, match=f"two things of {name}"):
            came([*query(), (name, "3OTHER")], VENDOR)


@pytest.mark.parametrize("address", [*VENDOR, "https://www.mturk.com/", LOCAL, f"{LOCAL}/"])
def test_the_last_form_goes_to_the_places_of_the_list(address: str) -> None:
    site = place(address, origins(LOCAL))
    assert submit_address(site) == f"{address.rstrip('/')}/mturk/externalSubmit"


OPEN_REDIRECTS = [
    "",
    "/",
    "//evil.example",
    "//www.mturk.com",
    "www.mturk.com",
    "http://www.mturk.com",
    "https:www.mturk.com",
    "https:/www.mturk.com",
    "https:///www.mturk.com",
    "https://www.mturk.com//",
    "https://www.mturk.com@evil.example",
    "https://www.mturk.com:443@evil.example",
    "https://www.mturk.com%40evil.example",
    "https://user@www.mturk.com",
    "https://user:secret@www.mturk.com",
    "https://www.mturk.com:8443",
    "https://www.mturk.com.evil.example",
    "https://evil.example/https://www.mturk.com",
    "https://evil.example?https://www.mturk.com",
    "https://evil.example#https://www.mturk.com",
    "https://evil.example\\.www.mturk.com",
    "https:\\\\www.mturk.com",
    "https://www.mturk.com\\@evil.example",
    "\\\\evil.example",
    "https://www.mturk.com\t",
    "https://www.mturk.com\n",
    " https://www.mturk.com",
    "https://www.mturk.com ",
    "https://www.mturk.com/path",
    "https://www.mturk.com?next=https://evil.example",
    "https://www.mturk.com#",
    "https://wwww.mturk.com",
    "https://mturk.com",
    "https://www.mturk.com\u3002evil.example",
    "https://www.mturk\u3002com",
    "javascript:alert(1)",
    "javascript://www.mturk.com/%0aalert(1)",
    "data:text/html,x",
    "http://127.0.0.1:8081",
    "http://localhost:8080",
]


@pytest.mark.parametrize("address", OPEN_REDIRECTS)
def test_the_last_form_goes_nowhere_else(address: str) -> None:
    with pytest.raises(Invalid, match="somebody else than Mechanical Turk"):
        came(query(turkSubmitTo=address), origins(LOCAL))


@given(st.text())
def test_whatever_the_address_the_form_goes_to_a_place_of_the_list(address: str) -> None:
    try:
        site = place(address, VENDOR)
    except Invalid:
        return
    assert site in VENDOR


def test_other_places_are_named_by_a_setting() -> None:
    named = origins("https://turk.example, https://other.example:8443/ http://localhost:9,http://[::1]:9")
    assert named[: len(VENDOR)] == VENDOR
    assert named[len(VENDOR) :] == (
        "https://turk.example",
        "https://other.example:8443",
        "http://localhost:9",
        "http://[::1]:9",
    )
    assert origins("") == origins("https://www.mturk.com") == VENDOR


@pytest.mark.parametrize(
    "setting",
    [
        "turk.example",
        "http://turk.example",
        "http://127.0.0.1.evil.example",
        "https://*.example",
        "https://turk.example/path",
        "https://turk.example;",
        "https://user@turk.example",
        "https://turk.example:port",
        "'unsafe-inline'",
        "*",
    ],
)
def test_a_setting_that_is_no_place_is_refused(setting: str) -> None:
    with pytest.raises(Invalid, match="can't be a place to submit"):
        origins(setting)


def test_the_vendors_own_workers_site_may_frame_and_takes_no_form() -> None:
    assert set(framing(VENDOR)) == {*VENDOR, "https://worker.mturk.com"}
    with pytest.raises(Invalid):
        place("https://worker.mturk.com", VENDOR)
