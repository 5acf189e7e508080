"""From an upload to results in a browser: what each step stores, shows and refuses."""

import gzip
import json
from html.parser import HTMLParser

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.db.checks import Check
from backend.db.outputs import Output
from backend.db.session import Database
from backend.db.studies import Study, StudyVersion
from backend.domain.journey import Journey
from backend.domain.rules import Analysis, CheckRates, Exclusion, ExclusionKind, Rung, Stopping
from backend.domain.settings import StudySettings, from_json
from backend.web.deps import House
from tests import asked, factories

PROMPTS = ["Why is the sky blue?", "What is <b>bold</b>?", "Who painted Guernica?"]


def outputs(*texts: str) -> bytes:
    rows = [{"id": number, "prompt": PROMPTS[number], "output": text} for number, text in enumerate(texts)]
    return "\n".join(json.dumps(row) for row in rows).encode()


MINE, THEIRS = outputs("Scattering.", "As an AI model by OpenAI, I bold.", "Picasso."), outputs("Air.", "A tag.", "He.")
CUT_OFF = b'{"id": 0, "output": "a"}\n{"id": 1, "outp'
SETTINGS = {
    "title": "Which is better?",
    "question": "Which?",
    "instructions": "Read both.",
    "seats": "5",
    "split_rule": "half",
    "session_size": "10",
    "lease_minutes": "20",
    "tie": "1",
    "both_bad": "1",
}


def upload(client: TestClient, *files: tuple[str, bytes], **form: str):
    return client.post(
        "/studies",
        files=[("outputs", (name, content)) for name, content in files],
        data={"preset": "gudibande-2023", **form},
    )


@pytest.fixture
def study(researcher: TestClient) -> str:
    """The page of a study of two systems, mine against theirs."""
    answer = upload(researcher, ("mine.jsonl", MINE), ("theirs.jsonl.gz", gzip.compress(THEIRS)))
    assert answer.status_code == 200
    return answer.url.path


def test_without_a_study_the_first_page_teaches_the_first_step(researcher: TestClient) -> None:
    html = researcher.get("/").text
    assert "/studies/new" in html
    assert "assay try" in html


def test_an_upload_becomes_a_study_with_its_join_report(researcher: TestClient, study: str) -> None:
    html = researcher.get(study).text
    assert "3 prompts, joined on id" in html
    assert "mine.jsonl" in html
    assert "3 comparisons × 3 raters = 9 ratings" in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "mine and theirs" in researcher.get("/").text


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            [("mine.jsonl", MINE), ("theirs.jsonl", b'{"id": 0, "output": "a"}\n{"id": 1, "outp')],
            "theirs.jsonl, line 2",
        ),
        ([("mine.jsonl", MINE), ("mine.jsonl", THEIRS)], "mine"),
        ([("mine.jsonl", MINE), ("theirs.jsonl", b"")], "theirs.jsonl"),
        ([], "There is nothing to import"),
    ],
)
def test_a_bad_upload_says_what_is_wrong_and_stores_nothing(
    researcher: TestClient, database: Database, files: list[tuple[str, bytes]], says: str
) -> None:
    answer = upload(researcher, *files, name="My first study")
    assert answer.status_code == 422
    assert "Nothing was imported" in answer.text
    assert says in answer.text
    assert 'value="My first study"' in answer.text
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(Study)).scalar_one() == 0


def test_prompts_alone_make_a_study_whose_launch_says_how_they_are_answered(
    researcher: TestClient, database: Database
) -> None:
    questions = b'{"id": 1, "prompt": "Why?"}\n{"id": 2, "prompt": "Who?"}\n'
    answer = researcher.post(
        "/studies", files=[("prompts", ("questions.jsonl", questions))], data={"preset": "gudibande-2023"}
    )
    assert answer.status_code == 200
    assert "<h1>questions</h1>" in answer.text
    assert "2 prompts, without outputs." in answer.text
    assert "none has any outputs yet" in answer.text
    assert f'href="{answer.url.path}/systems/new"' in answer.text
    assert "Launch batch" not in answer.text
    refused = researcher.post(f"{answer.url.path}/batches", data={"baseline": ""})
    assert refused.status_code == 422
    assert "none has any outputs. Generate another&#39;s under the study&#39;s Systems" in refused.text
    researcher.post(f"{answer.url.path}/settings", data=SETTINGS)
    assert "questions" in researcher.get("/").text


def test_one_system_waits_for_another_and_is_launched_against_what_was_generated(
    researcher: TestClient, database: Database
) -> None:
    page = upload(researcher, ("mine.jsonl", MINE)).url.path
    assert "only mine has outputs" in researcher.get(page).text
    with database.transaction() as session:
        study = session.scalars(select(Study)).one()
        asked.work(session, study, "tiny", now=factories.NOW).begin().answers(["One.", "Two.", "Three."]).ends()
    html = researcher.get(page).text
    assert "3 comparisons × 3 raters = 9 ratings" in html
    launched = researcher.post(f"{page}/batches", data={"baseline": "mine"})
    assert "tiny, mine; baseline mine" in launched.text or "mine, tiny; baseline mine" in launched.text


def test_a_name_is_kept_without_what_no_database_can_hold(researcher: TestClient, database: Database) -> None:
    upload(researcher, ("mine.jsonl", MINE), ("theirs.jsonl", THEIRS), name="My\0 study")
    with database.reading() as session:
        assert session.execute(select(Study.name)).scalar_one() == "My study"


def test_an_upload_leaves_no_file_behind(researcher: TestClient, study: str, house: House) -> None:
    assert list(house.settings.data_dir.glob("upload-*")) == []


def test_what_gives_a_system_away_is_shown_and_can_be_taken_out_and_put_back(
    researcher: TestClient, study: str, database: Database
) -> None:
    assert "Raters see them <strong>as they are</strong>" in researcher.get(study).text
    assert "Raters see them without it" in researcher.post(f"{study}/scrubbing").text
    with database.reading() as session:
        (shown,) = session.scalars(select(Output.shown).where(Output.shown.is_not(None)))
    assert "OpenAI" not in shown
    assert "as they are" in researcher.post(f"{study}/scrubbing", data={"undo": "1"}).text


def test_after_a_launch_what_raters_see_cannot_change(researcher: TestClient, study: str) -> None:
    researcher.post(f"{study}/batches", data={"baseline": "theirs"})
    answer = researcher.post(f"{study}/scrubbing")
    assert answer.status_code == 409
    assert "can’t change any more" in answer.text.replace("&#39;", "’").replace("'", "’")


def test_settings_are_changed_and_frozen_by_the_next_launch(
    researcher: TestClient, study: str, database: Database
) -> None:
    researcher.post(f"{study}/batches", data={"baseline": "theirs"})
    assert "5 raters a comparison" in researcher.post(f"{study}/settings", data=SETTINGS).text
    researcher.post(f"{study}/batches", data={"baseline": "theirs", "prompts": "2"})
    researcher.post(f"{study}/batches", data={"baseline": "mine", "seed": "7"})
    with database.reading() as session:
        versions = list(session.scalars(select(StudyVersion).order_by(StudyVersion.number)))
    assert [version.settings["seats"] for version in versions] == [3, 5]
    assert len({version.settings_hash for version in versions}) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seats": "0"}, "seats must be between 1 and 99"),
        ({"seats": "three"}, "seats must be a whole number"),
        ({"title": " "}, "title must be a text"),
        ({"split_rule": "coin"}, "coin"),
        ({"lease_minutes": "0"}, "between 1 and 10,080"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_a_sentence(
    researcher: TestClient, study: str, change: dict[str, str], says: str
) -> None:
    answer = researcher.post(f"{study}/settings", data={**SETTINGS, **change})
    assert answer.status_code == 422
    assert says in answer.text
    assert "3 raters a comparison" in researcher.get(study).text


RULES = {
    "seats": "3",
    "split_rule": "extra",
    "split_fallback": "drop",
    "gold_checks": "7.1",
    "repeat_checks": "10",
    "one_sided": "1",
    "one_sided_limit": "91.5",
    "one_sided_least": "25",
    "too_fast_limit": "900",
    "stopping": "1",
    "stopping_error": "10",
    "least_prompts": "40",
    "primary": "mine",
    "margin": "7",
    "base": "theirs",
    "amount:theirs": "1000",
    "amount:mine": "5e4",
    "sealed": "1",
}


def declared(database: Database) -> StudySettings:
    with database.reading() as session:
        return from_json(session.scalars(select(Study)).one().settings)


def fields(html: str) -> dict[str, str]:
    """What a browser would send of the settings form, had nobody touched it."""
    form = SettingsForm()
    form.feed(html)
    return form.sent


class SettingsForm(HTMLParser):
    """Reads the fields of the one form that changes settings."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.inside, self.reading, self.named = False, False, ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.inside = found["action"].endswith("/settings")
        if not self.inside:
            return
        if tag in ("select", "textarea"):
            self.named = found["name"]
        if tag == "textarea" or (tag == "option" and ("selected" in found or self.named not in self.sent)):
            self.sent[self.named] = found.get("value", "")
            self.reading = "value" not in found
        if tag == "input" and (found.get("type") != "checkbox" or "checked" in found):
            self.sent[found["name"]] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self.reading = self.reading and tag not in ("option", "textarea")

    def handle_data(self, data: str) -> None:
        if self.reading:
            self.sent[self.named] += data


def test_rules_are_declared_in_the_settings_form(researcher: TestClient, study: str, database: Database) -> None:
    html = researcher.post(f"{study}/settings", data={**SETTINGS, **RULES}).text
    found = declared(database)
    assert (found.split_rule, found.split_fallback) == ("extra", "drop")
    assert found.checks == CheckRates(gold=0.071, attention=0.0, repeat=0.1)
    assert found.exclusions == (Exclusion(ExclusionKind.ONE_SIDED, 0.915, 25),)
    assert found.stopping == Stopping(0.1, 40)
    assert found.analysis == Analysis("mine", 0.07, (Rung("theirs", 1000.0), Rung("mine", 50000.0)), "theirs", True)
    assert "only after two more raters, and what all five leave open counts not at all" in html
    assert "Raters meet checks among their comparisons: 7.1 % gold comparisons, 10 % repeats." in html
    assert "3 comparisons × 3 raters, 5 where three disagree: 9 ratings, at most 15 ratings" in html
    assert "at least 5 people" in html


@pytest.mark.parametrize("rules", [{}, RULES], ids=["no rules", "rules"])
def test_keeping_the_form_as_it_came_changes_nothing(
    researcher: TestClient, study: str, database: Database, rules: dict[str, str]
) -> None:
    html = researcher.post(f"{study}/settings", data={**SETTINGS, **rules}).text
    before = declared(database)
    again = researcher.post(f"{study}/settings", data=fields(html))
    assert again.status_code == 200
    assert declared(database) == before
    assert declared(database).content_hash == before.content_hash


WAY = {"consent": "I agree.", "training": "ours", "pass_mark": "2"}
EXERCISES = (
    b'{"prompt": "2 + 2?", "better": "4", "worse": "5"}\n{"prompt": "Hi?", "better": "a", "worse": "b", "tie": 1}\n'
)


def test_what_comes_before_the_task_is_declared_in_the_settings_form(
    researcher: TestClient, study: str, database: Database
) -> None:
    upload = {"test": ("test.jsonl", EXERCISES)}
    html = researcher.post(f"{study}/settings", data={**SETTINGS, **WAY}, files=upload).text
    before = declared(database)
    assert before.journey.consent == "I agree."
    assert (len(before.journey.training), len(before.journey.test), before.journey.pass_mark) == (4, 2, 2)
    assert "Raters take an entry test: 2 of 2 exercises must be right" in html
    researcher.post(f"{study}/settings", data=fields(html))
    assert declared(database) == before
    researcher.post(f"{study}/settings", data={**SETTINGS, "training": "", "without_test": "1"})
    assert declared(database).journey == Journey()


def test_a_test_without_a_pass_mark_or_with_a_bad_row_is_refused(researcher: TestClient, study: str) -> None:
    for form, file, says in (
        (SETTINGS, EXERCISES, "the pass mark says how many exercises"),
        ({**SETTINGS, **WAY}, b'{"prompt": "2 + 2?"}', "test.jsonl, line 1: this row has no better output"),
    ):
        answer = researcher.post(f"{study}/settings", data=form, files={"test": ("test.jsonl", file)})
        assert answer.status_code == 422
        assert says in answer.text


def test_rules_that_are_not_ticked_are_off(researcher: TestClient, study: str, database: Database) -> None:
    researcher.post(f"{study}/settings", data={**SETTINGS, **RULES})
    unticked = {key: value for key, value in RULES.items() if key not in ("one_sided", "stopping", "sealed")}
    researcher.post(f"{study}/settings", data={**SETTINGS, **unticked, "amount:mine": "", "primary": ""})
    found = declared(database)
    assert (found.exclusions, found.stopping, found.analysis.sealed) == ((), None, False)
    assert (found.analysis.primary, found.analysis.ladder) == (None, (Rung("theirs", 1000.0),))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seats": "5"}, "so seats must be 3"),
        ({"split_fallback": "extra"}, "split_fallback says"),
        ({"gold_checks": "often"}, "gold checks must be a number, not"),
        ({"gold_checks": "60"}, "between 0 and 0.5"),
        ({"one_sided_limit": ""}, "one sided limit must be a number."),
        ({"one_sided_limit": "nan"}, "one sided limit must be a number, not"),
        ({"one_sided_least": ""}, "least must be a whole number"),
        ({"stopping_error": "99"}, "between 0 and 0.5"),
        ({"least_prompts": "some"}, "least prompts must be a whole number"),
        ({"margin": "0"}, "margin must be between"),
        ({"amount:mine": "1e9999"}, "amount of mine must be a number, not"),
        ({"amount:mine": "-1"}, "above zero"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_a_sentence(
    researcher: TestClient, study: str, change: dict[str, str], says: str
) -> None:
    answer = researcher.post(f"{study}/settings", data={**SETTINGS, **RULES, **change})
    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"primary": "nobody"}, "as the primary candidate, but this study has only: mine, theirs."),
        ({"base": "nobody"}, "as the base system"),
        ({"amount:nobody": "3"}, "as a system on the ladder"),
        ({"primary": "theirs"}, "but it is no candidate here"),
    ],
)
def test_a_launch_refuses_rules_about_systems_that_it_does_not_have(
    researcher: TestClient, study: str, change: dict[str, str], says: str
) -> None:
    researcher.post(f"{study}/settings", data={**SETTINGS, **RULES, **change})
    answer = researcher.post(f"{study}/batches", data={"baseline": "theirs"})
    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"baseline": "nobody"}, "no system called"),
        ({"baseline": "mine", "candidates": "mine"}, "is the baseline"),
        ({"baseline": "mine", "prompts": "0"}, "at least 1"),
        ({"baseline": "mine", "prompts": "many"}, "whole number"),
        ({"baseline": "mine", "seed": "9" * 30}, "seed must be at most 2,147,483,647"),
    ],
)
def test_a_launch_that_makes_no_sense_is_refused_in_a_sentence(
    researcher: TestClient, study: str, form: dict[str, str], says: str
) -> None:
    answer = researcher.post(f"{study}/batches", data=form)
    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize("number", ["99", "x", "9" * 30])
@pytest.mark.parametrize("path", ["/studies/{}", "/batches/{}", "/batches/{}/results", "/batches/{}/results.json"])
def test_what_does_not_exist_is_not_found(researcher: TestClient, path: str, number: str) -> None:
    path = path.format(number)
    assert researcher.get(path).status_code == 404


GOLD = b'{"prompt": "Known?", "better": "Right.", "worse": "Wrong."}\n{"prompt": "Known too?", "better": "Yes."}\n'


def declare_gold(database: Database) -> None:
    with database.transaction() as session:
        study = session.scalars(select(Study)).one()
        study.settings = {**study.settings, "checks": {"gold": 0.1}}


def test_gold_is_asked_for_where_it_is_declared_and_is_stored_by_the_launch(
    researcher: TestClient, study: str, database: Database, house: House
) -> None:
    assert 'name="gold"' not in researcher.get(study).text
    declare_gold(database)
    assert "Raters meet them as 10 % of their comparisons" in researcher.get(study).text
    file = ("gold.jsonl", GOLD.splitlines()[0])
    answer = researcher.post(f"{study}/batches", data={"baseline": "theirs"}, files={"gold": file})
    assert answer.url.path == "/batches/1"
    assert "10 % gold comparisons" in answer.text
    with database.reading() as session:
        assert session.scalars(select(Check.kind)).all() == ["gold"]
    assert list(house.settings.data_dir.glob("upload-*")) == []


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"gold": ("gold.jsonl", GOLD)}, "gold.jsonl, line 2: this row has no worse output"),
        ({"gold": ("", b"")}, "needs a file of gold comparisons"),
    ],
)
def test_gold_that_cannot_be_used_refuses_the_launch(
    researcher: TestClient, study: str, database: Database, files: dict[str, tuple[str, bytes]], says: str
) -> None:
    declare_gold(database)
    answer = researcher.post(f"{study}/batches", data={"baseline": "theirs"}, files=files)
    assert answer.status_code == 422
    assert says in answer.text
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(StudyVersion)).scalar_one() == 0


def test_settings_that_cannot_be_used_lead_back_to_their_study(researcher: TestClient, study: str) -> None:
    refused = researcher.post(f"{study}/settings", data={"seats": "0"})
    assert refused.status_code == 422
    assert f'href="{study}">Back to the study</a>' in refused.text
