"""Verdicts from elsewhere through the browser: what they are understood as is shown before anything is stored."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.db.judges import Verdict
from backend.db.session import Database
from backend.domain.judging.orders import Rule
from backend.services.judging import judges
from backend.web.deps import House
from tests import factories, judged
from tests.judged import BASE, LARGE
from tests.web.test_judges import words

SAID = {"name": "gpt-4", "candidate": LARGE, "baseline": BASE}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """The server's own things, with a folder of the test's own for what is uploaded."""
    usual = factories.house(database)
    return replace(usual, settings=usual.settings.model_copy(update={"data_dir": tmp_path / "data"}))


@pytest.fixture
def study_id(database: Database) -> int:
    """The study of ten prompts, with votes and no judge."""
    with database.transaction() as session:
        return judged.launched(session).study_id


def verdicts(database: Database) -> int:
    """How many are stored."""
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(Verdict)).scalar_one()


def upload(researcher: TestClient, study_id: int, *paths: Path, **said: str) -> Response:
    """Send these files of verdicts."""
    files = [("verdicts", (path.name, path.read_bytes())) for path in paths]
    return researcher.post(f"/studies/{study_id}/verdicts", data=SAID | said, files=files)


def test_what_files_are_understood_as_is_shown_and_nothing_is_stored(
    researcher: TestClient, database: Database, study_id: int, tmp_path: Path
) -> None:
    answer = upload(researcher, study_id, judged.reviews(tmp_path))
    text = words(answer.text)
    assert "Vicuna’s reviews: 10 verdicts of gpt-4, asked vicuna, the baseline always first" in text
    assert "To be added 10" in text
    assert "File and reply agree 8 of 10 that have both" in text
    assert "p2 first (8 : 7) unread: with scores where none belong" in text
    assert "p3 second (6 : 9) first (8 : 7)" in text
    assert "--" not in text, "no option of the terminal"
    assert verdicts(database) == 0


def test_they_are_imported_as_shown_and_the_upload_is_gone(
    researcher: TestClient, database: Database, house: House, study_id: int, tmp_path: Path
) -> None:
    shown = upload(researcher, study_id, judged.reviews(tmp_path))
    address = str(shown.url.path)
    answer = researcher.post(f"{address}/import", data=SAID | {"read": "replies"})
    assert re.search(r"/judges/\d+$", answer.url.path), "sequences on PostgreSQL count rehearsals too"
    assert "1 with scores where none belong: prompt p2" in words(answer.text)
    assert verdicts(database) == 10
    assert researcher.get(address).status_code == 404
    assert not list(house.settings.data_dir.glob("held-*"))


def test_files_beyond_a_mebibyte_are_taken_as_packs_and_annotations_are_large(
    researcher: TestClient, study_id: int, tmp_path: Path
) -> None:
    path = judged.reviews(tmp_path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows[0]["text"] += "\n" + "It goes on. " * 2**17
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert path.stat().st_size > 2**20
    assert upload(researcher, study_id, path).status_code == 200


def test_the_same_file_again_adds_nothing(researcher: TestClient, study_id: int, tmp_path: Path) -> None:
    for _ in range(2):
        shown = upload(researcher, study_id, judged.reviews(tmp_path))
        researcher.post(f"{shown.url.path}/import", data=SAID)
    text = words(upload(researcher, study_id, judged.reviews(tmp_path)).text)
    assert "To be added 0 There already 10" in text
    assert "Nothing is left to import" in text


def test_names_rule_and_what_counts_can_be_said(
    researcher: TestClient, database: Database, study_id: int, tmp_path: Path
) -> None:
    rows = [
        {"question_id": "p1", "model_1": "L", "model_2": "B", "g1_winner": "model_1", "g2_winner": "tie"}
        | {"judge": ["gpt-4", "pair-v2"], "g1_judgment": "[[A]]", "g2_judgment": "[[C]]", "turn": 1}
    ]
    path = tmp_path / "gpt-4_pair.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    refused = upload(researcher, study_id, path)
    said = SAID | {"names": f"{LARGE} = L\n{BASE}=B", "rule": "mean_score"}
    assert refused.status_code == 422
    assert "2 of other systems" in refused.text
    shown = researcher.get(str(refused.url.path), params=said)
    assert "MT-bench’s judgements of pairs: 2 verdicts of gpt-4" in words(shown.text)
    researcher.post(f"{shown.url.path}/import", data=said)
    with database.reading() as session:
        (judge,) = judges.of_study(session, study_id)
    assert judge.rule == Rule.MEAN_SCORE


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": ""}, "Files of verdicts need a name"),
        ({"candidate": "nobody"}, "This study has no system 'nobody'"),
        ({"form": "alpaca-eval"}, "line 1: this row has no instruction"),
        ({"form": "no-such"}, "Form must be one of the list, not 'no-such'"),
        ({"names": "nonsense"}, "The line 'nonsense' can't be read"),
        ({"model": "claude"}, "No verdict of these files is of large and base"),
        ({"rule": "prob_mean"}, "needs chances"),
    ],
)
def test_what_can_not_be_imported_is_said_and_can_be_mended_without_another_upload(
    researcher: TestClient, database: Database, study_id: int, tmp_path: Path, said: dict[str, str], message: str
) -> None:
    answer = upload(researcher, study_id, judged.reviews(tmp_path), **said)
    assert answer.status_code == 422
    assert message in unescape(answer.text)
    assert "Nothing is stored." in answer.text
    posted = researcher.post(f"{answer.url.path}/import", data=SAID | said)
    assert (posted.status_code, verdicts(database)) == (422, 0)
    assert "To be added 10" in words(researcher.get(str(answer.url.path), params=SAID).text)


def test_an_order_that_nobody_knows_is_asked_for_in_the_pages_words(
    researcher: TestClient, study_id: int, tmp_path: Path
) -> None:
    path = judged.reviews(tmp_path).rename(tmp_path / "reviews.jsonl")
    answer = upload(researcher, study_id, path)
    assert "Choose it under “Stood first”" in unescape(answer.text)
    assert "--" not in words(answer.text)
    mended = researcher.get(str(answer.url.path), params=SAID | {"first": BASE})
    assert "the baseline always first" in words(mended.text)


def test_a_pack_comes_in_by_itself_into_a_study_that_has_the_same_texts(
    researcher: TestClient, database: Database, study_id: int, tmp_path: Path
) -> None:
    number = judged.asked(database, study_id)
    pack = researcher.get(f"/studies/{study_id}/judges/{number}/pack.zip").content
    with database.transaction() as session:
        other = judged.launched(session).study_id
    (tmp_path / "pack.zip").write_bytes(pack)
    shown = upload(researcher, other, tmp_path / "pack.zip", name="", candidate="", baseline="")
    text = words(shown.text)
    assert "A replay pack of our-judge: judge-70b, asked mtbench-pair-v2, in both orders" in text
    assert "To be added 40" in text
    answer = researcher.post(f"{shown.url.path}/import", data={"name": ""})
    assert "our-judge" in words(answer.text)
    assert "62.5 %" in answer.text


def test_a_pack_that_was_altered_is_refused_without_a_path_of_this_machine(
    researcher: TestClient, house: House, study_id: int, tmp_path: Path
) -> None:
    (tmp_path / "pack.zip").write_bytes(b"not a zip")
    answer = upload(researcher, study_id, tmp_path / "pack.zip", name="")
    assert answer.status_code == 422
    assert "pack.zip can't be unpacked" in unescape(answer.text)
    assert str(house.settings.data_dir) not in answer.text


def test_without_a_file_the_form_says_what_is_missing(researcher: TestClient, study_id: int) -> None:
    answer = researcher.post(f"/studies/{study_id}/verdicts", data=SAID, files=[("other", ("x", b""))])
    assert answer.status_code == 422
    assert "Choose the file that holds the verdicts." in answer.text


def test_an_upload_belongs_to_its_study_and_can_be_forgotten(
    researcher: TestClient, database: Database, study_id: int, tmp_path: Path
) -> None:
    address = str(upload(researcher, study_id, judged.reviews(tmp_path)).url.path)
    with database.transaction() as session:
        other = factories.study(session).id
    assert researcher.get(address.replace(f"/studies/{study_id}/", f"/studies/{other}/")).status_code == 404
    assert researcher.post(f"{address}/removal").url.path == f"/studies/{study_id}/judges"
    assert researcher.get(address).status_code == 404


def test_vicunas_own_reviews_come_in_as_their_scores_say_or_as_their_replies_do(
    researcher: TestClient, shared_data: Path
) -> None:
    """Stored: 44 won, 22 tied, 14 lost of 80; in three replies the scores stand where the parser does not look."""
    home = shared_data / "vicuna80"
    answers = [home / "answer" / f"answer_{name}.jsonl" for name in ("gpt35", "vicuna-13b")]
    files = [("outputs", (path.name, path.read_bytes())) for path in answers]
    files.append(("prompts", ("question.jsonl", (home / "question.jsonl").read_bytes())))
    study = researcher.post("/studies", files=files, data={"preset": "gudibande-2023"}).url.path
    systems = re.findall(r"<option(?: selected)?>([^<]+)</option>", researcher.get(f"{study}/verdicts/new").text)
    said = {"candidate": systems[0], "baseline": systems[1]}
    review = home / "review" / "review_gpt35_vicuna-13b.jsonl"
    sent = [("verdicts", (review.name, review.read_bytes()))]
    sent += [("answers", (path.name, path.read_bytes())) for path in answers]
    shown = researcher.post(f"{study}/verdicts", data=said | {"name": "stored"}, files=sent)
    assert "To be added 80" in words(shown.text)
    stored = words(researcher.post(f"{shown.url.path}/import", data=said | {"name": "stored"}).text)
    assert f"44 {systems[0]} 22 neither 14 {systems[1]}" in stored
    assert "Mean scores 8.662 and 7.975" in stored
    shown = researcher.post(f"{study}/verdicts", data=said | {"name": "read", "read": "replies"}, files=sent)
    read = words(researcher.post(f"{shown.url.path}/import", data=said | {"name": "read", "read": "replies"}).text)
    assert f"41 {systems[0]} 22 neither 3 unparsed 14 {systems[1]}" in read
    assert "3 with scores where none belong" in read
