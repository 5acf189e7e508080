"""Verdicts that were given elsewhere: Vicuna's real reviews; rows as MT-bench's and AlpacaEval's tools write them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.db.judges import Judge, Verdict
from backend.db.session import Database
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Unread
from backend.domain.judging.summary import Summary
from backend.errors import AppError, Conflict, Invalid
from backend.services.judging import judge_reports, published
from backend.services.judging.published import Imported, Read, Wish
from backend.services.studies import imports
from backend.services.studies.files import Source
from tests import factories
from tests.factories import BASELINE, CANDIDATE, NOW

WISH = Wish(name="gpt-4", candidate=CANDIDATE, baseline=BASELINE)
SYSTEMS = ("gpt35", "llama-13b", "alpaca-13b", "vicuna-13b")
MATH = ["68", "69", "70"]
Write = Callable[..., list[Source]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(rows: Sequence[Mapping[str, object]], name: str = "verdicts.jsonl") -> list[Source]:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return [Source(path, None, name)]

    return writing


@pytest.fixture
def study(database: Database) -> int:
    """Three prompts, p1 to p3, “Question 1?” and so on."""
    with database.transaction() as session:
        return factories.study(session).id


@pytest.fixture
def vicuna80(database: Database, shared_data: Path) -> Database:
    """Study 1: Vicuna's questions with the answers of four systems, imported as anybody would."""
    folder = shared_data / "vicuna80"
    inspected = imports.inspect(
        [Source(folder / "answer" / f"answer_{name}.jsonl", name, f"answer_{name}.jsonl") for name in SYSTEMS],
        prompts=Source(folder / "question.jsonl", None, "question.jsonl"),
        baseline="vicuna-13b",
    )
    with database.transaction() as session:
        assert imports.store(session, inspected, name="v", settings=factories.settings(), now=NOW).id == 1
    return database


def bring(database: Database, sources: list[Source], wish: Wish = WISH) -> Imported:
    with database.transaction() as session:
        return published.import_verdicts(session, 1, sources, wish, now=NOW)


def refused(database: Database, sources: list[Source], wish: Wish = WISH) -> str:
    """The sentence with which it is refused; nothing of it is stored."""
    with pytest.raises(AppError) as caught:
        bring(database, sources, wish)
    return str(caught.value)


def reviews(shared_data: Path, name: str) -> list[Source]:
    file = f"review_{name}_vicuna-13b.jsonl"
    return [Source(shared_data / "vicuna80" / "review" / file, None, file)]


def summary(database: Database, name: str, candidate: str) -> Summary:
    with database.reading() as session:
        found = judge_reports.reports(session, 1, name=name)
    return next(one.tally.summary for one in found if one.candidate == candidate)


def counts(found: Summary) -> tuple[int, int, int, int]:
    return found.candidate, found.tie, found.baseline, found.unparsed


@pytest.mark.parametrize(
    ("name", "stored", "means", "read"),
    [
        ("gpt35", (44, 22, 14, 0), (8.6625, 7.975), (41, 22, 14, 3)),
        ("llama-13b", (3, 0, 77, 0), (6.4125, 8.675), (2, 0, 75, 3)),
        ("alpaca-13b", (3, 1, 76, 0), (7.2875, 8.8), (3, 1, 73, 3)),
    ],
)
def test_vicuna_s_reviews_by_their_stored_scores_and_by_their_replies(
    vicuna80: Database,
    shared_data: Path,
    name: str,
    stored: tuple[int, int, int, int],
    means: tuple[float, float],
    read: tuple[int, int, int, int],
) -> None:
    wish = Wish(name="stored", candidate=name, baseline="vicuna-13b")
    found = bring(vicuna80, reviews(shared_data, name), wish)
    assert (found.read, found.added, found.compared, found.left_out) == (Read.STORED, 80, 80, {})
    assert [one.key for one in found.disagreeing] == MATH
    by_scores = summary(vicuna80, "stored", name)
    assert counts(by_scores) == stored
    assert by_scores.scores is not None
    assert (by_scores.scores.candidate, by_scores.scores.baseline) == pytest.approx(means)

    bring(vicuna80, reviews(shared_data, name), replace(wish, name="replies", read=Read.REPLIES))
    by_replies = summary(vicuna80, "replies", name)
    assert counts(by_replies) == read
    assert [(one.key, one.why) for one in by_replies.unread] == [(key, Unread.ELSEWHERE) for key in MATH]


def test_answers_say_who_stood_first_and_that_these_were_judged(vicuna80: Database, shared_data: Path) -> None:
    answers = [
        Source(shared_data / "vicuna80" / "answer" / f"answer_{name}.jsonl", None, f"answer_{name}.jsonl")
        for name in SYSTEMS
    ]
    sources = [replace(reviews(shared_data, "gpt35")[0], label="reviews.jsonl")]
    wish = Wish(name="gpt-4", candidate="gpt35", baseline="vicuna-13b")
    assert "nothing says which system stood first" in refused(vicuna80, sources, wish)
    found = bring(vicuna80, sources, replace(wish, answers=answers))
    assert (found.judge.orders, found.judge.rule, found.judge.model) == (
        Orders.CANDIDATE_FIRST,
        Rule.MEAN_SCORE,
        "gpt-4-0328",
    )
    assert not found.notes
    other = replace(wish, candidate="llama-13b", answers=answers)
    assert "line 1: at prompt 1 the judge saw another text of gpt-3.5-turbo" in refused(vicuna80, sources, other)
    assert "the judge saw another text" in refused(vicuna80, sources, replace(other, first="llama-13b"))


def test_one_judge_may_have_compared_several_systems(vicuna80: Database, shared_data: Path) -> None:
    for name in SYSTEMS[:3]:
        bring(vicuna80, reviews(shared_data, name), Wish(name="gpt-4", candidate=name, baseline="vicuna-13b"))
    with vicuna80.reading() as session:
        assert [one.candidate for one in judge_reports.reports(session, 1)] == list(SYSTEMS[:3])
        assert session.scalar(select(func.count()).select_from(Judge)) == 1


def review(number: int, *scores: float, text: str = "", **changes: object) -> dict[str, object]:
    said = text or f"{scores[0]:g} {scores[1]:g}\nSo."
    row = {"question_id": f"p{number}", "answer1_id": "a", "answer2_id": "b", "text": said, "score": list(scores)}
    return {**row, "reviewer_id": "gpt-4-general", **changes}


def game(number: int, one: str, two: str, **changes: object) -> dict[str, object]:
    judgment = {"model_1": ("[[A]]", "[[B]]"), "model_2": ("[[B]]", "[[A]]"), "tie": ("[[C]]", "[[C]]")}
    return {
        "question_id": f"p{number}",
        "model_1": CANDIDATE,
        "model_2": BASELINE,
        "g1_winner": one,
        "g2_winner": two,
        "judge": ["gpt-4", "pair-v2"],
        "g1_judgment": judgment[one][0],
        "g2_judgment": judgment[two][1],
        "turn": 1,
        "tstamp": 1687222830.5,
    } | changes


def annotation(number: int, preference: float | None, **changes: object) -> dict[str, object]:
    return {
        "instruction": f"Question {number}?",
        "output_1": f"A sober answer to number {number}.",
        "generator_1": BASELINE,
        "output_2": f"A lively answer to number {number}!",
        "generator_2": CANDIDATE,
        "annotator": "weighted_alpaca_eval_gpt4_turbo",
        "preference": preference,
    } | changes


def test_the_same_file_again_adds_nothing_and_another_verdict_is_refused(
    database: Database, study: int, write: Write
) -> None:
    wish = replace(WISH, first=CANDIDATE)
    first = bring(database, write([review(1, 9, 8), review(2, 8, 8)]), wish)
    again = bring(database, write([review(1, 9, 8), review(2, 8, 8), review(3, 7, 8)]), wish)
    assert ((first.added, first.already), (again.added, again.already)) == ((2, 0), (1, 2))
    with pytest.raises(Conflict, match="has another verdict than gpt-4 has already"):
        bring(database, write([review(1, 8, 9)]), wish)
    assert "is another judge, by its serving" in refused(
        database, write([review(1, 9, 8)]), replace(wish, read=Read.REPLIES)
    )


def test_a_bad_row_names_file_and_line_and_nothing_is_stored(database: Database, study: int, write: Write) -> None:
    wish = replace(WISH, first=CANDIDATE)
    rows = [review(1, 9, 8), review(2, 9, 8, score=[9])]
    assert refused(database, write(rows), wish).startswith("verdicts.jsonl, line 2: this row needs a score")
    twice = [review(1, 9, 8), review(1, 8, 9)]
    assert "verdicts.jsonl has a second verdict" in refused(database, write(twice), wish)
    missing = [review(1, 9, 8), review(2, 9, 8, score=None)]
    assert "line 2: this row has no stored scores" in refused(database, write(missing), replace(wish, read=Read.STORED))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Verdict)) == 0
        assert session.scalar(select(func.count()).select_from(Judge)) == 0


def test_rows_without_scores_are_read_by_their_replies(database: Database, study: int, write: Write) -> None:
    rows = [review(1, 9, 8, score=None), review(2, 0, 0, score=None, text="Let me solve it first.\n9 8")]
    found = bring(database, write(rows, f"review_{BASELINE}_{CANDIDATE}.jsonl"))
    assert (found.read, found.judge.orders, found.compared) == (Read.REPLIES, Orders.BASELINE_FIRST, 0)
    assert counts(summary(database, "gpt-4", CANDIDATE)) == (0, 0, 1, 1)


def test_orders_that_differ_from_prompt_to_prompt_are_refused(database: Database, study: int, write: Write) -> None:
    sources = [
        *write([review(1, 9, 8)], f"review_{BASELINE}_{CANDIDATE}.jsonl"),
        *write([review(2, 9, 8)], f"review_{CANDIDATE}_{BASELINE}.jsonl"),
    ]
    assert "saw the candidate first at some prompts" in refused(database, sources)
    both = write([review(2, 9, 8)], f"review_{BASELINE}_{CANDIDATE}.jsonl")
    assert bring(database, [*both, sources[1]]).judge.orders == Orders.BOTH


def test_both_games_of_mt_bench_are_verdicts_in_both_orders(database: Database, study: int, write: Write) -> None:
    rows = [game(1, "model_1", "model_1"), game(2, "model_1", "model_2"), game(3, "model_2", "model_2")]
    found = bring(database, write([*rows, game(9, "tie", "tie"), game(1, "tie", "tie", turn=2)]))
    assert (found.found, found.added, found.compared, found.disagreeing) == (10, 6, 6, ())
    assert found.left_out == {
        "of a prompt that is not in the study": 2,
        "of a second turn, which the study does not have": 2,
    }
    assert (found.judge.orders, found.judge.template) == (Orders.BOTH, "mtbench-pair-v2")
    said = summary(database, "gpt-4", CANDIDATE)
    assert counts(said) == (1, 1, 1, 0)
    with database.reading() as session:
        moments = set(session.scalars(select(Verdict.given_at)))
    assert [moment.year for moment in moments if moment] == [2023]


def test_mt_bench_s_question_must_hold_the_study_s_outputs(database: Database, study: int, write: Write) -> None:
    asked = "A lively answer to number 1! A sober answer to number 1."
    good = game(1, "tie", "tie", g1_user_prompt=asked, g2_user_prompt=asked)
    assert "line 1: at prompt p1 the judge saw another text" in refused(
        database, write([{**good, "g2_user_prompt": "A lively answer to number 2!"}])
    )
    found = bring(database, write([{**good, "judge": ["gpt-4", "pair-math-v1"]}]))
    assert found.notes == ("2 were asked for with pair-math-v1, which Assay does not keep",)


def test_other_systems_and_other_judges_are_left_out_by_name(database: Database, study: int, write: Write) -> None:
    rows = [
        game(1, "model_1", "model_1", model_1="vicuna-13b-v1.3"),
        game(2, "model_1", "model_1", model_2="alpaca-13b"),
        game(3, "model_1", "model_1", judge=["claude", "pair-v2"], model_1="vicuna-13b-v1.3"),
    ]
    wish = replace(WISH, names={"vicuna-13b-v1.3": CANDIDATE})
    assert "hold verdicts of claude, gpt-4; choose one" in refused(database, write(rows), wish)
    found = bring(database, write(rows), replace(wish, model="gpt-4"))
    assert (found.added, found.left_out) == (2, {"of other systems": 2, "of the judge claude": 2})
    assert "No verdict of these files is of" in refused(database, write(rows[1:2]))
    assert "has no system 'mine'" in refused(database, write(rows), replace(WISH, candidate="mine"))


def test_alpaca_eval_s_chances_are_averaged_and_its_order_is_not_known(
    database: Database, study: int, write: Write
) -> None:
    rows = [annotation(1, 1.75), annotation(2, 1.25), annotation(3, None)]
    found = bring(database, write(rows))
    assert (found.judge.orders, found.judge.rule, found.judge.template) == (
        Orders.BASELINE_FIRST,
        Rule.PROB_MEAN,
        "alpaca",
    )
    assert "does not write down which output its judge saw first" in found.notes[0]
    said = summary(database, "gpt-4", CANDIDATE)
    assert counts(said) == (1, 0, 1, 1)
    assert said.rate is not None
    assert said.rate.interval.mean == pytest.approx(0.5)
    assert "its replies can't be read again" in refused(
        database, write(rows), replace(WISH, name="again", read=Read.REPLIES)
    )


def test_alpaca_eval_s_verdicts_of_an_unknown_annotator_keep_its_name(
    database: Database, study: int, write: Write
) -> None:
    found = bring(database, write([annotation(1, 2, annotator="house"), annotation(2, 0, annotator="house")]))
    assert (found.judge.template, found.judge.templates, found.judge.rule) == ("house", [], Rule.AGREE_ELSE_TIE)
    with database.reading() as session:
        (report,) = judge_reports.reports(session, 1)
    assert (counts(report.tally.summary), report.doubts) == ((1, 1, 0, 0), None)


def test_a_verdict_on_another_text_is_none_on_this_one(database: Database, study: int, write: Write) -> None:
    rows = [annotation(1, 1), annotation(2, 1, output_1="Another answer.")]
    assert f"line 2: at prompt p2 the judge saw another text of {BASELINE}" in refused(database, write(rows))


def test_a_rule_needs_what_it_counts(database: Database, study: int, write: Write) -> None:
    with pytest.raises(Invalid, match="needs chances"):
        bring(database, write([game(1, "tie", "tie")]), replace(WISH, rule=Rule.PROB_MEAN))
