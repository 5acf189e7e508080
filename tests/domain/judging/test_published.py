"""Rows of other people's verdicts, each format as its authors' tool writes it."""

from datetime import UTC, datetime

import pytest

from backend.domain.choices import Choice
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.published import Format, Published, published, recognised
from backend.domain.records import Json, Row

REVIEW: dict[str, Json] = {
    "question_id": 1,
    "answer1_id": "a",
    "answer2_id": "b",
    "text": "9 8.5\nBoth.",
    "score": [9.0, 8.5],
    "reviewer_id": "gpt-4-0328-math",
}
GAMES: dict[str, Json] = {
    "question_id": 81,
    "model_1": "mine",
    "model_2": "theirs",
    "g1_winner": "model_1",
    "g2_winner": "tie",
    "judge": ["gpt-4", "pair-v2"],
    "g1_user_prompt": "asked",
    "g1_judgment": "[[A]]",
    "g2_judgment": "[[C]]",
    "turn": 1,
    "tstamp": 1687222830.0,
}
ANNOTATION: dict[str, Json] = {
    "instruction": "Why?",
    "output_1": "So.",
    "generator_1": "theirs",
    "output_2": "",
    "generator_2": "mine",
    "annotator": "weighted_alpaca_eval_gpt4_turbo",
    "preference": 1.25,
    "raw_completion": {"finish_reason": "length"},
}


def rows(form: Format, fields: dict[str, Json], **changes: Json) -> tuple[Published, ...]:
    return published(Row(7, {**fields, **changes}), form)


def test_every_format_is_known_by_its_fields() -> None:
    assert [recognised(one) for one in (REVIEW, GAMES, ANNOTATION)] == [*Format]
    with pytest.raises(ValueError, match=r"is a verdict of no known format .* its fields are id, vote"):
        recognised({"id": 1, "vote": 2})


def test_a_review_keeps_its_scores_and_names_vicuna_s_template() -> None:
    (one,) = rows(Format.VICUNA, REVIEW)
    assert (one.prompt, one.first.name, one.second.name, one.raw) == ("1", "a", "b", "9 8.5\nBoth.")
    assert one.stored == Reading(Choice.FIRST, scores=(9.0, 8.5))
    assert (one.judge, one.template, one.by_answer) == ("gpt-4-0328", "vicuna-math", True)


@pytest.mark.parametrize(
    ("score", "text", "expected"),
    [
        ([8, 9], "", Reading(Choice.SECOND, scores=(8.0, 9.0))),
        ([8, 8], "", Reading(Choice.TIE, scores=(8.0, 8.0))),
        ([-1, -1], "So I say 9 8, both.\n9 8\n", Reading(None, Unread.ELSEWHERE)),
        ([-1, -1], "9 8\nRead now.", Reading(None, Unread.FORMAT)),
        (None, "9 8", None),
    ],
)
def test_scores_of_minus_one_are_unread(score: Json, text: str, expected: Reading | None) -> None:
    (one,) = rows(Format.VICUNA, REVIEW, score=score, text=text)
    assert one.stored == expected


def test_a_reviewer_of_another_name_is_kept_whole() -> None:
    (one,) = rows(Format.VICUNA, REVIEW, reviewer_id="claude-2")
    assert (one.judge, one.template) == ("claude-2", "")


def test_a_row_of_mt_bench_is_two_games_with_the_sides_exchanged() -> None:
    one, two = rows(Format.MT_BENCH, GAMES)
    assert (one.first.name, one.second.name, one.stored) == ("mine", "theirs", Reading(Choice.FIRST, strength=1))
    assert (two.first.name, two.second.name, two.stored) == ("theirs", "mine", Reading(Choice.TIE, strength=0))
    assert (one.judge, one.template, one.asked, two.asked) == ("gpt-4", "pair-v2", "asked", None)
    assert one.given_at == datetime(2023, 6, 20, 1, 0, 30, tzinfo=UTC)


def test_a_winner_of_the_second_game_is_turned_back_to_what_was_shown() -> None:
    one, two = rows(Format.MT_BENCH, GAMES, g1_winner="error", g2_winner="model_1", tstamp=None, judge="gpt-4")
    assert (one.stored, one.given_at, one.judge) == (Reading(None, Unread.FORMAT), None, "gpt-4")
    assert two.stored == Reading(Choice.SECOND, strength=1)


@pytest.mark.parametrize(
    ("preference", "expected"),
    [
        (1, Reading(Choice.FIRST, probability=1.0)),
        (2.0, Reading(Choice.SECOND, probability=0.0)),
        (1.25, Reading(Choice.FIRST, probability=0.75)),
        (1.5, Reading(Choice.TIE, probability=0.5)),
        (0, Reading(Choice.TIE, probability=0.5)),
        (None, Reading(None, Unread.FORMAT)),
        (float("nan"), Reading(None, Unread.FORMAT)),
    ],
)
def test_alpaca_eval_s_preference_is_a_choice_and_a_chance(preference: Json, expected: Reading) -> None:
    (one,) = rows(Format.ALPACA_EVAL, ANNOTATION, preference=preference)
    assert one.stored == expected


def test_an_annotation_holds_its_texts() -> None:
    (one,) = rows(Format.ALPACA_EVAL, ANNOTATION)
    assert (one.prompt, one.is_text, one.first.text, one.second.text) == ("Why?", True, "So.", "")
    assert (one.raw, one.template) == ('{"finish_reason": "length"}', "weighted_alpaca_eval_gpt4_turbo")
    (bare,) = rows(Format.ALPACA_EVAL, ANNOTATION, raw_completion=None, generator_1=None)
    assert (bare.raw, bare.first.name) == ("", "output_1")
    (said,) = rows(Format.ALPACA_EVAL, ANNOTATION, raw_completion="m")
    assert said.raw == "m"


@pytest.mark.parametrize(
    ("form", "fields", "changes", "says"),
    [
        (Format.VICUNA, GAMES, {}, "has no answer1_id, answer2_id, text, which vicuna files have"),
        (Format.VICUNA, REVIEW, {"score": [9]}, "needs a score of two numbers"),
        (Format.VICUNA, REVIEW, {"score": [9, "8"]}, "has score '8'; it must be a number"),
        (Format.VICUNA, REVIEW, {"question_id": " "}, "needs question_id, a text"),
        (Format.VICUNA, REVIEW, {"text": None}, "needs text, a text"),
        (Format.MT_BENCH, GAMES, {"g1_winner": "A"}, "has the winner 'A'; it must be model_1, model_2, tie or error"),
        (Format.MT_BENCH, GAMES, {"m1_score": 8}, "grades each answer alone"),
        (Format.MT_BENCH, GAMES, {"tstamp": 1e30}, "which is no moment"),
        (Format.ALPACA_EVAL, ANNOTATION, {"preference": 3}, "has the preference 3; it must be between 1 .* and 2"),
        (Format.ALPACA_EVAL, ANNOTATION, {"preference": True}, "has preference True; it must be a number"),
    ],
)
def test_a_row_that_says_no_verdict_is_refused_in_words(
    form: Format, fields: dict[str, Json], changes: dict[str, Json], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        rows(form, fields, **changes)
