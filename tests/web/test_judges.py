"""Judges in the pages: what each said, where to doubt it, every verdict with what it rests on, and asking one."""

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from backend.db.judges import Judge, Judging
from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.jobs import Manner, Queue
from backend.domain.judging.orders import Orders, Rule
from backend.services.asking import jobs
from backend.services.judging import judges, judgings, packs
from backend.services.studies import batches
from tests import factories, judged
from tests.judged import Bench
from tests.openai import says
from tests.web.test_jobs import Listener, bell

__all__ = ["bell"]

FORM = {
    "name": "gpt",
    "candidates": factories.CANDIDATE,
    "baseline": factories.BASELINE,
    "judge_template": "mtbench-pair-v2",
    "orders": "both",
    "rule": "agree_else_tie",
    "engine": "openai",
    "model": "gpt-4o",
    "url": "https://api.example.org/v1",
    "temperature": "",
    "max_tokens": "",
    "top_p": "1",
    "concurrency": "8",
}
PRICES = {"price_in": "2.50", "price_out": "10"}


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    """Two candidates, votes, a judge that was asked and one that was imported."""
    return judged.bench(database, tmp_path)


@pytest.fixture
def study(database: Database) -> Study:
    """Three prompts, and two systems with outputs."""
    with database.transaction() as session:
        return factories.study(session)


def words(html: str) -> str:
    """What is read, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows(html: str) -> list[str]:
    """The lines of the table of verdicts."""
    section = html[html.index('id="verdicts"') :]
    return [words(row) for row in re.findall(r"<tr>.*?</tr>", section[: section.index("</section>")], re.S)[1:]]


def prompt(database: Database, bench: Bench, key: str) -> str:
    """The address of a prompt under the judge that was asked."""
    with database.reading() as session:
        number = judged.prompt_id(session, bench.study_id, key)
    return f"/studies/{bench.study_id}/judges/{bench.asked}/prompts/{number}"


def test_a_study_without_judges_teaches_what_one_is(researcher: TestClient, study: Study) -> None:
    html = researcher.get(f"/studies/{study.id}/judges").text
    assert "No judge has been asked about this study" in html
    assert f'href="/studies/{study.id}/judges/new"' in html
    assert f'href="/studies/{study.id}/verdicts/new"' in html


def test_with_one_system_there_is_nothing_to_judge(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        lone = factories.study(session, outputs={"only": ["a", "b", "c"]})
    assert "this study has one with outputs" in researcher.get(f"/studies/{lone.id}/judges").text
    assert "this study has one with outputs" in researcher.get(f"/studies/{lone.id}/judges/new").text


def test_the_list_says_what_each_judge_said_of_each_pair(researcher: TestClient, bench: Bench) -> None:
    page = f"/studies/{bench.study_id}/judges"
    html = researcher.get(page).text
    ours, theirs = (words(one) for one in re.findall(r"<article.*?</article>", html, re.S))
    assert "asked mtbench-pair-v2, in both orders; a win needs every order, all else is a tie" in ours
    assert "large against base 4 large 2 neither 2 unparsed 2 base 62.5 % [" in ours
    assert "20 of 20 verdicts Not readable: 2 in no known form, 2 refused." in ours
    assert "the win rate is 50.0 to 70.0 %" in ours
    assert "small against base 0 small 8 neither 2 base 40.0 % [" in ours
    assert "imported, given by gpt-4" in theirs
    assert "10 of 10 verdicts" in theirs
    part = researcher.get(page, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "hx-get" not in html, "nothing moves, so nothing is asked for again"


def test_the_list_shows_a_job_that_waits_and_asks_again_while_there_is_one(
    researcher: TestClient, database: Database, study: Study
) -> None:
    with database.transaction() as session:
        judge, (judging,) = judges_of(session, study)
        job = judgings.enqueue(session, judging, Manner(), allowed=None, now=factories.NOW)
    html = researcher.get(f"/studies/{study.id}/judges").text
    assert f'href="/jobs/{job.id}"' in html
    assert "0 of 6 verdicts" in words(html)
    assert 'hx-trigger="every 5s"' in html
    html = researcher.get(f"/studies/{study.id}/judges/{judge.id}").text
    assert "It has said nothing yet." in html
    assert "pack.zip" not in html
    jobs_page = researcher.get(f"/jobs/{job.id}").text
    assert f'href="/studies/{study.id}/judges/{judge.id}?pair={judging.id}"' in jobs_page


def judges_of(session: Session, study: Study) -> tuple[Judge, list[Judging]]:
    """A judge of the small study, and what it is to compare."""
    judge = judged.judge_at(session, study.id, "http://127.0.0.1:9/v1")
    compared = judgings.compare(
        session, judge, candidate=factories.CANDIDATE, baseline=factories.BASELINE, now=factories.NOW
    )
    return judge, [compared]


def test_a_judges_page_has_its_tally_habits_and_bounds(researcher: TestClient, bench: Bench) -> None:
    """Of ten prompts eight are read, six of them the same in both orders: 75 %. Of 16 verdicts, 10 for the first."""
    text = words(researcher.get(f"/studies/{bench.study_id}/judges/{bench.asked}").text)
    assert "20 verdicts on 10 prompts." in text
    assert "With the unparsed 50.0 to 70.0 %" in text
    assert "Same in both orders 75.0 % [" in text
    assert "Prefers the first +12.5 [" in text
    assert "2 in no known form: prompt p9 ." in text
    assert "2 refused: prompt p10 ." in text
    assert "results of batch" in text


def test_an_injection_that_was_obeyed_is_shown_with_its_evidence(researcher: TestClient, bench: Bench) -> None:
    text = words(researcher.get(f"/studies/{bench.study_id}/judges/{bench.asked}").text)
    assert "2 verdicts obeyed: what an output demanded is what it said" in text
    assert "the first output demanded first, and so the judge said; it said first in the other order" in text


def test_the_second_pair_is_a_page_of_its_own(researcher: TestClient, database: Database, bench: Bench) -> None:
    page = f"/studies/{bench.study_id}/judges/{bench.asked}"
    pairs = re.findall(rf'href="{page}\?pair=(\d+)"', researcher.get(page).text)
    html = researcher.get(f"{page}?pair={pairs[1]}").text
    assert words(html).count("neither") > 8
    assert "None." in words(html)
    assert researcher.get(f"{page}?pair=999").status_code == 404


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ("", [f"Question {number}?" for number in range(1, 11)]),
        ("torn", ["Question 7?", "Question 8?"]),
        ("unparsed", ["Question 9?", "Question 10?"]),
        ("flagged", ["Question 8?"]),
        ("majority", ["Question 3?", "Question 8?"]),
    ],
)
def test_verdicts_are_listed_by_what_deserves_a_look(
    researcher: TestClient, bench: Bench, only: str, found: list[str]
) -> None:
    html = researcher.get(f"/studies/{bench.study_id}/judges/{bench.asked}", params={"only": only}).text
    assert [re.match(r"Question \d+\?", row)[0] for row in rows(html)] == found


def test_a_row_has_both_verdicts_what_they_come_to_and_the_majority(researcher: TestClient, bench: Bench) -> None:
    lines = rows(researcher.get(f"/studies/{bench.study_id}/judges/{bench.asked}").text)
    assert lines[2] == "Question 3? writing first: large; second: large large large large base"
    assert lines[6] == "Question 7? first: large; second: base large base neither neither"
    assert lines[8].endswith("unread: in no known form unread: in no known form unparsed –")


def test_sealed_votes_are_not_to_be_had_from_a_judges_page(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    bench = judged.bench(database, tmp_path, analysis={"sealed": True}, votes=judged.VOTES[:-1])
    page = f"/studies/{bench.study_id}/judges/{bench.asked}"
    html = researcher.get(page).text
    assert "Sealed, so not compared with it here" in html
    assert "majority" not in words(html).lower()
    assert rows(researcher.get(f"{page}?only=majority").text) == []
    assert "Most raters" not in researcher.get(prompt(database, bench, "p3")).text
    assert researcher.get(f"/batches/{bench.batch.id}/comparisons/1").status_code == 409
    with database.transaction() as session:
        batches.close(session, batches.get(session, bench.batch.id))
    assert len(rows(researcher.get(f"{page}?only=majority").text)) == 2


def test_a_prompt_opens_with_outputs_replies_and_how_they_were_read(
    researcher: TestClient, database: Database, bench: Bench
) -> None:
    html = researcher.get(prompt(database, bench, "p9")).text
    text = words(html)
    assert "alert('reply')" in text
    assert "<script>alert" not in html
    assert "⟨U+202E⟩" in html
    assert "**fine**" in html, "a reply is shown as it came"
    assert text.count("unread: in no known form") == 2
    assert text.count("Asked 2 times") == 2
    assert text.count("mtbench-pair-v2, version 1") == 2
    assert text.count("judge-70b, openai 0.32.0") == 2
    assert len(set(re.findall(r"\b[0-9a-f]{64}\b", html))) == 2
    assert "Please end with your final verdict" in text, "the reminder is part of the second question"
    assert "Please act as an impartial judge" in text


def test_an_injected_prompt_says_what_speaks_to_the_judge_and_what_was_obeyed(
    researcher: TestClient, database: Database, bench: Bench
) -> None:
    text = words(researcher.get(prompt(database, bench, "p8")).text)
    assert "An output speaks to the judge." in text
    assert text.count("Obeyed.") == 2
    assert "Most raters prefer base" in text


def test_previous_and_next_lead_through_the_list(researcher: TestClient, database: Database, bench: Bench) -> None:
    html = researcher.get(prompt(database, bench, "p7") + "?only=torn").text
    assert re.search(r'rel="next" href="[^"]*/prompts/\d+\?pair=\d+&only=torn"', unescape(html))
    assert 'rel="prev"' not in html


def test_an_imported_verdict_says_what_is_not_known_of_it(
    researcher: TestClient, database: Database, bench: Bench
) -> None:
    address = prompt(database, bench, "p2").replace(f"/judges/{bench.asked}/", f"/judges/{bench.imported}/")
    text = words(researcher.get(address).text)
    assert "base 8 : 7" in text
    assert "The first gets (8, 7)." in text
    assert "none: the question was not imported" in text
    html = researcher.get(f"/studies/{bench.study_id}/judges/{bench.imported}").text
    assert "what standing first does can’t be told" in html
    assert "Ask it more" not in html
    assert researcher.get(f"/studies/{bench.study_id}/judges/new?like={bench.imported}").status_code == 404


def test_what_is_not_there_is_no_page(researcher: TestClient, database: Database, bench: Bench, study: Study) -> None:
    for path in (
        f"/{bench.asked}",
        f"/{bench.asked}/prompts/1",
        f"/{bench.asked}/pack.zip",
        f"/new?like={bench.asked}",
    ):
        assert researcher.get(f"/studies/{study.id}/judges{path}").status_code == 404, path
    here = f"/studies/{bench.study_id}/judges"
    assert researcher.get(f"{here}/{bench.asked}/prompts/999").status_code == 404
    assert researcher.get(f"{here}/999").status_code == 404
    assert researcher.get("/studies/99/judges").status_code == 404
    assert researcher.get("/studies/99/judges/new").status_code == 404


def test_only_the_researcher_may_see_them(stranger: TestClient, bench: Bench) -> None:
    here = f"/studies/{bench.study_id}"
    paths = [f"{here}/judges", f"{here}/judges/new", f"{here}/judges/{bench.asked}", f"{here}/verdicts/new"]
    paths += [f"{here}/judges/{bench.asked}/prompts/1", f"{here}/judges/{bench.asked}/pack.zip"]
    assert {stranger.get(path).status_code for path in paths} == {403}
    assert stranger.post(f"{here}/judges/judgings", data=FORM).status_code == 403
    assert stranger.post(f"{here}/verdicts", data={}).status_code == 403


def test_a_pack_is_taken_as_a_zip_that_the_terminal_reads(researcher: TestClient, bench: Bench, tmp_path: Path) -> None:
    answer = researcher.get(f"/studies/{bench.study_id}/judges/{bench.asked}/pack.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "pack")
    pack = packs.load(tmp_path / "pack")
    assert len(pack.entries) == 40
    assert json.loads((tmp_path / "pack" / "manifest.json").read_text())["judge"]["name"] == "our-judge"


def test_the_form_shows_each_template_with_its_words(researcher: TestClient, study: Study) -> None:
    html = researcher.get(f"/studies/{study.id}/judges/new").text
    for name in judges.known_templates():
        assert f'<option value="{name}"' in html
    text = words(html)
    assert "AlpacaEval 2’s: one token, read with its chances; no ties" in text
    assert "Please act as an impartial judge" in text
    assert re.search(r'value="eager-candidate-13b" checked', html), "of two systems the other one is the candidate"
    assert not re.search(r'name="[^"]*key', html)


def test_a_dry_run_says_what_would_be_asked_and_the_most_with_every_reminder(
    researcher: TestClient, database: Database, study: Study
) -> None:
    text = words(researcher.get(f"/studies/{study.id}/judges/new", params=FORM | PRICES).text)
    assert "Questions 6" in text
    assert "Tokens answered ≤ 12,288" in text
    cost = re.search(r"Cost ≈ \$([\d.]+) at most \$([\d.]+)", text)
    assert cost is not None
    assert float(cost[2]) > 2 * float(cost[1])
    assert "Ask for 6 verdicts" in text
    with database.reading() as session:
        assert jobs.newest(session) == []
        assert judges.of_study(session, study.id) == []


def test_asking_declares_the_judge_queues_the_job_and_rings_after_the_commit(
    researcher: TestClient, database: Database, study: Study, bell: Listener
) -> None:
    answer = researcher.post(f"/studies/{study.id}/judges/judgings", data=FORM | PRICES | {"budget": "1.50"})
    with database.reading() as session:
        (job,) = jobs.newest(session)
        (judge,) = judges.of_study(session, study.id)
        recipe = judges.recipe_of(judge)
    assert answer.url.path == f"/jobs/{job.id}"
    assert "Verdicts of gpt: eager-candidate-13b against quiet-baseline-7b" in answer.text
    assert (judge.template, judge.orders, judge.rule) == ("mtbench-pair-v2", Orders.BOTH, Rule.AGREE_ELSE_TIE)
    assert (recipe.model, recipe.sampling.temperature, recipe.sampling.max_tokens) == ("gpt-4o", 0.0, 2048)
    assert (job.allowed, Manner.from_json(job.manner).concurrency) == (1_500_000, 8)
    assert bell.heard == [(Queue.IO, ["queued"])]


def test_several_candidates_are_one_judge_and_a_job_each(
    researcher: TestClient, database: Database, bell: Listener
) -> None:
    with database.transaction() as session:
        study = factories.study(session, outputs={"base": ["a"] * 3, "one": ["b"] * 3, "two": ["c"] * 3})
    sent = FORM | PRICES | {"candidates": ["one", "two"], "baseline": "base", "temperature": "0.5", "max_tokens": "64"}
    answer = researcher.post(f"/studies/{study.id}/judges/judgings", data=sent)
    assert answer.url.path == f"/studies/{study.id}/judges"
    with database.reading() as session:
        found = jobs.newest(session)
        (judge,) = judges.of_study(session, study.id)
    assert len(found) == 2
    assert all(job.allowed for job in found), "with prices, no job may cost more than it can at most"
    assert (judge.sampling["temperature"], judge.sampling["max_tokens"]) == (0.5, 64)
    assert bell.heard == [(Queue.IO, ["queued", "queued"])]


def test_the_same_again_goes_on_where_it_was_and_nothing_is_asked_twice(researcher: TestClient, bench: Bench) -> None:
    page = f"/studies/{bench.study_id}/judges"
    html = researcher.get(f"{page}/new?like={bench.asked}").text
    assert 'value="our-judge"' in html
    url = re.search(r'id="url"[^>]*value="([^"]+)"', html)
    assert url is not None
    sent = FORM | {"name": "our-judge", "model": "judge-70b", "url": url[1], "candidates": "large", "baseline": "base"}
    assert "our-judge has judged all of it already" in researcher.get(f"{page}/new", params=sent).text
    again = researcher.post(f"{page}/judgings", data=sent)
    assert again.status_code == 409
    assert "Every verdict of our-judge is there already" in again.text


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"name": ""}, 422, "A judge's name has between 1 and"),
        ({"candidates": []}, 422, "Choose at least one candidate"),
        ({"candidates": factories.BASELINE}, 422, "can't be compared with itself"),
        ({"candidates": "nobody"}, 422, "This study has no system 'nobody'"),
        ({"judge_template": "no-such"}, 422, "There is no judge template 'no-such'"),
        ({"orders": "sideways"}, 422, "Orders must be one of the list"),
        ({"rule": "prob_mean"}, 422, "The rule prob_mean needs a template"),
        ({"url": ""}, 422, "the engine openai needs an address"),
        ({"temperature": "hot"}, 422, "temperature must be a number"),
        ({"budget": "5"}, 422, "A budget needs prices"),
    ],
)
def test_what_can_not_be_asked_is_said_and_everything_typed_is_kept(
    researcher: TestClient, database: Database, study: Study, changed: dict[str, str], status: int, said: str
) -> None:
    page = f"/studies/{study.id}/judges"
    sent = FORM | {"model": "keep <me>"} | changed
    for answer in (researcher.post(f"{page}/judgings", data=sent), researcher.get(f"{page}/new", params=sent)):
        assert answer.status_code == status
        assert said in unescape(answer.text)
        assert "Nothing was asked." in answer.text
        assert 'value="keep &lt;me&gt;"' in answer.text
    with database.reading() as session:
        assert judges.of_study(session, study.id) == []


def test_another_judge_under_the_same_name_is_refused(researcher: TestClient, study: Study) -> None:
    page = f"/studies/{study.id}/judges"
    researcher.post(f"{page}/judgings", data=FORM)
    answer = researcher.post(f"{page}/judgings", data=FORM | {"model": "another"})
    assert answer.status_code == 409
    assert "gpt is another judge, by its model" in answer.text
    twice = researcher.post(f"{page}/judgings", data=FORM)
    assert "is doing this already" in twice.text


def test_a_comparison_shows_what_judges_said_beside_its_votes(
    researcher: TestClient, database: Database, bench: Bench
) -> None:
    html = researcher.get(prompt(database, bench, "p9")).text
    assert "/comparisons/" not in html, "raters gave no majority"
    place = re.search(r'href="(/batches/\d+/comparisons/\d+)"', researcher.get(prompt(database, bench, "p7")).text)
    assert place is not None
    section = researcher.get(place[1]).text.split('id="judges"')[1]
    text = words(section)
    assert "gpt-4 reviews base not asked base 8 : 7" in text
    assert "our-judge neither large base" in text
    assert prompt(database, bench, "p7") in section


def test_the_study_leads_to_its_judges(researcher: TestClient, tmp_path: Path) -> None:
    files = [("outputs", (f"{name}.jsonl", f'{{"id": 1, "prompt": "Why?", "output": "{name}"}}\n')) for name in "ab"]
    answer = researcher.post("/studies", files=files, data={"preset": "gudibande-2023"})
    assert f'href="{answer.url.path}/judges"' in answer.text


def test_every_page_names_another_model_that_answered(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        batch = judged.launched(session)
    other = judged.asked(database, batch.study_id, replying=says("[[A]]", model="judge-8b"))
    told = "Another model answered than judge-70b: judge-8b ({} verdicts)."
    here = f"/studies/{batch.study_id}/judges"
    assert words(researcher.get(here).text).count(told.format(20)) == 2
    assert told.format(20) in words(researcher.get(f"{here}/{other}").text)
    assert told.format(40) in words(researcher.get(f"/batches/{batch.id}/results").text)


def test_a_judge_that_answered_itself_is_not_doubted(researcher: TestClient, bench: Bench) -> None:
    for page in ("", f"/{bench.asked}", f"/{bench.imported}"):
        assert "Another model answered" not in researcher.get(f"/studies/{bench.study_id}/judges{page}").text
