"""Judges: declared once and then the same for ever, asked about pairs that have no verdict, by one of two jobs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.judges import Judge, Judging, Verdict
from backend.db.outputs import Output
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.asking import EngineKind, Reply, Sampling
from backend.domain.choices import Choice
from backend.domain.jobs import Manner
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.recipes import Recipe, Serving
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking.replies import Answered
from backend.services.judging import judgements, judges, judgings
from backend.services.judging.judgings import Given
from tests import factories
from tests.factories import BASELINE, CANDIDATE, NOW

RECIPE = Recipe(
    EngineKind.VLLM, "judge-70b", "http://127.0.0.1:8000/v1", revision="r1",
    sampling=Sampling(0.2, 0.9, 64, 7, ("\n\n",)), serving=Serving(memory_share=0.5),
)  # fmt: skip


@pytest.fixture
def study(database: Database) -> Study:
    with database.transaction() as session:
        return factories.study(session)


def declared(session: Session, study: Study, name: str = "judge", **changes: object) -> Judge:
    how = {"template": "vicuna", "recipe": RECIPE, "orders": Orders.BOTH, "rule": Rule.MEAN_SCORE, **changes}
    return judges.declare(session, study.id, name, **how, now=NOW)


def compared(session: Session, judge: Judge, candidate: str = CANDIDATE, baseline: str = BASELINE) -> Judging:
    return judgings.compare(session, judge, candidate=candidate, baseline=baseline, now=NOW)


def given(database: Database, judge: Judge, judging: Judging, *said: Reading) -> list[Given]:
    """These readings of the first pairs that have no verdict."""
    found = []
    for pair, reading in zip(judgings.unjudged(database, judge, judging), said, strict=False):
        request = judgings.request(judge, judges.recipe_of(judge), pair)
        reply = Reply(f"About {pair.key}\0", "stop", "judge\0-70b", 10, 5)
        found.append(Given(pair, reading, reply, (Answered(request, reply, "vllm 0.11", "r1", 7, 0.5),)))
    return found


def queued(database: Database, judging: Judging) -> Job:
    with database.transaction() as session:
        return judgings.enqueue(session, judging, Manner(), allowed=None, now=NOW)


def test_the_same_judge_again_is_the_same_and_is_asked_in_the_same_way(database: Database, study: Study) -> None:
    """In another session, for what comes back from JSON must equal what went there."""
    found = []
    for _ in range(2):
        with database.transaction() as session:
            found.append(declared(session, study, " judge "))
    assert found[0].id == found[1].id
    assert found[1].name == "judge"
    assert judges.recipe_of(found[1]) == RECIPE
    assert [template.name for template in judges.templates_of(found[1]).values()] == [*judges.FAMILIES["vicuna"]]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"template": "mtbench-pair-v2"}, "template, the template's text"),
        ({"recipe": replace(RECIPE, model="other")}, "model"),
        ({"recipe": replace(RECIPE, url="http://host/v1")}, "url"),
        ({"recipe": replace(RECIPE, revision="r2")}, "serving"),
        ({"recipe": replace(RECIPE, sampling=Sampling(1.0))}, "sampling"),
        ({"orders": Orders.CANDIDATE_FIRST}, "orders"),
        ({"rule": Rule.AGREE_ELSE_TIE}, "rule"),
    ],
)
def test_a_name_that_is_another_judges_is_refused_with_what_differs(
    database: Database, study: Study, changes: dict[str, object], what: str
) -> None:
    with database.transaction() as session:
        declared(session, study)
    with database.transaction() as session, pytest.raises(Conflict, match=f"judge is another judge, by its {what}"):
        declared(session, study, **changes)


def test_a_study_whose_words_changed_has_another_judge(database: Database, study: Study) -> None:
    """What raters read is part of what this judge is asked."""
    with database.transaction() as session:
        declared(session, study, template="rater-instructions", rule=Rule.AGREE_ELSE_TIE)
        session.execute(
            update(Study).where(Study.id == study.id).values(settings={**study.settings, "question": "Which is worse?"})
        )
    with database.transaction() as session, pytest.raises(Conflict, match="the template's text"):
        declared(session, study, template="rater-instructions", rule=Rule.AGREE_ELSE_TIE)


REFUSED: list[tuple[Callable[[Session, Study], object], type[Exception], str]] = [
    (lambda session, study: declared(session, study, ""), Invalid, "name has between 1 and"),
    (lambda session, study: declared(session, study, "x" * 999), Invalid, "name has between 1 and"),
    (lambda session, study: declared(session, study, template="no-such"), Invalid, "no judge template 'no-such'"),
    (lambda session, study: declared(session, study, rule=Rule.PROB_MEAN), Invalid, "such as alpaca"),
    (lambda session, study: declared(session, study, template="alpaca"), Invalid, "such as vicuna or arena-hard"),
    (lambda session, study: judges.get(session, 99), NotFound, "no judge 99"),
    (lambda session, study: judges.by_name(session, study.id, "x"), NotFound, "has no judge 'x'; it has none"),
    (lambda session, study: compared(session, declared(session, study), "x"), Invalid, "no system 'x'; it has"),
    (lambda session, study: compared(session, declared(session, study), BASELINE), Invalid, "with itself"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_can_not_be_is_said_in_a_sentence(
    database: Database, study: Study, call: Callable[[Session, Study], object], error: type[Exception], words: str
) -> None:
    with database.rehearsal() as session, pytest.raises(error, match=words):
        call(session, study)


def test_a_judge_whose_verdicts_were_imported_can_not_be_asked(database: Database, study: Study) -> None:
    with database.transaction() as session:
        made = judges.declare_imported(
            session, study.id, "gpt-4", template="vicuna", model="gpt-4", orders=Orders.BOTH, rule=Rule.MEAN_SCORE,
            origin={"format": "vicuna"}, now=NOW,
        )  # fmt: skip
        judging = compared(session, made)
        with pytest.raises(NotFound, match="were imported, so it can't be asked"):
            judgings.enqueue(session, judging, Manner(), allowed=None, now=NOW)


def test_what_is_missing_is_asked_about_in_every_order_of_the_judge_and_nothing_else(
    database: Database, study: Study
) -> None:
    with database.transaction() as session:
        both = declared(session, study)
        one = declared(session, study, "one", orders=Orders.BASELINE_FIRST)
        wide, narrow = compared(session, both), compared(session, one)
        assert compared(session, both).id == wide.id
    shown = [(pair.key, pair.first.text[:9]) for pair in judgings.unjudged(database, both, wide)]
    assert shown == [(f"p{n}", "A lively ") for n in (1, 2, 3)] + [(f"p{n}", "A sober a") for n in (1, 2, 3)]
    assert [pair.first.text[:7] for pair in judgings.unjudged(database, one, narrow)] == ["A sober"] * 3
    said = given(database, both, wide, Reading(Choice.FIRST, scores=(9, 7)), Reading(None, Unread.FORMAT))
    job = queued(database, wide)
    with database.transaction() as session:
        judgings.store(session, both, said, job_id=job.id, now=NOW)
        assert judgings.counts(session, both, wide) == (2, 6)
        assert judgings.counts(session, one, narrow) == (0, 3)
    assert [pair.key for pair in judgings.unjudged(database, both, wide)] == ["p3", "p1", "p2", "p3"]


def test_a_judge_is_shown_what_raters_see(database: Database, study: Study) -> None:
    with database.transaction() as session:
        session.execute(update(Output).where(Output.text.contains("lively")).values(shown="scrubbed"))
        judge = declared(session, study)
        judging = compared(session, judge)
    assert {pair.first.text for pair in judgings.unjudged(database, judge, judging)} >= {"scrubbed"}


def test_two_jobs_that_ask_the_same_at_once_keep_the_verdict_that_came_first(database: Database, study: Study) -> None:
    """A judge that compares A with B and B with A has one verdict on each order of two outputs, whoever asked."""
    with database.transaction() as session:
        judge = declared(session, study)
        straight, turned = compared(session, judge), compared(session, judge, BASELINE, CANDIDATE)
    first, second = queued(database, straight), queued(database, turned)
    mine = given(database, judge, straight, *[Reading(Choice.FIRST, scores=(9, 7))] * 6)
    others = given(database, judge, turned, *[Reading(Choice.SECOND, scores=(7, 9))] * 6)
    for job, said in ((first, mine), (second, others)):
        with database.transaction() as session:
            judgings.store(session, judge, said, job_id=job.id, now=NOW)
    with database.reading() as session:
        verdicts = list(session.scalars(select(Verdict)))
        assert {one.choice for one in verdicts} == {Choice.FIRST}
        assert len(verdicts) == 6
        assert judgings.counts(session, judge, turned) == (6, 6)
        assert session.scalars(select(func.count()).select_from(StoredReply)).one() == 6
        tallies = [judgements.tally(session, judge, one).summary for one in (straight, turned)]
    assert [(one.candidate, one.tie, one.baseline) for one in tallies] == [(0, 3, 0), (0, 3, 0)]


def test_a_verdict_keeps_its_reply_its_scores_and_what_no_database_holds_replaced(
    database: Database, study: Study
) -> None:
    with database.transaction() as session:
        judge = declared(session, study)
        judging = compared(session, judge)
    job = queued(database, judging)
    said = given(database, judge, judging, Reading(Choice.FIRST, scores=(9, 7), strength=2, probability=0.75))
    with database.transaction() as session:
        judgings.store(session, judge, said, job_id=job.id, now=NOW)
        (found,) = session.scalars(select(Verdict))
        assert (found.raw, found.model, found.finish) == ("About p1\ufffd", "judge\ufffd-70b", "stop")
        assert (found.first_score, found.second_score, found.strength, found.first_probability) == (9, 7, 2, 0.75)
        assert (found.tries, found.given_at) == (1, NOW)
        assert found.reply_hash == said[0].asked[0].request.content_hash
        assert judgements.reading_of(found) == said[0].reading


def test_a_judge_that_has_said_everything_or_has_nothing_to_compare_is_given_no_job(
    database: Database, study: Study
) -> None:
    with database.transaction() as session:
        judge = declared(session, study)
        judging = compared(session, judge)
        factories.add_system(session, study.id, "mute", [], [])
        mute = compared(session, judge, "mute")
    job = queued(database, judging)
    with database.transaction() as session:
        said = given(database, judge, judging, *[Reading(Choice.TIE, scores=(8, 8))] * 6)
        judgings.store(session, judge, said, job_id=job.id, now=NOW)
    for nothing, words in ((judging, "Every verdict is there already"), (mute, "share no prompt with outputs")):
        with pytest.raises(Conflict, match=words):
            queued(database, nothing)


def test_a_prompt_that_waits_for_its_second_order_counts_nowhere_yet(database: Database, study: Study) -> None:
    with database.transaction() as session:
        judge = declared(session, study)
        judging = compared(session, judge)
        nothing = judgements.tally(session, judge, judging)
    assert (nothing.verdicts, nothing.wanted, nothing.tries, nothing.summary.rate) == (0, 6, 0, None)
    job = queued(database, judging)
    said = given(database, judge, judging, *[Reading(Choice.FIRST, scores=(9, 7))] * 4)
    with database.transaction() as session:
        judgings.store(session, judge, said, job_id=job.id, now=NOW)
        found = judgements.tally(session, judge, judging)
    said_whole = found.summary
    assert (said_whole.candidate, said_whole.tie, said_whole.baseline, said_whole.unparsed) == (0, 1, 0, 0)
    assert (said_whole.waiting, found.verdicts) == (2, 4)
