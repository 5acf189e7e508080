"""The job that makes outputs, by a real worker on a real socket: what is stored, what is said of what is missing."""

import pytest
from sqlalchemy import select

from backend.config import Settings
from backend.db.generations import OutputOrigin
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.db.studies import Prompt, Study
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import JobState, Manner
from backend.domain.recipes import Recipe
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import estimates, generations
from backend.services.studies import mentions, studies
from tests import factories
from tests.factories import NOW
from tests.jobs import looked, texts
from tests.openai import Step, says, scripted, too_long, unauthorized
from worker.flow import AHEAD
from worker.handlers import HANDLERS
from worker.running import Worker

MANNER = Manner(concurrency=1)


def recipe(url: str, **changes: object) -> Recipe:
    return Recipe(EngineKind.OPENAI, "a-model", url, sampling=Sampling(0.7, max_tokens=64, seed=7), **changes)


def queued(database: Database, study: Study, url: str, name: str = "vicuna", **changes: object) -> int:
    with database.transaction() as session:
        made = generations.declare(session, study.id, name, recipe(url, **changes), now=NOW)
        return generations.enqueue(session, made, MANNER, allowed=None, now=NOW).id


def done(database: Database, study: Study, *steps: Step, otherwise: Step | None = None, **changes: object) -> int:
    """A job that a worker did."""
    with scripted(*steps, otherwise=otherwise) as server:
        job_id = queued(database, study, server.url, **changes)
        assert Worker(database, Settings(), HANDLERS).do_one(job_id)
    return job_id


@pytest.fixture
def study(database: Database) -> Study:
    with database.transaction() as session:
        return factories.study(session)


def test_each_output_keeps_the_reply_that_it_is_the_text_of(database: Database, study: Study) -> None:
    job_id = done(database, study, otherwise=lambda asked: says(f"About {asked.prompt}", finish="length")(asked))
    assert looked(database, job_id).state == JobState.DONE
    assert texts(database, job_id) == [f"About Question {number}?" for number in (1, 2, 3)]
    with database.reading() as session:
        rows = session.execute(
            select(Output.text, StoredReply)
            .join(OutputOrigin, OutputOrigin.output_id == Output.id)
            .join(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
        ).all()
    assert len(rows) == 3
    for text, reply in rows:
        assert (reply.reply["text"], reply.reply["finish"], reply.job_id) == (text, "length", job_id)
        assert (reply.request["model"], reply.request["sampling"]["seed"]) == ("a-model", 7)


def test_what_got_no_answer_is_named_and_a_retry_asks_for_it_alone(database: Database, study: Study) -> None:
    job_id = done(database, study, says("One."), too_long(), says("Three."))
    job = looked(database, job_id)
    assert (job.state, job.done, job.failed, job.total) == (JobState.FAILED, 2, 1, 3)
    assert job.error.startswith("1 question got no answer; a retry asks it again. p2: The prompt with max_tokens")
    assert texts(database, job_id) == ["One.", "Three."]


def test_more_than_three_without_an_answer_are_counted(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session, prompts=5)
    error = looked(database, done(database, study, otherwise=too_long())).error
    assert error.startswith("5 questions got no answer; a retry asks them again. p1: ")
    assert error.endswith(" And 2 more.")


def test_an_engine_that_refuses_everybody_is_asked_no_more(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session, prompts=20)
    with scripted(otherwise=unauthorized()) as server:
        job_id = queued(database, study, server.url)
        Worker(database, Settings(), HANDLERS).do_one(job_id)
        assert len(server.asked) <= 1 + AHEAD
    assert "does not accept the key" in looked(database, job_id).error


@pytest.mark.parametrize("last", [says("I am Vicuna, too."), unauthorized()])
def test_outputs_that_say_who_wrote_them_are_found_however_the_job_ends(
    database: Database, study: Study, last: Step
) -> None:
    """What was stored before it broke may be launched, and raters must not be told."""
    done(database, study, says("I am Vicuna."), says("Plain."), last)
    with database.reading() as session:
        total, noted = mentions.noted(session, studies.get(session, study.id))
    assert total == len(noted) >= 1
    assert noted[0].prompt == "p1"


def test_in_a_study_that_was_scrubbed_new_outputs_are_hidden_too(database: Database) -> None:
    with database.transaction() as session:
        outputs = {"base": ["I am Vicuna."] * 3, "vicuna-7b": ["Plain."] * 3}
        study = factories.study(session, outputs=outputs)
        assert mentions.scrub(session, study.id) == 3
    done(database, study, says("I am Vicuna\0 once more."), otherwise=says("Plain."), name="another")
    with database.reading() as session:
        mine = select(Output.text, Output.shown).join(System, System.id == Output.system_id)
        found = session.execute(mine.where(System.name == "another").order_by(Output.prompt_id)).all()
    assert found[0].text == "I am Vicuna\ufffd once more."
    assert found[0].shown is not None
    assert "Vicuna" not in found[0].shown
    assert [row.shown for row in found[1:]] == [None, None]


def test_another_sample_of_the_same_recipe_asks_anew_and_the_same_sample_does_not(
    database: Database, study: Study
) -> None:
    with scripted() as server:
        for name, sample in (("once", 0), ("twice", 1), ("once more", 0)):
            job_id = queued(database, study, server.url, name, sample=sample)
            Worker(database, Settings(), HANDLERS).do_one(job_id)
            assert looked(database, job_id).state == JobState.DONE
        assert len({body["seed"] for body in server.bodies}) == len(server.bodies) == 6


def test_a_system_is_made_in_one_way_and_imported_ones_in_none(database: Database, study: Study) -> None:
    url = "http://127.0.0.1:8000/v1"
    with database.transaction() as session:
        made = generations.declare(session, study.id, "mine", recipe(url), now=NOW)
        first = session.scalars(select(Prompt.id).where(Prompt.study_id == study.id)).all()[0]
        session.add(Output(study_id=study.id, system_id=made.system_id, prompt_id=first, text="So."))
    with database.transaction() as session:
        assert generations.declare(session, study.id, " mine ", recipe(url), now=NOW).system_id == made.system_id
        assert generations.recipe_of(made) == recipe(url)
        with pytest.raises(Conflict, match=r"another way: a-model on openai, at http.*, by its sample 1\. Choose"):
            generations.declare(session, study.id, "mine", recipe(url, sample=1), now=NOW)
        with pytest.raises(Conflict, match="has imported outputs"):
            generations.declare(session, study.id, factories.BASELINE, recipe(url), now=NOW)
        with pytest.raises(Invalid, match="name has between 1 and"):
            generations.declare(session, study.id, " ", recipe(url), now=NOW)
        with pytest.raises(NotFound, match="were imported, so there is nothing to generate"):
            generations.get(session, 1)


def test_a_recipe_in_words_names_its_template_and_its_sample() -> None:
    said = generations.in_words(recipe("http://h/v1", template="vicuna-v1", sample=1))
    how = "at http://h/v1, template vicuna-v1, temperature 0.7, top-p 1, 64 tokens, seed 7, sample 2"
    assert said == f"a-model on openai, {how}"


def test_nothing_is_left_to_ask_of_a_whole_system_and_another_name_finds_its_answers(
    database: Database, study: Study
) -> None:
    with scripted() as server:
        job_id = queued(database, study, server.url)
        Worker(database, Settings(), HANDLERS).do_one(job_id)
        with database.transaction() as session:
            made = generations.get(session, looked(database, job_id).generation_id or 0)
            with pytest.raises(Conflict, match="Every prompt has its output already"):
                generations.enqueue(session, made, MANNER, allowed=None, now=NOW)
        found = estimates.of_generation(database, study.id, "another", recipe(server.url), Manner(1, None, None, 1, 1))
        anew = estimates.of_generation(database, study.id, "another", recipe(server.url, revision="r"), MANNER)
    assert (found.questions, found.stored, found.worst) == (0, 3, 0)
    assert (anew.questions, anew.stored) == (3, 0)
