"""A study's systems in the pages: how their outputs came about, reading them, and making a system's outputs here."""

import re
from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from backend.db.jobs import Job
from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.asking import EngineKind
from backend.domain.jobs import Manner, Queue
from backend.services.asking import generations, jobs
from tests import asked, factories
from tests.asked import SECOND
from tests.web.test_jobs import Listener, bell, states, words

__all__ = ["bell", "states"]

FORM = {
    "name": "gpt",
    "engine": "openai",
    "model": "gpt-4o",
    "url": "https://api.example.org/v1",
    "temperature": "0.7",
    "top_p": "1",
    "max_tokens": "100",
    "seed": "",
    "sample": "1",
    "concurrency": "8",
}
PRICES = {"price_in": "2.50", "price_out": "10"}


@pytest.fixture
def study(database: Database) -> Study:
    """Three prompts, and two systems with imported outputs."""
    with database.transaction() as session:
        return factories.study(session)


def system(html: str, name: str) -> str:
    """What the list says of a system."""
    found = [one for one in re.findall(r"<article.*?</article>", html, re.S) if f">{name}</a></h2>" in one]
    assert len(found) == 1
    return words(found[0])


def test_a_study_with_prompts_alone_teaches_how_they_are_answered(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        made = factories.study(session, outputs={})
    html = researcher.get(f"/studies/{made.id}/systems").text
    assert "nobody has answered them yet" in html
    assert f'href="/studies/{made.id}/systems/new"' in html


def test_each_system_says_how_its_outputs_came_about(researcher: TestClient, states: Mapping[str, Job]) -> None:
    page = f"/studies/{states['done'].study_id}/systems"
    html = researcher.get(page).text
    assert "imported" in system(html, factories.BASELINE)
    done = system(html, "done-7b")
    assert "tiny on openai, at http://127.0.0.1:8000/v1, temperature 0.7" in done
    assert "20 of 20 prompts" in done
    assert "vllm 0.11.0, revision 5be7e2a1c0de" in done
    assert "1 output was cut at the limit of 64 tokens" in done
    assert "1 output is empty" in done
    assert "1.2 s an output" in done
    assert "3 prompts have no output. 3 questions got no answer" in system(html, "missing-7b")
    assert "$0.0192" in system(html, "broke-7b")
    assert "running Job" in system(html, "running-7b")
    assert "sample 2" in system(html, "missing-7b")
    assert "<html" not in researcher.get(page, headers={"HX-Request": "true"}).text


def test_a_systems_page_shows_its_recipe_and_its_outputs_with_their_ends(
    researcher: TestClient, states: Mapping[str, Job]
) -> None:
    job = states["done"]
    html = researcher.get(f"/studies/{job.study_id}/systems/{job.generation_id}").text
    text = words(html)
    assert "temperature 0.7, top-p 1, at most 64 tokens, seed 7" in text
    assert "vllm 0.11.0, revision 5be7e2a1c0de" in text
    assert "which says <strong>something</strong> of its own" in html
    assert html.count('class="answered"') == 10
    cut = words(researcher.get(f"/studies/{job.study_id}/systems/{job.generation_id}?only=cut").text)
    assert "5 tokens · 1.2 s cut at the limit This one goes on and" in cut
    empty = researcher.get(f"/studies/{job.study_id}/systems/{job.generation_id}?only=empty").text
    assert "(This output is empty.)" in empty
    assert empty.count('class="answered"') == 1
    second = researcher.get(f"/studies/{job.study_id}/systems/{job.generation_id}?page=2").text
    assert "Prompt p11" in second
    assert "Page 2 of 2" in words(second)


def test_prompts_without_an_output_can_be_listed(researcher: TestClient, states: Mapping[str, Job]) -> None:
    job = states["missing"]
    html = researcher.get(f"/studies/{job.study_id}/systems/{job.generation_id}?only=missing").text
    assert [key for key in ("p17", "p18", "p19", "p20") if f"Prompt {key}" in html] == ["p18", "p19", "p20"]


def test_an_imported_system_has_outputs_to_read_and_no_recipe(researcher: TestClient, study: Study) -> None:
    html = researcher.get(f"/studies/{study.id}/systems/1").text
    assert "They were imported with the study" in html
    assert "A sober answer to number 1." in html
    assert "second sample" not in html


def test_a_system_of_another_study_is_no_page(researcher: TestClient, study: Study, states: Mapping[str, Job]) -> None:
    number = states["done"].generation_id
    assert researcher.get(f"/studies/{study.id}/systems/{number}").status_code == 404
    assert researcher.get(f"/studies/{study.id}/systems/new?like={number}").status_code == 404
    assert researcher.get("/studies/99/systems").status_code == 404
    assert researcher.get("/studies/99/systems/new").status_code == 404


def test_two_engines_of_one_system_are_told_apart(researcher: TestClient, database: Database, study: Study) -> None:
    with database.transaction() as session:
        work = asked.work(session, study, "new", now=factories.NOW).begin().answers(["One."], model="tiny-2")
        work.passes(SECOND).answers(["Two.", "Three."])
        number = work.made.system_id
    html = words(researcher.get(f"/studies/{study.id}/systems/{number}").text)
    assert "vllm 0.11.0, which calls itself tiny-2, revision 5be7e2a1c0de : 1 output" in html
    assert "vllm 0.11.0, revision 5be7e2a1c0de : 2 outputs" in html


def test_a_dry_run_says_what_would_be_asked_and_what_it_costs(
    researcher: TestClient, database: Database, study: Study
) -> None:
    """Three questions of 11 bytes, so 3 tokens; around each 64 + 16. Answers of 100 tokens at $10 a million: $0.003."""
    html = researcher.get(f"/studies/{study.id}/systems/new", params=FORM | PRICES).text
    text = words(html)
    assert "Questions 3" in text
    assert "Tokens asked ≈ 9" in text
    assert "Tokens answered ≤ 300" in text
    assert "≈ $0.0036 at most $0.0037" in text
    assert "Generate 3 outputs" in text
    assert 'value="https://api.example.org/v1"' in html
    with database.reading() as session:
        assert jobs.newest(session) == []


def test_without_prices_no_cost_is_made_up(researcher: TestClient, study: Study) -> None:
    assert "no prices given" in researcher.get(f"/studies/{study.id}/systems/new", params=FORM).text


def test_a_second_sample_at_temperature_0_is_warned_about(researcher: TestClient, study: Study) -> None:
    cold = FORM | {"temperature": "0", "sample": "2"}
    assert "every sample is the same answer" in researcher.get(f"/studies/{study.id}/systems/new", params=cold).text


def test_generating_declares_the_system_queues_one_job_and_rings_after_the_commit(
    researcher: TestClient, database: Database, study: Study, bell: Listener
) -> None:
    sent = (
        FORM
        | PRICES
        | {"stop": "USER:\n\\n\\n", "instructions": "Be brief.", "budget": "1.50", "tokens_a_minute": "9000"}
    )
    answer = researcher.post(f"/studies/{study.id}/generations", data=sent)
    with database.reading() as session:
        (job,) = jobs.newest(session)
        made = generations.get(session, job.generation_id or 0)
        recipe = generations.recipe_of(made)
    assert answer.url.path == f"/jobs/{job.id}"
    assert "Outputs of gpt" in answer.text
    assert (recipe.engine, recipe.model, recipe.instructions) == (EngineKind.OPENAI, "gpt-4o", "Be brief.")
    assert recipe.sampling.stop == ("USER:", "\n\n")
    assert job.allowed == 1_500_000
    assert Manner.from_json(job.manner) == Manner(8, None, 9_000, 2_500_000, 10_000_000)
    assert bell.heard == [(Queue.IO, ["queued"])]


def test_without_a_budget_a_job_may_cost_what_it_can_at_most(
    researcher: TestClient, database: Database, study: Study
) -> None:
    researcher.post(f"/studies/{study.id}/generations", data=FORM | PRICES)
    researcher.post(f"/studies/{study.id}/generations", data=FORM | {"name": "free"})
    with database.reading() as session:
        free, priced = jobs.newest(session)
    assert free.allowed is None
    assert priced.allowed == 3_684  # three times ⌈91 tokens at $2.50 and 100 at $10⌉ = 1,228


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "system's name has between 1 and"),
        ({"model": ""}, "a model is needed"),
        ({"url": ""}, "the engine openai needs an address"),
        ({"url": "ftp://host"}, "must begin with http"),
        ({"engine": "abacus"}, "There is no engine 'abacus'"),
        ({"engine": "vllm"}, "A server that is started here has no address"),
        ({"engine": "vllm-at", "url": ""}, "A server that runs already needs its address"),
        ({"engine": "echo"}, "runs here and has no address"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"temperature": "3"}, "temperature is 3.0; it must be between 0 and 2"),
        ({"max_tokens": ""}, "an answer has at least one token"),
        ({"top_p": "0"}, "it must be above 0"),
        ({"concurrency": "5000"}, "How it asks: concurrency is 5000"),
        ({"template": "no-such"}, "There is no template"),
        ({"budget": "5"}, "A budget needs prices"),
        ({"price_in": "cheap"}, "Price in must be an amount of dollars"),
        ({"price_in": "1e999999"}, "Price in must be an amount of dollars"),
        ({"memory_share": "2"}, "above 0 and at most 1"),
    ],
)
def test_what_can_not_be_asked_is_said_and_everything_typed_is_kept(
    researcher: TestClient, database: Database, study: Study, changed: dict[str, str], said: str
) -> None:
    sent = FORM | {"instructions": "Keep <me>."} | changed
    answer = researcher.post(f"/studies/{study.id}/generations", data=sent)
    assert answer.status_code == 422
    assert said.replace("'", "&#39;") in answer.text
    assert "Keep &lt;me&gt;.</textarea>" in answer.text
    with database.reading() as session:
        assert jobs.newest(session) == []


def test_a_dry_run_of_what_can_not_be_asked_says_why(researcher: TestClient, study: Study) -> None:
    answer = researcher.get(f"/studies/{study.id}/systems/new", params=FORM | {"model": ""})
    assert answer.status_code == 422
    assert "Nothing was asked." in answer.text


def test_names_that_are_taken_are_refused(researcher: TestClient, states: Mapping[str, Job]) -> None:
    page = f"/studies/{states['done'].study_id}/generations"
    imported = researcher.post(page, data=FORM | {"name": factories.BASELINE})
    assert imported.status_code == 409
    assert "has imported outputs" in imported.text
    other = researcher.post(page, data=FORM | {"name": "done-7b"})
    assert "is made in another way" in other.text


def test_the_same_system_again_starts_from_its_recipe_under_the_next_number(
    researcher: TestClient, states: Mapping[str, Job]
) -> None:
    job = states["done"]
    page = f"/studies/{job.study_id}/systems/new"
    again = researcher.get(f"{page}?like={job.generation_id}&again=1").text
    assert 'value="done-7b #8"' in again  # samples 2 to 7 of this recipe are other systems of the study
    assert re.search(r'id="sample"[^>]*value="8"', again)
    assert re.search(r'id="temperature"[^>]*value="0.7"', again)
    same = researcher.get(f"{page}?like={job.generation_id}").text
    assert 'value="done-7b"' in same
    priced = researcher.get(f"{page}?like={states['broke'].generation_id}").text
    assert re.search(r'id="price_in"[^>]*value="2.5"', priced)


def test_a_form_that_was_filled_from_a_recipe_says_that_recipe_again(
    researcher: TestClient, database: Database, study: Study
) -> None:
    sent = FORM | {
        "stop": "\\n\\n",
        "engine": "vllm-at",
        "tensor_parallel": "2",
        "memory_share": "0.5",
        "max_length": "512",
    }
    researcher.post(f"/studies/{study.id}/generations", data=sent)
    with database.reading() as session:
        (job,) = jobs.newest(session)
    html = researcher.get(f"/studies/{study.id}/systems/new?like={job.generation_id}").text
    assert re.search(r'<option value="vllm-at" selected>', html)
    assert "\\n\\n</textarea>" in html
    assert re.search(r'id="memory_share"[^>]*value="0.5"', html)
    answer = researcher.post(f"/studies/{study.id}/generations", data=sent)
    assert answer.status_code == 409
    assert f"Job {job.id} is doing this already" in answer.text


def test_a_prompt_that_can_not_be_asked_is_named_before_anything_is(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        made = factories.study(session, prompts=[[{"role": "assistant", "text": "I speak last."}]])
    answer = researcher.get(f"/studies/{made.id}/systems/new", params=FORM)
    assert answer.status_code == 422
    assert "Prompt p1 can&#39;t be asked" in answer.text


def test_nothing_is_left_to_ask_of_a_system_that_has_answered_everything(
    researcher: TestClient, database: Database, study: Study
) -> None:
    with database.transaction() as session:
        asked.work(session, study, "whole", now=factories.NOW).begin().answers(["a", "b", "c"]).ends()
    sent = FORM | {"name": "whole", "model": "tiny", "url": "http://127.0.0.1:8000/v1", "max_tokens": "64", "seed": "7"}
    assert (
        "every prompt has its output of whole already"
        in researcher.get(f"/studies/{study.id}/systems/new", params=sent).text
    )
    assert "Every prompt has its output already" in researcher.post(f"/studies/{study.id}/generations", data=sent).text
    other = sent | {"name": "the same under another name"}
    assert "3 answers are stored already" in researcher.get(f"/studies/{study.id}/systems/new", params=other).text


def test_no_key_is_asked_for_and_the_page_says_where_keys_are(researcher: TestClient, study: Study) -> None:
    html = researcher.get(f"/studies/{study.id}/systems/new").text
    assert "ASSAY_ENGINE_KEYS" in html
    assert not re.search(r'name="[^"]*key', html)
