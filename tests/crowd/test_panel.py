"""Panels: an id in the address, a code or a way back, and no way anywhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.crowd.panel import Panel, allowed, rater_id, way_back
from backend.errors import Invalid

HOSTS = frozenset({"panel.example", "lab.example:8443"})
SONA = Panel("survey_code", code="K7", back="https://panel.example/credit?c={id}&code={code}", hosts=HOSTS)


def test_the_id_is_read_by_the_name_that_the_panel_uses() -> None:
    assert rater_id([("lang", "en"), ("survey_code", "4711")], SONA) == "4711"
    assert rater_id([("participantId", " A-1 ")], Panel("participantId")) == "A-1"


@pytest.mark.parametrize(
    "query",
    [
        [],
        [("id", "4711")],
        [("Survey_Code", "4711")],
        [("survey_code", "")],
        [("survey_code", " ")],
        [("survey_code", "{{%ID%}}")],
        [("survey_code", "%SURVEY_CODE%")],
        [("survey_code", "${e://Field/id}")],
        [("survey_code", "[ID]")],
        [("survey_code", "<id>")],
    ],
)
def test_an_address_without_a_filled_in_id_says_that_pay_would_be_lost(query: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid, match="lacks your id"):
        rater_id(query, SONA)


def test_an_address_with_two_ids_is_refused_and_with_one_twice_is_not() -> None:
    with pytest.raises(Invalid, match="two raters"):
        rater_id([("survey_code", "1"), ("survey_code", "2")], SONA)
    assert rater_id([("survey_code", "1"), ("survey_code", "1")], SONA) == "1"


@pytest.mark.parametrize("value", ["a" * 129, "a\x00b", "a\nb", "a\u202eb"])
def test_an_id_that_no_panel_gives_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="no panel gives"):
        rater_id([("survey_code", value)], SONA)


def test_the_way_back_holds_the_id_and_the_code() -> None:
    assert way_back(SONA, rater="4711", code="K7") == "https://panel.example/credit?c=4711&code=K7"


def test_a_panel_that_only_takes_a_code_sends_nobody_anywhere() -> None:
    assert way_back(Panel("id", code="K7"), rater="4711", code="K7") is None


def test_an_id_can_not_break_out_of_its_place() -> None:
    back = way_back(SONA, rater="1&code=STOLEN#x/../", code="a b")
    assert back == "https://panel.example/credit?c=1%26code%3DSTOLEN%23x%2F..%2F&code=a%20b"


def test_an_id_that_looks_like_a_hole_is_filled_in_once() -> None:
    assert way_back(SONA, rater="{code}", code="K7") == "https://panel.example/credit?c=%7Bcode%7D&code=K7"


@pytest.mark.parametrize("back", ["https://{id}/x", "https://{id}.panel.example/", "https://u:{code}@panel.example/"])
def test_nothing_is_filled_in_where_the_host_is(back: str) -> None:
    with pytest.raises(Invalid, match="not in its host"):
        way_back(Panel("id", back=back, hosts=HOSTS), rater="evil.example", code=None)


def test_a_hole_that_nobody_fills_is_refused() -> None:
    with pytest.raises(Invalid, match=r"not \{email\}"):
        way_back(Panel("id", back="https://panel.example/{email}", hosts=HOSTS), rater="1", code=None)


@pytest.mark.parametrize(
    "address",
    [
        "https://panel.example",
        "https://panel.example/a?b=c#d",
        "https://PANEL.example/",
        "https://panel.example:443/",
        "https://lab.example:8443/done",
    ],
)
def test_a_host_of_the_list_is_allowed(address: str) -> None:
    assert allowed(address, HOSTS) == address


@pytest.mark.parametrize(
    "address",
    [
        "http://panel.example/",
        "//panel.example/",
        "/credit",
        "",
        "javascript:alert(1)",
        "https:panel.example",
        "https:///panel.example/",
        "https://evil.example/",
        "https://panel.example.evil.example/",
        "https://evilpanel.example/",
        "https://sub.panel.example/",
        "https://panel.example:444/",
        "https://lab.example/",
        "https://panel.example@evil.example/",
        "https://panel.example%40evil.example/",
        "https://evil.example@panel.example/",
        "https://evil.example\\@panel.example/",
        "https://panel.example\\.evil.example/",
        "https://evil.example#@panel.example/",
        "https://evil.example?@panel.example/",
        "https://panel.example\t.evil.example/",
        "https://panel.example/\r\nSet-Cookie: a=b",
        " https://panel.example/",
        "https://panel.example./",
        "https://[::1/",
        "https://panel.example:port/",
        # the second letter is a Cyrillic one
        "https://pаnel.example/",
    ],
)
def test_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match=r"raters back|Raters can be sent back"):
        allowed(address, HOSTS)


def test_without_a_list_nobody_is_sent_anywhere() -> None:
    with pytest.raises(Invalid, match="nowhere yet"):
        allowed("https://panel.example/", frozenset())


@given(st.text(max_size=60), st.text(max_size=20))
def test_whatever_an_id_holds_the_host_stays(rater: str, code: str) -> None:
    back = way_back(
        SONA, rater=rater.encode("utf-8", "replace").decode(), code=code.encode("utf-8", "replace").decode()
    )
    assert back is not None
    assert back.startswith("https://panel.example/credit?c=")
    assert back.count("&") == 1
    assert "#" not in back
