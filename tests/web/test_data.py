"""Training data in the pages: every kind of report is shown, none is believed, and a bad file is told in the form."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests import reports as made


def kept(researcher: TestClient, report: object, name: str = "") -> str:
    """The page that keeping it leads to."""
    file = {"report": ("a.report.json", json.dumps(report).encode(), "application/json")}
    answer = researcher.post("/data/reports", data={"name": name}, files=file)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_empty_page_says_how_reports_are_made(researcher: TestClient) -> None:
    html = researcher.get("/data").text
    assert "No report is kept here yet" in html
    assert "assay data clean" in html


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (made.CLEANING, "17 of 20 dialogues left (85.0 %), by paper"),
        (made.DIVERSITY, "100 queries; mean BLEU of the nearest other one 8.2"),
        (made.LEAKAGE, "1 of 252 prompts marked, 1 above 20 BLEU"),
        (made.MIXTURE, "2 files, the largest with 10 dialogues and 1,000 tokens"),
    ],
    ids=["cleaning", "diversity", "leakage", "mixture"],
)
def test_each_kind_is_kept_and_listed_in_a_sentence(researcher: TestClient, report: dict[str, Any], words: str) -> None:
    kept(researcher, report, "My <b>data</b>")
    html = researcher.get("/data").text
    assert words in html
    assert "My &lt;b&gt;data&lt;/b&gt;" in html


def test_cleaning_is_shown_step_by_step_with_reasons_and_samples(researcher: TestClient) -> None:
    html = kept(researcher, made.CLEANING)
    assert "17 of 20 dialogues left (85.0 %)" in html
    assert "6 dialogues dropped: not English" in html
    assert "Wie geht &lt;b&gt;es&lt;/b&gt;?" in html
    assert "line 3: no turns" in html
    assert "split long" in html


def test_diversity_is_shown_with_its_histogram_and_the_nearest_pairs(researcher: TestClient) -> None:
    html = kept(researcher, made.DIVERSITY)
    assert html.count('class="bar"') == 4
    assert "70 from 0 to 10; 20 from 10 to 20; 6 from 20 to 30; 4 from 90 to 100" in html
    assert "how do i &lt;i&gt;sort&lt;/i&gt; a list?" in html


def test_leakage_marks_what_is_above_its_threshold_and_warns_of_paraphrases(researcher: TestClient) -> None:
    html = kept(researcher, made.LEAKAGE)
    assert (html.count('class="bar"'), html.count('class="bar marked"')) == (2, 3)
    assert "1 <span" in html
    assert "rephrased" in html
    assert "prompts.jsonl, line 7" in html
    assert "Please write a haiku now." in html


def test_a_mixture_is_shown_with_its_ladder_sources_and_hashes(researcher: TestClient) -> None:
    html = kept(researcher, made.MIXTURE)
    assert html.index("mix-0.5k.jsonl") < html.index("mix.jsonl")
    assert "https://example.org" in html
    assert "ef" * 32 in html


def test_a_file_that_is_no_report_is_told_in_the_form_and_the_list_stays(researcher: TestClient) -> None:
    kept(researcher, made.CLEANING, "first")
    file = {"report": ("a.csv", b"id,text\n", "text/csv")}
    answer = researcher.post("/data/reports", data={"name": ""}, files=file)
    assert answer.status_code == 422
    assert "a.csv, line 1: this is no JSON" in answer.text
    assert "first" in answer.text
    nothing = researcher.post("/data/reports", data={"name": ""}, files={"report": ("", b"", "application/json")})
    assert (nothing.status_code, "Choose the report" in nothing.text) == (422, True)


def test_a_report_that_is_not_there_is_a_page_that_says_so(researcher: TestClient) -> None:
    assert researcher.get("/data/99").status_code == 404
