"""A row read through a mapping: a rating, a row that is kept out, or a problem with its reason."""

from dataclasses import replace

import pytest

from backend.domain.choices import Choice, Preference
from backend.domain.foreign.cells import cells
from backend.domain.foreign.lens import KeptOut, Problem
from backend.domain.foreign.recognition import known
from backend.domain.foreign.submissions import submissions
from backend.domain.mapping import ColumnMapping, Meaning, OrderBy, PromptBy, Shown
from backend.domain.records import Row
from tests import exports
from tests.domain.foreign.study import BASE, CAND, THIRD, read, study, text_of

MEANINGS = {
    "A": Meaning.FIRST,
    "B": Meaning.SECOND,
    "equal": Meaning.TIE,
    "bad": Meaning.BOTH_BAD,
    "ours": Meaning.CANDIDATE,
    "theirs": Meaning.BASELINE,
    "skip": Meaning.NONE,
    BASE: Meaning.SYSTEM,
    CAND: Meaning.SYSTEM,
    THIRD: Meaning.SYSTEM,
}
UNKNOWN = ColumnMapping(rater="who", prompt="id", choice="said", meanings=MEANINGS)
SYSTEMS = replace(UNKNOWN, order=OrderBy.SYSTEMS, first="a", second="b")
OUTPUTS = replace(UNKNOWN, order=OrderBy.OUTPUTS, first="a", second="b")
ROW = {"who": "AAA", "id": "1", "said": "A", "a": CAND, "b": BASE}
TEXTS = ROW | {"a": text_of(CAND, 1), "b": text_of(BASE, 1)}


def turned(row: dict[str, str]) -> dict[str, str]:
    return row | {"a": row["b"], "b": row["a"]}


@pytest.mark.parametrize(("mapping", "row"), [(SYSTEMS, ROW), (OUTPUTS, TEXTS)])
@pytest.mark.parametrize(
    ("said", "straight", "other_way"),
    [
        ("A", Preference.CANDIDATE, Preference.BASELINE),
        ("B", Preference.BASELINE, Preference.CANDIDATE),
        ("equal", Preference.TIE, Preference.TIE),
        ("ours", Preference.CANDIDATE, Preference.CANDIDATE),
        ("theirs", Preference.BASELINE, Preference.BASELINE),
        (CAND, Preference.CANDIDATE, Preference.CANDIDATE),
        (BASE, Preference.BASELINE, Preference.BASELINE),
    ],
)
def test_a_vote_means_the_same_in_either_order(
    mapping: ColumnMapping, row: dict[str, str], said: str, straight: Preference, other_way: Preference
) -> None:
    found, reverse = read(row | {"said": said}, mapping), read(turned(row) | {"said": said}, mapping)
    assert (found.flipped, found.preference) == (False, straight)
    assert (reverse.flipped, reverse.preference) == (True, other_way)
    assert found.candidate == reverse.candidate == CAND


@pytest.mark.parametrize("column", ["a", "b"])
def test_one_system_of_the_pair_is_enough(column: str) -> None:
    mapping = replace(SYSTEMS, first="a" if column == "a" else "", second="b" if column == "b" else "")
    for row in (ROW, turned(ROW)):
        whole, half = read(row, SYSTEMS), read(row, mapping)
        assert (half.flipped, half.preference, half.candidate) == (whole.flipped, whole.preference, CAND)


def test_the_pair_says_which_of_several_candidates_it_was() -> None:
    known = study(CAND, THIRD)
    assert read(ROW | {"a": THIRD}, SYSTEMS, known).candidate == THIRD
    assert read(TEXTS | {"a": text_of(BASE, 1), "b": text_of(THIRD, 1)}, OUTPUTS, known).candidate == THIRD
    assert read(ROW | {"said": THIRD}, UNKNOWN, known).candidate == THIRD
    assert read(ROW | {"said": "equal"}, UNKNOWN, known).candidate is None
    assert read(ROW | {"said": "equal"}, replace(UNKNOWN, candidate="a"), known).candidate == CAND


def test_systems_go_by_the_names_that_the_mapping_gives_them() -> None:
    mapping = replace(SYSTEMS, systems={"Model X": CAND, "Model Y": BASE})
    assert read(ROW | {"a": "model  x", "b": "MODEL Y"}, mapping).preference == Preference.CANDIDATE


@pytest.mark.parametrize(
    ("order", "flipped"),
    [(OrderBy.CANDIDATE_FIRST, False), (OrderBy.BASELINE_FIRST, True)],
)
def test_an_order_may_be_the_same_in_every_row(order: OrderBy, flipped: bool) -> None:
    assert read(ROW, replace(UNKNOWN, order=order)).flipped is flipped


@pytest.mark.parametrize(
    ("given", "flipped"),
    [("yes", True), ("NO", False), ("?", None), ("", None)],
)
def test_a_column_may_say_the_order(given: str, flipped: bool | None) -> None:
    orders = {"yes": Shown.BASELINE_FIRST, "no": Shown.CANDIDATE_FIRST, "?": Shown.UNKNOWN}
    mapping = replace(UNKNOWN, order=OrderBy.COLUMN, order_column="flipped", orders=orders)
    assert read(ROW | {"said": "equal", "flipped": given}, mapping).flipped is flipped


@pytest.mark.parametrize(("given", "flipped"), [("1", True), ("0", False), ("", None)])
def test_a_column_may_turn_the_pair_round(given: str, flipped: bool | None) -> None:
    mapping = replace(SYSTEMS, order_column="swap", orders={"1": Shown.REVERSED, "0": Shown.AS_LISTED})
    assert read(ROW | {"said": "equal", "swap": given}, mapping).flipped is flipped


def test_a_preference_of_an_unknown_order_keeps_its_meaning() -> None:
    for said, preference in (("ours", "candidate"), ("theirs", "baseline"), (CAND, "candidate"), (BASE, "baseline")):
        found = read(ROW | {"said": said}, UNKNOWN)
        assert (found.flipped, found.preference) == (None, preference)


def test_a_prompt_may_be_known_by_its_text() -> None:
    assert read(ROW | {"id": " Question\n3? "}, replace(SYSTEMS, prompt_by=PromptBy.TEXT)).prompt == "3"


def test_two_equal_outputs_leave_the_order_unknown() -> None:
    same = known(
        baseline=BASE, candidates=[CAND], prompts=[("1", "Why?")], outputs=[("1", BASE, "So."), ("1", CAND, " So. ")]
    )
    row = ROW | {"a": "So.", "b": "So."}
    assert read(row | {"said": "equal"}, OUTPUTS, same).flipped is None
    with pytest.raises(Problem, match="chose 'A', a side, and the order is unknown"):
        read(row, OUTPUTS, same)


def test_the_first_lines_of_a_rating() -> None:
    found = read(ROW | {"said": "bad", "time": "12.5"}, replace(SYSTEMS, seconds="time"))
    assert (found.line, found.rater, found.prompt, found.choice, found.seconds) == (
        2,
        "AAA",
        "1",
        Choice.BOTH_BAD,
        12.5,
    )
    assert read(ROW, SYSTEMS).seconds is None


def test_a_choice_may_be_spread_over_columns() -> None:
    mapping = replace(SYSTEMS, choice="said.*.on")
    row = {name: value for name, value in ROW.items() if name != "said"}
    spread = {"said.A.on": "false", "said.B.on": "TRUE", "said.consent.on": "true", "said.on": "true"}
    assert read(row | spread, mapping).choice == Choice.SECOND
    with pytest.raises(Problem, match="has no choice"):
        read(row | {"said.A.on": "false", "said.B.on": ""}, mapping)
    with pytest.raises(Problem, match="has several choices: A, B"):
        read(row | {"said.A.on": "true", "said.B.on": "true"}, mapping)


@pytest.mark.parametrize(
    ("changes", "mapping", "why"),
    [
        ({"who": ""}, SYSTEMS, r"has no rater \(who\)"),
        ({"id": ""}, SYSTEMS, r"has no prompt \(id\)"),
        ({"id": "9"}, SYSTEMS, "prompt '9' is not in this batch"),
        (
            {"id": "Why?\n" * 30},
            replace(SYSTEMS, prompt_by=PromptBy.TEXT),
            "the text 'Why.*…' is no prompt’s of this batch",
        ),
        ({"said": ""}, SYSTEMS, r"has no choice \(said\)"),
        ({"said": "left"}, SYSTEMS, "choice 'left' has no meaning in the mapping"),
        ({}, UNKNOWN, "chose 'A', a side, and the order is unknown"),
        ({"a": "", "b": ""}, SYSTEMS, r"has no system \(a, b\)"),
        ({"a": "llama"}, SYSTEMS, "system 'llama' is not in this batch"),
        ({"b": CAND}, SYSTEMS, f"{CAND} and {CAND} are no pair of this batch"),
        ({}, replace(UNKNOWN, candidate="b"), f"{BASE} is the baseline, not a candidate"),
        ({"a": "Something else."}, OUTPUTS, "a is no output to prompt 1: 'Something else.'"),
        ({"a": text_of(BASE, 1), "b": text_of(BASE, 1)}, OUTPUTS, f"the outputs are of {BASE} and {BASE}"),
        ({"x": "AB"}, replace(UNKNOWN, order=OrderBy.COLUMN, order_column="x"), "order 'AB' has no meaning"),
        ({"time": "-1"}, replace(SYSTEMS, seconds="time"), "seconds are -1; they must be between"),
        ({"time": "soon"}, replace(SYSTEMS, seconds="time"), "seconds are 'soon'; they must be a number"),
        ({"who": "A" * 600}, SYSTEMS, r"has a name of 600 characters \(rater\)"),
    ],
)
def test_a_row_that_cant_be_understood_says_why(changes: dict[str, str], mapping: ColumnMapping, why: str) -> None:
    with pytest.raises(Problem, match=f"^{why}") as problem:
        read(ROW | changes, mapping)
    assert problem.value.kind[0].isupper()


def test_a_system_that_was_not_shown_cant_be_preferred() -> None:
    with pytest.raises(Problem, match=f"{THIRD} was chosen, but {CAND} was shown"):
        read(ROW | {"said": THIRD}, SYSTEMS, study(CAND, THIRD))


def test_candidates_of_one_output_are_told_apart_by_their_column_only() -> None:
    alike = known(
        baseline=BASE,
        candidates=[CAND, THIRD],
        prompts=[("1", "Why?")],
        outputs=[("1", BASE, "No."), ("1", CAND, "So."), ("1", THIRD, "So.")],
    )
    row = ROW | {"a": "So.", "b": "No."}
    with pytest.raises(Problem, match=f"the output may be that of {THIRD} or {CAND}"):
        read(row, OUTPUTS, alike)
    assert read(row | {"c": THIRD}, replace(OUTPUTS, candidate="c"), alike).candidate == THIRD


def test_rows_that_do_not_count_are_kept_out_with_a_reason() -> None:
    mapping = replace(SYSTEMS, status="status", counted=("Approved",))
    assert read(ROW | {"status": "approved "}, mapping).rater == "AAA"
    for status, why in (("Rejected", "the status is Rejected"), ("", "the status is empty")):
        with pytest.raises(KeptOut, match=why):
            read(ROW | {"status": status}, mapping)
    with pytest.raises(KeptOut, match="'skip' is no vote"):
        read(ROW | {"said": "skip"}, SYSTEMS)


PANEL = submissions(
    "export.csv",
    exports.prolific(("s1", "AAA", "APPROVED", "90"), ("s2", "ABB", "REJECTED", "9"), ("s3", "ACC", "APPROVED", "")),
)
JOINED = replace(SYSTEMS, counted=("APPROVED",), share_time=True)


def test_a_submission_gives_status_and_a_share_of_its_time() -> None:
    lens = {"submissions": PANEL, "rows_of": {"AAA": 3}}
    assert read(ROW, JOINED, **lens).seconds == 30
    assert read(ROW | {"who": "ACC"}, JOINED, **lens).seconds is None
    assert read(ROW, replace(JOINED, share_time=False), **lens).seconds is None
    assert read(ROW | {"time": "7"}, replace(JOINED, seconds="time"), **lens).seconds == 7
    assert read(ROW | {"who": "x", "session": "s1"}, replace(JOINED, session="session"), **lens).seconds == 90


def test_whoever_was_rejected_is_kept_out_and_whoever_is_not_there_is_named() -> None:
    with pytest.raises(KeptOut, match="the submission’s status is REJECTED"):
        read(ROW | {"who": "ABB"}, JOINED, submissions=PANEL)
    with pytest.raises(Problem, match=r"stranger is not in export\.csv"):
        read(ROW | {"who": "stranger"}, JOINED, submissions=PANEL)


def test_cells_are_text_whatever_the_file() -> None:
    assert cells(Row(1, {"a": " x ", "b": None, "c": True, "d": 7})) == {"a": "x", "b": "", "c": "true", "d": "7"}


@pytest.mark.parametrize("text", ["", "[", "[]", "7", '["x"]', '[{"a": 1}, {"b": 2}]', "[" * 100_000])
def test_a_cell_of_answers_that_holds_something_else_stays_a_cell(text: str) -> None:
    assert cells(Row(1, {"Answer.taskAnswers": text})) == {"Answer.taskAnswers": text}


def test_answers_in_a_cell_become_columns() -> None:
    found = cells(Row(1, {"Answer.taskAnswers": '[{"choice": {"A": true}, "note": "x"}]', "taskAnswers": '[{"b": 1}]'}))
    assert found == {"Answer.choice.A": "true", "Answer.note": "x", "b": "1"}
