"""How a foreign file may be read: made-up exports in the shapes that people have, and what is proposed for each."""

import json

import pytest

from backend.domain.foreign.recognition import known
from backend.domain.foreign.sheet import in_order
from backend.domain.foreign.submissions import submissions
from backend.domain.mapping import Meaning, OrderBy, PromptBy, Shown
from tests import exports
from tests.domain.foreign.study import BASE, CAND, NUMBERS, RATERS, THIRD, proposed, study, text_of

AB = {"A": Meaning.FIRST, "B": Meaning.SECOND, "equal": Meaning.TIE}
SAID = dict(zip(RATERS, AB, strict=True))


def pair(number: int) -> tuple[str, str]:
    """(first, second): systems in one order on odd prompts, and in the other on even ones."""
    return (BASE, CAND) if number % 2 else (CAND, BASE)


def answers(**columns: object) -> list[dict[str, str]]:
    """A row for each rater and prompt. A column is a text, or a function of the prompt's number and the rater."""
    return exports.mturk(
        {"WorkerId": rater}
        | {name: column if isinstance(column, str) else column(number, rater) for name, column in columns.items()}
        for number in NUMBERS
        for rater in RATERS
    )


ID = {"Input.prompt_id": lambda number, _: str(number)}
SYSTEMS = {"Input.model_a": lambda number, _: pair(number)[0], "Input.model_b": lambda number, _: pair(number)[1]}
CHOICE = {"Answer.choice": lambda _, rater: SAID[rater]}


def test_what_mechanical_turk_always_says_is_found() -> None:
    mapping = proposed(answers(**ID, **SYSTEMS, **CHOICE)).mapping
    assert (mapping.rater, mapping.seconds, mapping.assignment) == ("WorkerId", "WorkTimeInSeconds", "AssignmentId")
    assert (mapping.status, mapping.counted) == ("AssignmentStatus", ("Approved",))


def test_radios_beside_the_names_of_systems() -> None:
    found = proposed(answers(**ID, **SYSTEMS, **CHOICE, **{"Answer.comment": "nothing to add"}))
    mapping = found.mapping
    assert (mapping.prompt, mapping.prompt_by) == ("Input.prompt_id", PromptBy.ID)
    assert (mapping.order, mapping.first, mapping.second) == (OrderBy.SYSTEMS, "Input.model_a", "Input.model_b")
    assert (mapping.choice, mapping.meanings) == ("Answer.choice", AB)
    assert mapping.systems == {BASE: BASE, CAND: CAND}
    assert (mapping.lacks, found.unsure) == ([], ())


def test_every_part_says_why_and_shows_examples() -> None:
    parts = {part.name: part for part in proposed(answers(**ID, **SYSTEMS, **CHOICE)).parts}
    assert parts["Rater"].examples == RATERS
    assert parts["Prompt"].reason == "100% of its values are ids of this batch’s prompts"
    assert parts["Choice"].examples == ("A ×4", "B ×4", "equal ×4")
    assert parts["Status"].examples == ("Approved ×12",)
    assert all(part.reason for part in parts.values())


def test_texts_as_they_were_shown_tell_the_order_whatever_html_did_to_them() -> None:
    shown = {
        "Input.output2": lambda number, _: text_of(pair(number)[1], number).replace("\n", "\r\n  "),
        "Input.output1": lambda number, _: text_of(pair(number)[0], number).replace("\n", "<br>").replace("&", "&amp;"),
        "Input.question": lambda number, _: f" Question {number}?\r\n",
    }
    mapping = proposed(answers(**shown, **CHOICE)).mapping
    assert (mapping.prompt, mapping.prompt_by) == ("Input.question", PromptBy.TEXT)
    assert (mapping.order, mapping.first, mapping.second) == (OrderBy.OUTPUTS, "Input.output1", "Input.output2")


def test_a_text_of_the_prompt_is_worth_more_than_a_number_that_could_be_its_id() -> None:
    columns = {
        "Input.index": lambda number, _: str(number % 4 + 1),
        "Input.prompt": lambda number, _: f"Question {number}?",
    }
    mapping = proposed(answers(**columns, **SYSTEMS, **CHOICE)).mapping
    assert (mapping.prompt, mapping.prompt_by) == ("Input.prompt", PromptBy.TEXT)


def test_a_choice_that_is_spread_over_columns_of_true_and_false() -> None:
    spread = {f"Answer.choice.{value}": lambda _, rater, value=value: str(SAID[rater] == value).lower() for value in AB}
    found = proposed(answers(**ID, **SYSTEMS, **spread, **{"Answer.consent.yes": "true", "Answer.adult": "true"}))
    assert (found.mapping.choice, found.mapping.meanings) == ("Answer.choice.*", AB)


def test_answers_in_one_cell_of_json_are_columns_too() -> None:
    def cell(_: int, rater: str) -> str:
        said = {
            name: {"on": SAID[rater] == value} for name, value in {"first": "A", "second": "B", "tie": "equal"}.items()
        }
        return json.dumps([said | {"comment": None}])

    found = proposed(answers(**ID, **SYSTEMS, **{"Answer.taskAnswers": cell})).mapping
    assert found.choice == "Answer.*.on"
    assert found.meanings == {"first": Meaning.FIRST, "second": Meaning.SECOND, "tie": Meaning.TIE}


def test_a_name_that_is_preferred_needs_no_order() -> None:
    names = {
        "Answer.preferred_model": lambda _, rater: dict(zip(RATERS, (BASE, "Vicuna", "no preference"), strict=True))[
            rater
        ]
    }
    found = proposed(answers(**ID, **names))
    assert found.mapping.order == OrderBy.UNKNOWN
    assert found.mapping.meanings == {BASE: Meaning.SYSTEM, "Vicuna": Meaning.SYSTEM, "no preference": Meaning.TIE}
    assert found.mapping.systems == {BASE: BASE, "Vicuna": CAND}
    assert found.unsure == (
        "No column says what was shown first, so the order is unknown.",
        "That Vicuna is vicuna-13b is a guess from its name.",
    )


@pytest.mark.parametrize("beside", [True, False])
def test_a_column_that_says_flipped_is_an_order_and_only_a_guess(beside: bool) -> None:
    flipped = {"Answer.flipped": lambda number, _: "true" if number % 2 else "false"}
    found = proposed(answers(**ID, **(SYSTEMS if beside else {}), **flipped, **CHOICE))
    assert found.mapping.order == (OrderBy.SYSTEMS if beside else OrderBy.COLUMN)
    assert found.mapping.order_column == "Answer.flipped"
    assert found.mapping.orders == (
        {"true": Shown.REVERSED, "false": Shown.AS_LISTED}
        if beside
        else {"true": Shown.BASELINE_FIRST, "false": Shown.CANDIDATE_FIRST}
    )
    assert any("in Answer.flipped is a guess" in sentence for sentence in found.unsure)


def test_an_order_whose_values_say_nothing_is_no_order() -> None:
    assert proposed(answers(**ID, **CHOICE, **{"Input.order": "AB"})).mapping.order == OrderBy.UNKNOWN
    strange = {"Input.order": lambda number, _: "AB" if number == 1 else "swapped"}
    assert "What 'AB' in Input.order means is not known." in proposed(answers(**ID, **CHOICE, **strange)).unsure


def test_sides_without_an_order_are_said_to_need_one() -> None:
    found = proposed(answers(**ID, **CHOICE))
    assert found.mapping.choice == "Answer.choice"
    assert any(sentence.startswith("The choices are sides, so say what stood on which") for sentence in found.unsure)


@pytest.mark.parametrize(("column", "first"), [("Input.model_1", True), ("Input.right_system", False)])
def test_one_column_of_systems_is_enough_when_its_name_says_its_place(column: str, first: bool) -> None:
    found = proposed(answers(**ID, **CHOICE, **{column: lambda number, _: pair(number)[0]})).mapping
    assert found.order == OrderBy.SYSTEMS
    assert (found.first, found.second) == ((column, "") if first else ("", column))


def test_systems_under_other_names_are_asked_for() -> None:
    names = {"Input.model_a": "Model X", "Input.model_b": "Model Y"}
    found = proposed(answers(**ID, **CHOICE, **names))
    assert found.mapping.order == OrderBy.SYSTEMS
    assert found.mapping.systems == {"Model X": "", "Model Y": ""}
    assert found.unsure == (
        "No system of this batch is called 'Model X'.",
        "No system of this batch is called 'Model Y'.",
    )


def test_many_different_values_are_no_names_of_systems() -> None:
    rows = [{"rater": "a", "prompt": "1", "choice": "A", "model_a": f"{CAND}{number}"} for number in range(50)]
    assert proposed(rows).mapping.order == OrderBy.UNKNOWN


def test_a_column_names_the_candidate_where_there_are_several() -> None:
    candidate = {"Input.system": lambda number, _: (CAND, THIRD)[number % 2]}
    prefers = {
        "Answer.preference": lambda _, rater: dict(zip(RATERS, ("candidate", "baseline", "tie"), strict=True))[rater]
    }
    found = proposed(answers(**ID, **candidate, **prefers), study(CAND, THIRD)).mapping
    assert found.candidate == "Input.system"
    assert found.meanings["candidate"] == Meaning.CANDIDATE
    without = proposed(answers(**ID, **prefers), study(CAND, THIRD))
    assert f"No column names the candidate, and the batch has {CAND}, {THIRD}." in without.unsure


def test_names_that_are_preferred_can_tell_the_candidate_but_for_the_baseline() -> None:
    names = {"Answer.winner": lambda number, _: (CAND, THIRD, BASE, BASE)[number - 1]}
    found = proposed(answers(**ID, **names), study(CAND, THIRD))
    assert "No column names the candidate; rows that prefer the baseline can’t be placed." in found.unsure


def test_a_scale_is_no_choice_until_somebody_says_what_it_means() -> None:
    found = proposed(
        answers(**ID, **SYSTEMS, **{"Answer.rating": lambda number, rater: str((number + len(rater) * 7) % 5)})
    )
    assert found.mapping.lacks == ["what was chosen"]
    assert "No column holds choices that are understood; choose it, and say what its values mean." in found.unsure


def test_a_guess_and_a_strange_value_of_the_choice_are_told() -> None:
    found = proposed(answers(**ID, **SYSTEMS, **{"Answer.choice": lambda number, _: ("A", "B", "C", "A")[number - 1]}))
    assert found.unsure == ("That 'C' means tie is a guess.",)
    found = proposed(answers(**ID, **SYSTEMS, **{"Answer.choice": lambda number, _: ("A", "B", "D", "A")[number - 1]}))
    assert found.unsure == ("What the choice 'D' means is not known.",)


def test_a_file_about_something_else_has_neither_rater_nor_prompt_nor_choice() -> None:
    found = proposed([{"colour": "red", "size": "9"}, {"colour": "blue", "size": "7"}])
    assert found.mapping.lacks == ["who rated", "which prompt", "what was chosen"]
    assert found.unsure[:2] == (
        "No column is called as raters are; choose the one that names them.",
        "No column holds this batch’s prompts, neither their ids nor their texts.",
    )


def test_only_accepted_work_counts_and_an_unknown_status_is_asked_for() -> None:
    rows = [
        {**row, "AssignmentStatus": status}
        for row, status in zip(
            answers(**ID, **SYSTEMS, **CHOICE), ("Approved", "Submitted", "Rejected", "Odd"), strict=False
        )
    ]
    found = proposed(rows)
    assert found.mapping.counted == ("Approved", "Submitted")
    assert found.unsure == ("Whether rows whose status is 'Odd' count is for you to say; they are kept out.",)


def test_a_column_of_many_values_is_no_status() -> None:
    rows = [
        {"rater": f"r{number}", "status": f"feeling {number}", "prompt": "1", "choice": "A"} for number in range(20)
    ]
    assert proposed(rows).mapping.status == ""


def test_seconds_that_are_no_numbers_are_no_seconds() -> None:
    assert proposed([{"rater": "a", "prompt": "1", "choice": "A", "time": "noon"}]).mapping.seconds == ""


def test_a_panels_export_is_joined_on_the_session_or_the_rater() -> None:
    panel = submissions(
        "export.csv", exports.prolific(("s1", "ann", "AWAITING REVIEW", "60"), ("s2", "bob", "RETURNED", ""))
    )
    row = {"PROLIFIC_PID": "ann", "SESSION_ID": "s1", "prompt": "1", "choice": "tie"}
    found = proposed([row], panel=panel)
    assert (found.mapping.rater, found.mapping.session) == ("PROLIFIC_PID", "SESSION_ID")
    assert found.mapping.counted == ("AWAITING REVIEW",)
    assert found.mapping.share_time
    (part,) = (part for part in found.parts if part.name == "Submissions")
    assert part.reason == "joined on it with export.csv; a submission’s time is shared equally among its rows"
    timed = proposed([row | {"seconds": "7"}], panel=panel)
    assert (timed.mapping.seconds, timed.mapping.share_time) == ("seconds", False)


def test_our_own_words_are_understood_as_well() -> None:
    rows = [
        {"rater": "Ada", "prompt": "1", "candidate": CAND, "preference": "candidate", "order": "baseline first"},
        {"rater": "Ben", "prompt": "2", "candidate": CAND, "preference": "tie", "order": ""},
    ]
    mapping = proposed(rows).mapping
    assert (mapping.rater, mapping.prompt, mapping.candidate, mapping.choice) == (
        "rater",
        "prompt",
        "candidate",
        "preference",
    )
    assert (mapping.order, mapping.orders) == (OrderBy.COLUMN, {"baseline first": Shown.BASELINE_FIRST})


def test_prompts_of_one_text_can_only_be_told_by_their_ids() -> None:
    doubled = known(baseline=BASE, candidates=[CAND], prompts=[("p1", "Why?"), ("p2", "Why?")], outputs=[])
    assert proposed([{"rater": "a", "prompt": "Why?", "choice": "A"}], doubled).mapping.prompt == ""
    assert proposed([{"rater": "a", "prompt": "p1", "choice": "A"}], doubled).mapping.prompt == "prompt"


@pytest.mark.parametrize(
    ("columns", "ordered"),
    [
        (["Input.output2", "Input.output1"], ["Input.output1", "Input.output2"]),
        (["right_text", "leftText"], ["leftText", "right_text"]),
        (["output_1", "output_0"], ["output_0", "output_1"]),
        (["theirs", "ours"], ["theirs", "ours"]),
        (["model_a", "model_a_2"], ["model_a", "model_a_2"]),
    ],
)
def test_pairs_of_columns_stand_in_the_order_that_their_names_say(columns: list[str], ordered: list[str]) -> None:
    assert in_order(columns) == ordered
