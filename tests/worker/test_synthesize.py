"""The job that makes new questions, by a real worker on a real socket that answers with untidy lists."""

from dataclasses import replace
from itertools import combinations, product

import pytest
from sqlalchemy import select

from backend.config import Settings
from backend.db.session import Database
from backend.db.syntheses import SynthesisCall
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import JobState, Manner
from backend.domain.recipes import Recipe
from backend.domain.synthesis.closeness import Bleu
from backend.domain.synthesis.methods import Seed, Way
from backend.domain.synthesis.pairs import Lack
from backend.domain.synthesis.pool import Why
from backend.domain.synthesis.rouge import rouge_l
from backend.domain.synthesis.self_instruct import Unfit
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import syntheses, synthesis_templates
from backend.services.asking.syntheses import Plan
from tests.factories import NOW
from tests.jobs import looked
from tests.openai import Step, says, scripted, too_long, unauthorized
from tests.synthesis import line, named, pairs, plan, queued, tasked, untidy
from worker.handlers import HANDLERS
from worker.running import Worker

MANNER = Manner(concurrency=1)


def do(database: Database) -> None:
    assert Worker(database, Settings(), HANDLERS).do_one()


def test_untidy_lists_come_to_three_hundred_pairs_of_which_none_is_doubled(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        job_id = queued(database, "nq", plan(server.url, wanted=300, most_calls=300))
        do(database)
    job = looked(database, job_id)
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 300, 300, "")
    made = pairs(database, "nq")
    assert len({question for question, _ in made}) == len(made) == 300
    left = line(database, "nq").pool.left
    assert {Why.SEED, Why.TWICE, Lack.NO_ANSWER, Lack.CUT_OFF} <= set(left)
    assert all(question != "name of the bird in the lion king" for question, _ in made)


def test_each_call_shows_five_different_seeds_by_the_papers_words_at_temperature_one(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        queued(database, "nq", plan(server.url))
        do(database)
        asked = [body["messages"][0]["content"] for body in server.bodies]
        assert {body["temperature"] for body in server.bodies} == {1.0}
    assert len(set(asked)) > 1
    for text in asked:
        head, *lines = text.split("\n")
        assert head.startswith("I want you to generate a series of questions and answers. I want the answers to be ")
        assert len(lines) == 10
        assert len(set(lines[::2])) == 5


def test_the_same_answers_make_the_same_pairs_however_many_are_asked_at_once(database: Database) -> None:
    found = []
    for number, at_once in enumerate((1, 8)):
        with scripted(otherwise=untidy) as server:
            with database.transaction() as session:
                one = syntheses.declare(session, f"nq {number}", plan(server.url), now=NOW)
                syntheses.enqueue(session, one, Manner(concurrency=at_once), allowed=None, now=NOW)
            do(database)
        found.append(pairs(database, f"nq {number}"))
    assert found[0] == found[1]


def test_what_was_interrupted_comes_to_what_was_not(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        queued(database, "whole", plan(server.url))
        do(database)
    whole = pairs(database, "whole")
    with scripted(otherwise=untidy) as server:
        job_id = queued(database, "broken", plan(server.url, most_calls=3))
        do(database)
        assert looked(database, job_id).state == JobState.FAILED
        part = pairs(database, "broken")
        assert 0 < len(part) < 60
        queued(database, "broken", plan(server.url, most_calls=60))
        do(database)
    assert pairs(database, "broken") == whole
    assert part == whole[: len(part)]


def test_the_limit_of_calls_ends_it_with_the_yield(database: Database) -> None:
    with scripted(otherwise=says("I would rather not.")) as server:
        job_id = queued(database, "nq", plan(server.url, most_calls=7))
        do(database)
        assert len(server.asked) == 7
    job = looked(database, job_id)
    assert (job.state, job.done) == (JobState.FAILED, 0)
    assert job.error == (
        "7 calls, which is their limit, brought 0 of 60 entries (0.00 a call). With a higher --calls the same call"
        " goes on."
    )


def test_a_refused_call_is_no_end_once_others_were_answered(database: Database) -> None:
    with scripted(untidy, too_long(), otherwise=untidy) as server:
        with database.transaction() as session:
            one = syntheses.declare(session, "nq", plan(server.url), now=NOW)
            syntheses.enqueue(session, one, MANNER, allowed=None, now=NOW)
        do(database)
    with database.reading() as session:
        refused = session.scalars(select(SynthesisCall.number).where(SynthesisCall.reply_hash.is_(None))).all()
    assert len(pairs(database, "nq")) == 60
    assert refused == [2]


@pytest.mark.parametrize("step", [too_long(), unauthorized()])
def test_an_engine_that_refuses_from_the_start_is_asked_no_more(database: Database, step: Step) -> None:
    with scripted(otherwise=step) as server:
        job_id = queued(database, "nq", plan(server.url))
        do(database)
        assert len(server.asked) < 20
    assert looked(database, job_id).state == JobState.FAILED
    assert not pairs(database, "nq")


SEEDS = tuple(Seed(f"t{number}", f"Tell a tale of the {number}. day") for number in range(1, 11))


def of_tasks(url: str, **changes: object) -> Plan:
    sampling = Sampling(0.7, 0.5, max_tokens=256, seed=1, stop=("\n\n",), presence_penalty=2.0)
    recipe = Recipe(EngineKind.OPENAI, "a-model", url, template="plain", sampling=sampling)
    return plan(url, way=Way.SELF_INSTRUCT, recipe=recipe, seeds=SEEDS, **{"wanted": 40, "most_calls": 60, **changes})


def test_tasks_are_shown_again_and_none_is_similar_to_another(database: Database) -> None:
    with scripted(otherwise=tasked) as server:
        job_id = queued(database, "si", of_tasks(server.url))
        do(database)
        assert {body["presence_penalty"] for body in server.bodies} == {2.0}
        prompts = [body["prompt"] for body in server.bodies]
    assert looked(database, job_id).state == JobState.DONE
    made = [question for question, answer in pairs(database, "si") if answer is None]
    assert len(made) == 40
    others = [*combinations(made, 2), *product(made, (one.text for one in SEEDS))]
    assert max(rouge_l(one, other) for one, other in others) <= 0.7
    left = line(database, "si").pool.left
    assert {Why.TOO_SIMILAR, Unfit.LENGTH} <= set(left)
    assert not any("Explain" in prompt for prompt in prompts[:5])
    assert all(prompt.count("Explain") == 2 for prompt in prompts[5:])


def test_tasks_that_were_interrupted_within_a_round_are_those_of_a_run_that_was_not(database: Database) -> None:
    with scripted(otherwise=tasked) as server:
        queued(database, "whole", of_tasks(server.url))
        do(database)
    with scripted(otherwise=tasked) as server:
        queued(database, "broken", of_tasks(server.url, most_calls=7))
        do(database)
        queued(database, "broken", of_tasks(server.url))
        do(database)
    assert pairs(database, "broken") == pairs(database, "whole")


def test_nothing_close_to_an_evaluation_is_shown_or_taken(database: Database) -> None:
    near = ("name of the bird in the lion king", "what is the name of river number 7")
    with scripted(otherwise=untidy) as server:
        queued(database, "nq", plan(server.url, evaluation=near, closest=60.0))
        do(database)
        assert not any("Zazu" in body["messages"][0]["content"] for body in server.bodies)
    with database.reading() as session:
        (excluded,) = named(session, "nq").excluded
        assert (excluded["key"], round(excluded["near"]["score"])) == ("bird", 100)
    index = Bleu(near)
    assert all(index.nearest(question).score <= 60 for question, _ in pairs(database, "nq"))
    assert line(database, "nq").pool.left[Why.TOO_CLOSE]


def test_seeds_that_are_all_too_close_are_refused_unless_they_are_kept(database: Database) -> None:
    evaluation = tuple(one.text for one in synthesis_templates.preset(Way.NQ).seeds[:6])
    with database.transaction() as session:
        with pytest.raises(Invalid, match=r"4 seeds are left, and each call shows 5 different ones.*--keep-seeds"):
            syntheses.declare(session, "nq", plan("http://127.0.0.1:1/v1", evaluation=evaluation), now=NOW)
        kept = plan("http://127.0.0.1:1/v1", evaluation=evaluation, keep_seeds=True)
        assert len(syntheses.declare(session, "nq", kept, now=NOW).seeds) == 10


def test_the_same_name_is_the_same_synthesis_or_refused(database: Database) -> None:
    first = plan("http://127.0.0.1:1/v1")
    with database.transaction() as session:
        one = syntheses.declare(session, "nq", first, now=NOW)
        again = syntheses.declare(session, " nq ", replace(first, wanted=7, most_calls=9), now=NOW)
        assert (one.id, again.wanted, again.most_calls) == (again.id, 7, 9)
        with pytest.raises(Conflict, match=r"nq is made in another way: it differs in draw. Choose another name"):
            syntheses.declare(session, "nq", replace(first, draw=1), now=NOW)
        with pytest.raises(Invalid, match="between 1 and"):
            syntheses.declare(session, " ", first, now=NOW)
        with pytest.raises(NotFound, match="no synthesis 99"):
            syntheses.get(session, 99)
