"""Which field of a row is its id, its prompt and its output, whatever people call them."""

import pytest

from backend.domain.records import (
    Json,
    Record,
    Row,
    RowProblem,
    Turn,
    output_record,
    prompt_record,
    prompt_text,
    text_hash,
)

ASKED = (Turn("user", "Why?"),)
USER: Json = {"role": "user", "content": "Why?"}


def output_row(**fields: Json) -> Record:
    """The row on line 7 of an output file."""
    return output_record(Row(7, fields))


def prompt_row(**fields: Json) -> Record:
    """The row on line 7 of a prompts file."""
    return prompt_record(Row(7, fields))


@pytest.mark.parametrize("name", ["id", "question_id", "task_id", "key"])
def test_every_name_for_an_id_is_known(name: str) -> None:
    assert output_row(**{name: "a/1", "output": "Because."}).key == "a/1"


def test_the_names_for_an_id_win_in_their_order() -> None:
    assert output_row(key="d", task_id="c", question_id="b", id="a", output="x").key == "a"
    assert output_row(key="d", task_id="c", question_id="b", output="x").key == "b"


def test_a_number_and_its_digits_are_the_same_id() -> None:
    assert output_row(id=7, output="x").key == output_row(id=" 7 ", output="x").key == "7"


@pytest.mark.parametrize("unusable", [None, "", "  ", True])
def test_an_id_that_says_nothing_is_passed_over(unusable: Json) -> None:
    assert output_row(id=unusable, question_id=3, output="x").key == "3"


@pytest.mark.parametrize("name", ["prompt", "question", "text", "instruction", "messages"])
def test_every_name_for_a_prompt_is_known(name: str) -> None:
    value: Json = [USER] if name == "messages" else "Why?"
    record = output_row(**{name: value, "output": "Because."})
    assert (record.dialogue, record.output) == (ASKED, "Because.")
    assert prompt_row(**{name: value}).dialogue == ASKED


def test_the_names_for_a_prompt_win_in_their_order() -> None:
    assert prompt_row(text="b", question="a").dialogue == (Turn("user", "a"),)
    assert prompt_row(prompt="  ", question="a").dialogue == (Turn("user", "a"),)


def test_an_instruction_is_joined_with_its_input() -> None:
    record = prompt_row(instruction="Translate.", input="bonjour")
    assert record.dialogue == (Turn("user", "Translate.\n\nbonjour"),)


@pytest.mark.parametrize("given", ["", "  ", None])
def test_an_instruction_without_input_stands_alone(given: Json) -> None:
    assert prompt_row(instruction="Translate.", input=given).dialogue == (Turn("user", "Translate."),)


def test_an_input_belongs_to_an_instruction_only() -> None:
    assert prompt_row(prompt="Why?", input="ignored").dialogue == ASKED


@pytest.mark.parametrize("name", ["output", "response", "answer", "completion", "text"])
def test_every_name_for_an_output_is_known(name: str) -> None:
    record = output_row(**{"id": 1, name: "Because."})
    assert (record.output, record.dialogue) == ("Because.", None)


def test_a_text_beside_an_output_is_the_prompt() -> None:
    record = output_row(text="Why?", answer="Because.")
    assert (record.dialogue, record.output) == (ASKED, "Because.")


def test_a_text_that_is_the_output_is_no_prompt() -> None:
    record = output_row(question="Why?", text="Because.")
    assert (record.dialogue, record.output) == (ASKED, "Because.")


def test_the_first_turn_of_the_first_choice_is_the_output_and_the_rest_are_counted() -> None:
    record = output_row(question_id=81, choices=[{"index": 0, "turns": ["One.", "Two.", "Three."]}, {"turns": ["No."]}])
    assert (record.output, record.extra_turns) == ("One.", 2)


@pytest.mark.parametrize("choices", [None, [], "x", ["x"], [{}], [{"turns": []}], [{"turns": [1]}]])
def test_choices_without_turns_are_no_output(choices: Json) -> None:
    with pytest.raises(
        RowProblem, match=r"has no output; looked for output, .*, choices\[0\]\.turns; its fields are id"
    ):
        output_row(id=1, choices=choices)


def test_a_null_output_is_an_empty_one() -> None:
    assert output_row(id=1, output=None).output == ""


@pytest.mark.parametrize("name", ["model", "model_id", "generator"])
def test_every_name_for_a_system_is_known(name: str) -> None:
    assert output_row(**{"id": 1, "output": "x", name: " tiny-7b "}).system == "tiny-7b"


@pytest.mark.parametrize("unusable", [None, "", "  ", 7])
def test_a_row_may_not_say_its_system(unusable: Json) -> None:
    assert output_row(id=1, output="x", model=unusable).system is None


def test_a_category_is_kept() -> None:
    assert output_row(id=1, output="x", category="writing").category == "writing"
    assert prompt_row(prompt="Why?", category="writing").category == "writing"


def test_a_record_knows_its_line() -> None:
    assert (output_row(id=1, output="x").line, prompt_row(prompt="Why?").line) == (7, 7)


@pytest.mark.parametrize(
    ("role", "known_as"),
    [("user", "user"), ("human", "user"), ("prompter", "user"), ("assistant", "assistant"), ("gpt", "assistant")],
)
def test_the_roles_of_a_dialogue_go_by_many_names(role: str, known_as: str) -> None:
    dialogue = prompt_row(messages=[{"role": role, "content": "Hi."}, USER]).dialogue
    assert dialogue == (Turn(known_as, "Hi."), *ASKED)


def test_a_dialogue_may_open_with_the_systems_own_message() -> None:
    dialogue = prompt_row(messages=[{"role": "system", "content": "Be brief."}, USER]).dialogue
    assert dialogue == (Turn("system", "Be brief."), *ASKED)


def test_a_dialogue_may_say_from_and_value() -> None:
    assert prompt_row(prompt=[{"from": "human", "value": "Why?"}]).dialogue == ASKED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": 1}, "has no output; looked for output, response, answer, completion, text, choices[0].turns; "
                    "its fields are id"),
        ({}, "has no output; looked for output, response, answer, completion, text, choices[0].turns; "
             "its fields are none"),
        ({"output": "x"}, "has neither an id (id, question_id, task_id, key) nor a prompt "
                          "(prompt, instruction, question, text, messages); its fields are output"),
        ({"id": 1, "answer": {"a": 7}}, "has an output that is not text (answer)"),
        ({"id": 1, "output": ["x"]}, "has an output that is not text (output)"),
        ({"task_id": 1.5, "output": "x"}, "has an id that is neither text nor a whole number (task_id)"),
        ({"id": "a\0", "output": "x"}, "has a character that can't be stored, NUL or half a surrogate pair (id)"),
        ({"id": "k" * 501, "output": "x"}, "has a name of 501 characters (id); at most 500 can be stored"),
        ({"id": 1, "output": "x", "model": "\ud800"},
         "has a character that can't be stored, NUL or half a surrogate pair (model)"),
        ({"prompt": 7, "output": "x"}, "has a prompt that is neither text nor a list of messages (prompt)"),
        ({"messages": [], "output": "x"}, "has a prompt that is neither text nor a list of messages (messages)"),
        ({"messages": ["x"], "output": "x"}, "has a message without role and content (messages)"),
        ({"messages": [{"role": "user"}], "output": "x"}, "has a message without role and content (messages)"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}], "output": "x"},
         "has a dialogue whose last turn is not the user's (messages), so there is nothing to answer"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_says_why(fields: dict[str, Json], message: str) -> None:
    with pytest.raises(RowProblem) as problem:
        output_row(**fields)
    assert str(problem.value) == message


def test_a_prompts_row_without_a_prompt_says_what_is_looked_for() -> None:
    with pytest.raises(RowProblem) as problem:
        prompt_row(id=1, output="x")
    assert str(problem.value) == (
        "has no prompt (prompt, instruction, question, text, messages); its fields are id, output"
    )


def test_a_prompts_row_needs_no_id_and_holds_no_output() -> None:
    record = prompt_row(text="Why?")
    assert (record.key, record.output, record.dialogue) == (None, None, ASKED)


def test_a_single_turn_is_known_by_its_text_alone() -> None:
    assert prompt_text(ASKED) == "Why?"


def test_a_dialogue_is_known_by_every_turn_and_its_role() -> None:
    assert prompt_text((Turn("assistant", "Hi."), *ASKED)) == "assistant: Hi.\n\nuser: Why?"


@pytest.mark.parametrize("same", ["caf\u00e9\nau lait", "cafe\u0301\r\nau lait", "  caf\u00e9\nau lait\n\n"])
def test_line_ends_outer_space_and_composition_do_not_change_a_texts_hash(same: str) -> None:
    assert text_hash(same) == text_hash("caf\u00e9\nau lait")


@pytest.mark.parametrize(
    "other", ["Caf\u00e9\nau lait", "caf\u00e9 au lait", "caf\u00e9\n au lait", "cafe\nau lait", ""]
)
def test_anything_else_changes_a_texts_hash(other: str) -> None:
    assert text_hash(other) != text_hash("caf\u00e9\nau lait")


def test_half_a_surrogate_pair_can_be_hashed() -> None:
    assert len(text_hash("\ud800")) == 64


def test_a_null_output_gives_way_to_another_field_that_holds_one() -> None:
    assert output_record(Row(1, {"id": 1, "output": None, "response": "An answer."})).output == "An answer."


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (0.5, "0.5"), (True, "true"), (False, "false")])
def test_an_output_that_is_a_number_or_a_truth_is_its_json(value: Json, text: str) -> None:
    assert output_row(id=1, output=value).output == text


def test_a_blank_instruction_with_an_input_is_the_input() -> None:
    record = output_row(instruction=" ", input="Truthfulness", output="x")
    assert [turn.text for turn in record.dialogue] == ["Truthfulness"]
