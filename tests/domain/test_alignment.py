"""Which prompts can be compared, and what is reported of those that can't."""

import pytest

from backend.domain.alignment import Alignment, AlignmentError, align
from backend.domain.join_problems import KINDS, SHOWN_ROWS, in_words
from backend.domain.records import Json, Row, output_record, prompt_record
from backend.domain.row_facts import Facts, SystemFacts, facts, looks_truncated

LONG = "word " * 50


def system(name: str, *rows: dict[str, Json]) -> SystemFacts:
    """A system's file with these rows, one a line."""
    found = [facts(output_record(Row(line, row))) for line, row in enumerate(rows, start=1)]
    return SystemFacts(name, f"{name}.jsonl", found)


def asked(*rows: dict[str, Json]) -> tuple[str, list[Facts]]:
    """A prompts file with these rows."""
    return "prompts.jsonl", [facts(prompt_record(Row(line, row))) for line, row in enumerate(rows, start=1)]


def row(key: str | int, output: str | None = None, prompt: str | None = None) -> dict[str, Json]:
    """A row with an id and a prompt, both told from the key where they are not given."""
    answer = f"An answer to {key}." if output is None else output
    return {"id": key, "prompt": prompt or f"Prompt {key}?", "output": answer}


def unnamed(prompt: str, output: str = "An answer.") -> dict[str, Json]:
    """A row without an id."""
    return {"prompt": prompt, "output": output}


def noted(alignment: Alignment, kind: str) -> list[tuple[str, int, str]]:
    """(file, line, note) of every problem of a kind."""
    found = alignment.problems[kind]
    assert found.total == len(found.rows)
    return [(problem.file, problem.line, problem.note) for problem in found.rows]


def kinds(alignment: Alignment) -> dict[str, int]:
    """How often each kind of problem was found, where it was found at all."""
    return {kind: problems.total for kind, problems in alignment.problems.items() if problems.total}


def test_rows_join_on_their_id_in_any_order() -> None:
    found = align([system("new", row(1), row(2)), system("old", row("2"), row("1"))], None, baseline=None)
    assert found.joined_on == "id"
    assert [(prompt.key, dict(prompt.outputs)) for prompt in found.prompts] == [
        ("1", {"new": 1, "old": 2}),
        ("2", {"new": 2, "old": 1}),
    ]
    assert kinds(found) == {"identical": 2}


def test_rows_join_on_their_prompt_when_one_of_them_has_no_id() -> None:
    found = align([system("new", row(1, prompt="Why?")), system("old", unnamed(" Why?\r\n"))], None, baseline=None)
    assert found.joined_on == "prompt"
    assert [dict(prompt.outputs) for prompt in found.prompts] == [{"new": 1, "old": 1}]


def test_a_prompt_without_an_id_is_known_by_its_line() -> None:
    found = align([system("new", unnamed("A?"), unnamed("B?")), system("old", unnamed("B?"))], None, baseline=None)
    assert [prompt.key for prompt in found.prompts] == ["2"]


def test_prompts_without_an_id_that_come_from_different_files_have_different_keys() -> None:
    systems = [
        system("new", unnamed("A?"), unnamed("B?")),
        system("newer", unnamed("C?"), unnamed("A?")),
        system("old", unnamed("A?"), unnamed("B?"), unnamed("C?")),
    ]
    keys = [prompt.key for prompt in align(systems, None, baseline=None).prompts]
    assert len(keys) == len(set(keys)) == 3


def test_prompts_join_exactly_or_not_at_all() -> None:
    with pytest.raises(AlignmentError, match="No prompt was answered by the baseline and another system"):
        align([system("new", unnamed("Why?")), system("old", unnamed("why?"))], None, baseline=None)


def test_files_with_ids_on_one_side_and_prompts_on_the_other_cannot_be_joined() -> None:
    with pytest.raises(AlignmentError) as problem:
        align([system("new", {"id": 1, "output": "x"}), system("old", unnamed("Why?"))], None, baseline=None)
    assert str(problem.value) == (
        "The files can't be joined: old.jsonl, line 1, has no id, and new.jsonl, line 1, has no prompt. "
        "Give every row an id, or every row its prompt."
    )


def test_the_last_system_is_the_baseline_unless_another_is_named() -> None:
    systems = [system("new", row(1)), system("newer", row(1)), system("old", row(1))]
    assert align(systems, None, baseline=None).baseline == "old"
    assert align(systems, None, baseline="newer").baseline == "newer"
    assert align(systems, None, baseline="newer").comparisons == {"new": 1, "old": 1}


def test_an_unknown_baseline_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(AlignmentError) as problem:
        align([system("new", row(1)), system("old", row(1))], None, baseline="gold")
    assert str(problem.value) == "There is no system called 'gold'; the systems are new, old."


def test_a_single_system_keeps_every_prompt_for_others_to_answer() -> None:
    found = align([system("new", row(1))], asked({"id": 1, "prompt": "A?"}, {"id": 2, "prompt": "B?"}), baseline=None)
    assert (found.baseline, found.comparisons) == ("new", {})
    assert [(prompt.key, dict(prompt.outputs)) for prompt in found.prompts] == [("1", {"new": 1}), ("2", {})]
    assert found.problems["missing"].total == 1


def test_a_single_system_brings_its_own_prompts() -> None:
    found = align([system("new", row(1), row(2))], None, baseline="new")
    assert [prompt.text_from for prompt in found.prompts] == ["new", "new"]


def test_prompts_alone_are_kept_once_each() -> None:
    rows = asked({"id": 1, "prompt": "A?"}, {"id": 2, "prompt": "B?"}, {"id": 3, "prompt": "A?"})
    found = align([], rows, baseline=None)
    assert (found.baseline, found.systems, found.comparisons) == ("", (), {})
    assert [(prompt.key, prompt.text_from, prompt.text_line) for prompt in found.prompts] == [
        ("1", None, 1),
        ("2", None, 2),
    ]
    assert found.problems["duplicate"].total == 1


def test_a_single_system_of_other_prompts_is_refused() -> None:
    with pytest.raises(
        AlignmentError, match=r"^No prompt was answered by new\. The first ids are: new: '7'; the prompts"
    ):
        align([system("new", row(7))], asked({"id": 1, "prompt": "A?"}), baseline=None)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(AlignmentError, match="There is nothing to import"):
        align([], None, baseline=None)


@pytest.mark.parametrize(("systems", "there"), [([], "there is none"), ([system("new", row(1))], "there is new")])
def test_a_baseline_that_is_not_there_yet_is_refused(systems: list[SystemFacts], there: str) -> None:
    with pytest.raises(AlignmentError, match=there):
        align(systems, asked({"id": 1, "prompt": "A?"}), baseline="gold")


def test_a_missing_output_is_counted_on_its_side() -> None:
    found = align([system("new", row(1), row(2)), system("old", row(1), row(3))], None, baseline=None)
    assert noted(found, "missing") == [("new.jsonl", 2, "no output by old"), ("old.jsonl", 2, "no output by new")]
    assert found.comparisons == {"new": 1}


def test_a_prompt_that_only_one_candidate_answered_is_compared_there() -> None:
    systems = [system("new", row(1), row(2)), system("newer", row(2)), system("old", row(1), row(2))]
    found = align(systems, None, baseline=None)
    assert found.comparisons == {"new": 2, "newer": 1}
    assert noted(found, "missing") == [("new.jsonl", 1, "no output by newer")]


def test_a_prompt_that_the_baseline_did_not_answer_is_left_out() -> None:
    systems = [system("new", row(1), row(2)), system("newer", row(1), row(2)), system("old", row(1))]
    found = align(systems, None, baseline=None)
    assert [prompt.key for prompt in found.prompts] == ["1"]
    assert noted(found, "missing") == [("new.jsonl", 2, "no output by old")]


def test_of_duplicate_ids_the_first_is_used() -> None:
    found = align([system("new", row(1, "First."), row(1, "Second.")), system("old", row(1))], None, baseline=None)
    assert found.prompts[0].outputs == {"new": 1, "old": 1}
    assert noted(found, "duplicate") == [("new.jsonl", 2, "the same id as line 1; the first is used")]


def test_of_duplicate_prompts_under_two_ids_the_first_is_used() -> None:
    rows = [row(1, prompt="Why?"), row(2, prompt="Why?")]
    found = align([system("new", *rows), system("old", *rows)], None, baseline=None)
    assert [prompt.key for prompt in found.prompts] == ["1"]
    assert noted(found, "duplicate") == [("new.jsonl", 2, "the same prompt as '1'")]


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_output_is_counted_and_compared(empty: str) -> None:
    found = align([system("new", row(1), row(2, empty)), system("old", row(1), row(2))], None, baseline=None)
    assert noted(found, "empty") == [("new.jsonl", 2, "")]
    assert found.comparisons == {"new": 2}
    assert "missing" not in kinds(found)


def test_an_output_identical_to_the_baselines_is_counted_and_compared() -> None:
    systems = [system("new", row(1, "Same. "), row(2, "New.")), system("old", row(2, "Old."), row(1, "Same."))]
    found = align(systems, None, baseline=None)
    assert noted(found, "identical") == [("new.jsonl", 1, "the same text as old, line 2")]
    assert found.comparisons == {"new": 2}


def test_two_candidates_with_the_same_output_are_not_reported() -> None:
    systems = [system("new", row(1, "Same.")), system("newer", row(1, "Same.")), system("old", row(1, "Other."))]
    assert kinds(align(systems, None, baseline=None)) == {}


def test_an_output_that_looks_cut_off_is_counted_and_compared() -> None:
    found = align([system("new", row(1, LONG)), system("old", row(1))], None, baseline=None)
    assert noted(found, "truncated") == [("new.jsonl", 1, "")]
    assert found.comparisons == {"new": 1}


@pytest.mark.parametrize("output", [LONG, f"{LONG},", "```python\nprint(1)"])
def test_a_long_text_without_an_end_or_an_open_fence_looks_cut_off(output: str) -> None:
    assert looks_truncated(output)


@pytest.mark.parametrize(
    "output", ["", "Paris", f"{LONG.strip()}.", f"{LONG}!\n\n", f"{LONG}终。", f"{LONG}:)", "```python\nprint(1)\n```"]
)
def test_a_short_text_or_one_with_an_end_does_not_look_cut_off(output: str) -> None:
    assert not looks_truncated(output)


def test_further_turns_are_counted() -> None:
    turns: dict[str, Json] = {"id": 1, "prompt": "Prompt 1?", "choices": [{"turns": ["One.", "Two.", "Three."]}]}
    found = align([system("new", turns), system("old", row(1))], None, baseline=None)
    assert noted(found, "extra_turns") == [("new.jsonl", 1, "2 further turns are not used")]


def test_an_id_with_different_prompts_is_reported_and_left_out() -> None:
    systems = [system("new", row(1), row(2, prompt="Why?")), system("old", row(1), row(2, prompt="How?"))]
    found = align(systems, None, baseline=None)
    assert noted(found, "mismatch") == [("new.jsonl", 2, "the files have different prompts under this id")]
    assert [prompt.key for prompt in found.prompts] == ["1"]


def test_files_that_use_the_same_ids_for_other_prompts_are_refused() -> None:
    with pytest.raises(AlignmentError, match="The files use the same ids for different prompts"):
        align([system("new", row(1, prompt="Why?")), system("old", row(1, prompt="How?"))], None, baseline=None)


def test_files_without_a_common_prompt_are_refused_with_their_first_ids() -> None:
    with pytest.raises(AlignmentError) as problem:
        align([system("new", *map(row, (1, 2, 3, 4))), system("old", row("q1"))], asked(row("p1")), baseline=None)
    assert str(problem.value) == (
        "No prompt was answered by the baseline and another system. The first ids are: "
        "new: '1', '2', '3'; old: 'q1'; the prompts file: 'p1'."
    )


def test_outputs_without_any_prompt_ask_for_a_prompts_file() -> None:
    bare: dict[str, Json] = {"id": 1, "output": "x"}
    with pytest.raises(AlignmentError) as problem:
        align([system("new", bare), system("old", bare)], None, baseline=None)
    assert str(problem.value) == (
        "new.jsonl, line 1: neither this nor another file holds the text of prompt '1'. "
        "Give a file of prompts with --prompts FILE."
    )


def test_a_prompts_text_may_come_from_any_systems_file() -> None:
    found = align([system("new", {"id": 1, "output": "x"}), system("old", row(2), row(1))], None, baseline=None)
    assert [(prompt.text_from, prompt.text_line) for prompt in found.prompts] == [("old", 2)]


def test_a_prompts_file_gives_texts_and_order() -> None:
    bare: list[dict[str, Json]] = [{"id": 1, "output": "x"}, {"id": 2, "output": "y"}]
    found = align([system("new", *bare), system("old", *bare)], asked(row(2), row(1)), baseline=None)
    assert [(prompt.key, prompt.text_from, prompt.text_line) for prompt in found.prompts] == [
        ("2", None, 1),
        ("1", None, 2),
    ]


def test_an_output_whose_prompt_is_not_in_the_prompts_file_is_counted() -> None:
    found = align([system("new", row(1), row(2)), system("old", row(1), row(2))], asked(row(1)), baseline=None)
    assert noted(found, "missing") == [
        ("new.jsonl", 2, "no prompt in prompts.jsonl"),
        ("old.jsonl", 2, "no prompt in prompts.jsonl"),
    ]
    assert found.comparisons == {"new": 1}


def test_a_prompt_that_nobody_answered_is_counted_for_each_system() -> None:
    found = align([system("new", row(1)), system("old", row(1))], asked(row(1), row(2)), baseline=None)
    assert noted(found, "missing") == [
        ("prompts.jsonl", 2, "no output by new"),
        ("prompts.jsonl", 2, "no output by old"),
    ]


def test_every_problem_is_counted_and_a_thousand_are_shown() -> None:
    many = [row(number) for number in range(SHOWN_ROWS + 5)]
    missing = align([system("new", *many), system("old", row(0))], None, baseline=None).problems["missing"]
    assert (missing.total, len(missing.rows)) == (SHOWN_ROWS + 4, SHOWN_ROWS)


def test_the_report_is_plain_data() -> None:
    found = align([system("new", row(1, "Same."), row(2)), system("old", row(1, "Same."))], None, baseline=None)
    report = found.to_json()
    assert report["systems"] == [
        {"name": "new", "file": "new.jsonl", "rows": 2},
        {"name": "old", "file": "old.jsonl", "rows": 1},
    ]
    assert (report["joined_on"], report["baseline"], report["prompts"]) == ("id", "old", 1)
    assert report["comparisons"] == {"new": 1}
    problems = report["problems"]
    assert isinstance(problems, dict)
    assert list(problems) == list(KINDS)
    assert problems["missing"] == {
        "total": 1,
        "rows": [
            {"file": "new.jsonl", "line": 2, "key": "2", "words": "An answer to 2.", "note": "no output by old"},
        ],
    }


def test_an_output_with_another_prompt_than_the_prompts_file_is_reported_and_kept() -> None:
    systems = [system("new", row(1, prompt="Something else?")), system("old", row(1))]
    found = align(systems, asked({"id": 1, "prompt": "Prompt 1?"}), baseline=None)
    assert noted(found, "other_prompt") == [("new.jsonl", 1, "the prompts file, line 1, has other words")]
    assert found.comparisons == {"new": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_one_problem_is_said_in_the_singular_and_more_in_the_plural(kind: str) -> None:
    assert in_words(kind, 1).split()[1].rstrip("s") == in_words(kind, 1).split()[1]
    assert in_words(kind, 2).split()[0] == "2"
    assert in_words(kind, 1).split()[1:] != in_words(kind, 2).split()[1:]
