"""A rater's way to the task: which step comes next, what an exercise may hold, how a test is scored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.journey import (
    NO_JOURNEY,
    Exercise,
    Journey,
    Passed,
    Reply,
    Step,
    exercise,
    exercises,
    journey,
    next_exercise,
    next_step,
)
from backend.domain.records import Json, Row, RowProblem, Turn
from tests import factories
from tests.ways import JOURNEY, TEST, TRAINING

WHOLE = journey(JOURNEY)
KNOWN: dict[str, Json] = {"prompt": "Why?", "better": "Because.", "worse": "No.", "explanation": "It answers."}
WRITTEN: dict[str, Json] = {"prompt": "Why?", "first": "Nee.", "second": "Ja.", "right": "cant_judge"}


@pytest.mark.parametrize(
    ("behind", "step"),
    [
        (Passed(), Step.CONSENT),
        (Passed(agreed=False), Step.NO_CONSENT),
        (Passed(agreed=True), Step.TRAINING),
        (Passed(agreed=True, practised={0}), Step.TRAINING),
        (Passed(agreed=True, practised={0, 1}), Step.TEST),
        (Passed(agreed=True, practised={0, 1}, passed=False), Step.SCREENED_OUT),
        (Passed(agreed=True, practised={0, 1}, passed=True), Step.TASK),
    ],
)
def test_the_next_step_is_the_first_that_is_not_behind(behind: Passed, step: Step) -> None:
    assert next_step(WHOLE, behind) == step


def test_without_a_journey_there_is_only_the_task() -> None:
    assert next_step(NO_JOURNEY, Passed()) == Step.TASK


@given(st.sets(st.integers(0, 1)), st.sampled_from([None, True, False]), st.sampled_from([None, True, False]))
def test_nobody_reaches_the_task_who_has_not_passed_everything(
    practised: set[int], agreed: bool | None, passed: bool | None
) -> None:
    there = next_step(WHOLE, Passed(agreed, practised, passed)) == Step.TASK
    assert there == (agreed is True and practised == {0, 1} and passed is True)


def test_the_training_goes_on_at_the_first_exercise_without_a_reply() -> None:
    found = [next_exercise(WHOLE, Passed(practised=done)) for done in (set(), {0}, {1}, {0, 1})]
    assert found == [0, 1, 0, None]


def test_a_test_is_scored_by_its_right_replies() -> None:
    pairs = [(Reply.SECOND, Reply.FIRST), (Reply.FIRST, Reply.FIRST), (Reply.TIE, Reply.CANT_JUDGE)]
    assert [WHOLE.score(replies) for replies in pairs] == [2, 1, 0]


def test_both_bad_answers_a_tie_as_it_does_in_results() -> None:
    tie = exercise(TRAINING[1])
    assert [tie.is_right(reply) for reply in Reply] == [False, False, True, True, False]


def test_that_it_cannot_be_judged_can_be_the_right_reply() -> None:
    assert exercise({**TRAINING[0], "right": "cant_judge"}).is_right(Reply.CANT_JUDGE)


def test_a_dialogue_can_stand_instead_of_a_prompt() -> None:
    turns = [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello"}, {"role": "user", "text": "Why?"}]
    plain = {name: value for name, value in TRAINING[0].items() if name != "prompt"}
    assert exercise({**plain, "dialogue": turns}).dialogue[-1] == Turn("user", "Why?")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"consents": "yes"}, "unknown key of the journey consents"),
        ({"consent": " "}, "consent must be a text"),
        ({"training": [{"prompt": "Why?"}]}, "first must be a text"),
        ({"training": [{**TRAINING[0], "dialogue": []}]}, "a prompt, or a dialogue instead"),
        ({"training": [{**TRAINING[0], "answer": "x"}]}, "unknown key of an exercise answer"),
        ({"training": [{**TRAINING[0], "right": "third"}]}, "right must be one of"),
        ({"training": [{**TRAINING[0], "right": "both_bad"}]}, "can't be both_bad"),
        ({"training": TRAINING * 21}, "at most 40 exercises"),
        ({"pass_mark": 0}, "between 1 and 2, not 0"),
        ({"pass_mark": 3}, "between 1 and 2, not 3"),
        ({"test": []}, "a pass mark, but no test"),
    ],
)
def test_a_journey_that_makes_no_sense_is_refused_by_its_key(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        journey({**JOURNEY, **changes})


def test_a_journey_is_part_of_what_a_launch_freezes_and_survives_json() -> None:
    plain = factories.settings()
    declared = plain.but(journey=JOURNEY)
    assert declared.but() == declared
    assert declared.journey == WHOLE
    assert declared.content_hash != plain.content_hash
    assert plain.but(journey={}).content_hash == plain.content_hash
    assert "journey" not in plain.to_json()


def test_a_study_without_a_tie_has_no_exercise_that_expects_one() -> None:
    two = [{"choice": "first", "label": "1"}, {"choice": "second", "label": "2"}]
    with pytest.raises(ValueError, match="expects a tie, but the options offer raters none"):
        factories.settings(options=two, journey={"training": TRAINING})
    bad = [*two, {"choice": "both_bad", "label": "Neither"}]
    assert factories.settings(options=bad, journey={"training": TRAINING}).journey.training[1].right == Reply.TIE


def test_gold_comparisons_become_exercises_with_half_of_the_better_ones_first() -> None:
    made = exercises([Row(number, KNOWN) for number in range(10)], seed=7)
    assert sum(one.right == Reply.FIRST for one in made) == 5
    assert {one.first if one.right == Reply.FIRST else one.second for one in made} == {"Because."}
    assert made[0].explanation == "It answers."
    assert made == exercises([Row(number, KNOWN) for number in range(10)], seed=7)
    assert made != exercises([Row(number, KNOWN) for number in range(10)], seed=8)


def test_a_row_can_say_itself_what_stands_first_and_what_is_right() -> None:
    assert exercises([Row(1, WRITTEN)], seed=1) == (Exercise((Turn("user", "Why?"),), "Nee.", "Ja.", Reply.CANT_JUDGE),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**KNOWN, "explanation": 3}, "explanation that is not text"),
        ({**WRITTEN, "right": "both_bad"}, "'both_bad' as right"),
        ({**WRITTEN, "right": [1]}, "must be first, second, tie or cant_judge"),
        ({**WRITTEN, "prompt": ""}, "has no prompt"),
        ({"prompt": "Why?", "right": "first"}, "has no first output"),
    ],
)
def test_a_row_that_is_no_exercise_says_why(fields: dict[str, Json], message: str) -> None:
    with pytest.raises(RowProblem, match=message):
        exercises([Row(1, fields)], seed=1)


def test_a_journey_lists_its_exercises_training_first() -> None:
    assert len(Journey(training=WHOLE.training).exercises) == 2
    assert [one.dialogue[0].text for one in WHOLE.exercises[2:]] == [row["prompt"] for row in TEST]
