"""Ratings from somebody else's file, in the pages: upload, a mapping that is shown, the import, nothing left behind."""

import os
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.config import Settings
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.services.tokens import Tokens
from backend.web.deps import House
from backend.web.forms import held
from tests import exports, factories
from tests.factories import BASELINE, CANDIDATE, NOW

PLACE = "/batches/1/incoming"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """A server whose uploads wait in a folder of the test's own, with one batch of three prompts."""
    with database.transaction() as session:
        factories.launched(session)
    given = Settings(secret_key="a key for tests", data_dir=tmp_path / "data", public_url="", admin_password="")
    return House(given, database, Tokens(given.secret_key))


def votes() -> list[dict[str, str]]:
    """Three raters on three prompts: one chooses A, which is the candidate, one B, and one says that they are equal."""
    systems = {"Input.model_a": CANDIDATE, "Input.model_b": BASELINE}
    return exports.mturk(
        {"WorkerId": name, "Input.id": f"p{number}", **systems, "Answer.choice": choice}
        for number in (1, 2, 3)
        for name, choice in (("AAA", "A"), ("ABB", "B"), ("ACC", "equal"))
    )


def upload(client: TestClient, rows: list[dict[str, str]], **others: str) -> str:
    """The page that answers an upload."""
    files = {"ratings": ("votes.csv", exports.text(rows))} | {
        name: (f"{name}.csv", content) for name, content in others.items()
    }
    return client.post(PLACE, files=files).text


def fields(html: str) -> dict[str, list[str]]:
    """The fields of the mapping's form as a browser would send them."""
    form = html[html.index('<form method="post" action="/batches/1/incoming/') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for select_ in re.finditer(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", select_[2])
        value = "" if chosen is None else chosen[2] if chosen[1] is None else chosen[1]
        found.setdefault(select_[1], []).append(unescape(value))
    for hidden in re.finditer(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form):
        found.setdefault(hidden[1], []).append(unescape(hidden[2]))
    for ticked in re.finditer(r'<input type="checkbox" name="([^"]+)" value="([^"]*)" checked>', form):
        found.setdefault(ticked[1], []).append(unescape(ticked[2]))
    return found


def address(html: str) -> str:
    """The address of this page."""
    return re.search(r'action="(/batches/1/incoming/[0-9a-f]{32})/mapping#result"', html)[1]


def shown_mapping(html: str) -> str:
    return unescape(re.search(r'name="mapping" value="([^"]*)"', html)[1])


def stored(house: House) -> int:
    with house.database.reading() as session:
        return session.execute(select(func.count()).select_from(Rating)).scalar_one()


def waiting(house: House) -> list[Path]:
    return list(house.settings.data_dir.glob("*"))


def test_a_batch_has_a_form_for_ratings_from_elsewhere(researcher: TestClient) -> None:
    assert f'action="{PLACE}" enctype="multipart/form-data"' in researcher.get("/batches/1").text


def test_an_upload_is_shown_with_its_mapping_and_nothing_is_imported(researcher: TestClient, house: House) -> None:
    html = upload(researcher, votes())
    assert "Nothing has been imported yet." in html
    said = fields(html)
    assert said["rater"] == ["WorkerId"]
    assert said["prompt"] == ["Input.id"]
    assert (said["order"], said["first"], said["second"]) == (["systems"], ["Input.model_a"], ["Input.model_b"])
    assert said["meanings_value"] == ["A", "B", "equal"]
    assert said["meanings_word"] == ["first", "second", "tie"]
    assert said["counted"] == ["Approved"]
    assert "Import 9 ratings" in html
    assert stored(house) == 0


def test_the_button_imports_what_was_shown_and_the_upload_is_gone(researcher: TestClient, house: House) -> None:
    html = upload(researcher, votes())
    after = researcher.post(f"{address(html)}/ratings", data={"mapping": shown_mapping(html)})
    assert str(after.url).endswith("/batches/1")
    assert "9 of 9 ratings" in after.text
    assert stored(house) == 9
    assert waiting(house) == []


def test_a_form_that_is_sent_as_it_stands_says_the_same(researcher: TestClient) -> None:
    html = upload(researcher, votes())
    assert shown_mapping(researcher.post(f"{address(html)}/mapping", data=fields(html)).text) == shown_mapping(html)


def test_a_meaning_that_is_changed_changes_what_would_come_in(researcher: TestClient, house: House) -> None:
    html = upload(researcher, votes())
    said = fields(html) | {"meanings_word": ["first", "second", "no vote"]}
    html = researcher.post(f"{address(html)}/mapping", data=said).text
    assert "Import 6 ratings" in html
    assert "3 rows are kept out, since" in html
    researcher.post(f"{address(html)}/ratings", data={"mapping": shown_mapping(html)})
    assert stored(house) == 6


def test_another_choice_of_column_shows_the_values_of_that_column(researcher: TestClient) -> None:
    rows = [{**row, "Answer.second_choice": "1" if row["Answer.choice"] == "A" else "2"} for row in votes()]
    html = upload(researcher, rows)
    html = researcher.post(f"{address(html)}/mapping", data=fields(html) | {"choice": ["Answer.second_choice"]}).text
    assert fields(html)["meanings_value"] == ["2", "1"]
    assert fields(html)["meanings_word"] == ["second", "first"]


def test_a_mapping_without_what_it_needs_says_so_and_has_no_button(researcher: TestClient, house: House) -> None:
    html = upload(researcher, votes())
    html = researcher.post(f"{address(html)}/mapping", data=fields(html) | {"rater": [""]}).text
    assert "Nothing says who rated." in unescape(html)
    assert "Import 9" not in html
    assert stored(house) == 0


def test_rows_with_problems_are_named_and_keep_the_file_out_until_they_are_left_out(
    researcher: TestClient, house: House
) -> None:
    rows = [*votes(), {**votes()[0], "AssignmentId": "3ASX", "Input.id": "p9"}]
    html = upload(researcher, rows)
    assert "votes.csv, line 11: prompt &#39;p9&#39; is not in this batch." in html
    assert "1 row has a problem, so nothing can be imported yet" in html
    assert 'name="mapping"' not in html
    html = researcher.post(f"{address(html)}/mapping", data=fields(html) | {"leave_out": ["1"]}).text
    assert "Import 9 ratings" in html
    researcher.post(f"{address(html)}/ratings", data={"mapping": shown_mapping(html)})
    assert stored(house) == 9


def test_what_came_in_meanwhile_is_a_problem_and_nothing_more_comes_in(researcher: TestClient, house: House) -> None:
    first, second = upload(researcher, votes()), upload(researcher, votes())
    researcher.post(f"{address(first)}/ratings", data={"mapping": shown_mapping(first)})
    answer = researcher.post(f"{address(second)}/ratings", data={"mapping": shown_mapping(second)})
    assert answer.status_code == 422
    assert "A rater meets a prompt once: 9 rows" in answer.text
    assert stored(house) == 9


def test_submissions_say_whose_votes_count(researcher: TestClient) -> None:
    rows = [{"PROLIFIC_PID": name, "prompt": "p1", "winner": CANDIDATE} for name in ("ann", "bob", "cy")]
    people = exports.prolific(
        ("s1", "ann", "APPROVED", "60"), ("s2", "bob", "RETURNED", ""), ("s3", "cy", "APPROVED", "9")
    )
    html = upload(researcher, rows, submissions=exports.text(people))
    assert "1 row is kept out, since the submission’s status is RETURNED." in html
    assert "Import 2 ratings" in html
    assert shown_mapping(researcher.post(f"{address(html)}/mapping", data=fields(html)).text) == shown_mapping(html)


def test_an_upload_can_be_forgotten(researcher: TestClient, house: House) -> None:
    html = upload(researcher, votes())
    assert len(waiting(house)) == 1
    researcher.post(f"{address(html)}/removal")
    assert waiting(house) == []
    assert researcher.get(address(html)).status_code == 404


@pytest.mark.parametrize("name", ["0" * 32, "nonsense"])
def test_an_upload_that_is_not_there_is_not_found(researcher: TestClient, name: str) -> None:
    assert researcher.get(f"{PLACE}/{name}").status_code == 404
    assert researcher.post(f"{PLACE}/{name}/mapping").status_code == 404


def test_forgetting_what_is_no_upload_removes_nothing(researcher: TestClient, house: House) -> None:
    upload(researcher, votes())
    assert researcher.post(f"{PLACE}/nonsense/removal").status_code == 404
    assert researcher.post(f"{PLACE}/{'0' * 32}/removal").status_code == 200
    assert len(waiting(house)) == 1


def test_an_upload_belongs_to_its_batch(researcher: TestClient, house: House) -> None:
    with house.database.transaction() as session:
        factories.launched(session)
    assert researcher.get(address(upload(researcher, votes())).replace("/1/", "/2/")).status_code == 404


def test_a_file_that_cant_be_read_is_told_and_not_kept(researcher: TestClient, house: House) -> None:
    answer = researcher.post(PLACE, files={"ratings": ("votes.xlsx", b"PK\x03\x04....")})
    assert answer.status_code == 422
    assert "looks like an Excel or zip file" in answer.text
    assert waiting(house) == []


def test_an_upload_without_a_file_or_a_batch_is_refused(researcher: TestClient, house: House) -> None:
    assert "Choose the file that holds the ratings." in researcher.post(PLACE, data={"x": "y"}).text
    assert researcher.post("/batches/9/incoming", files={"ratings": ("v.csv", "a,b\n1,2\n")}).status_code == 404
    assert waiting(house) == []


def test_a_mapping_that_is_none_is_refused(researcher: TestClient) -> None:
    place = address(upload(researcher, votes()))
    for broken in ("", "{}x", '{"strange": 1}', '"text"'):
        assert researcher.post(f"{place}/ratings", data={"mapping": broken}).status_code == 422
    assert researcher.post(f"{place}/mapping", data={"order": "sideways"}).status_code == 422


def test_uploads_that_nobody_came_back_for_are_removed_after_a_day(researcher: TestClient, house: House) -> None:
    upload(researcher, votes())
    (before,) = waiting(house)
    held.sweep(house.settings.data_dir, now=NOW)
    assert waiting(house) == [before]
    os.utime(before, ((NOW - timedelta(days=2)).timestamp(),) * 2)
    upload(researcher, votes())
    assert before not in waiting(house)
    assert len(waiting(house)) == 1


def test_strangers_can_neither_upload_nor_import(stranger: TestClient, researcher: TestClient, house: House) -> None:
    place = address(upload(researcher, votes()))
    assert stranger.post(PLACE, files={"ratings": ("votes.csv", exports.text(votes()))}).status_code == 403
    assert stranger.get(place).status_code == 403
    assert stranger.post(f"{place}/ratings", data={"mapping": "{}"}).status_code == 403
    assert stored(house) == 0
