"""The methods paragraph states what was declared and done, and nothing else."""

from backend.domain.results.summary import summarise
from tests.material import Row, material

ROWS: list[Row] = [
    (prompt, rater, 0, (prompt * rater) % 3 - 1, prompt % 2, False, 30.0) for prompt in range(6) for rater in range(3)
]


def methods(**settings: object) -> str:
    return summarise(material(ROWS, **settings)).methods


def test_a_plain_study_says_who_compared_what_and_how_it_was_counted() -> None:
    text = methods()
    for part in (
        "outputs of tuned were compared with those of base",
        "6 comparisons on 6 prompts",
        "was to be rated by 3 raters, none of whom met a prompt twice",
        "without names, in an order that was balanced by design",
        "“Output 1 is better”, “Output 2 is better” and “About the same”",
        "3 raters gave 18 votes",
        "95 % (fixed panel)",
        "a comparison without one counts as a tie.",
        "preset gudibande-2023",
    ):
        assert part in text
    for part in (
        "stop rule",
        "sealed",
        "primary",
        "elsewhere",
        "left out",
        "closed early",
        "max-|t|",
        "checks",
        "both are bad",
    ):
        assert part not in text


def test_declared_rules_are_told() -> None:
    text = methods(
        split_rule="drop",
        checks={"gold": 0.05, "repeat": 0.1},
        exclusions=[
            {"kind": "too_fast", "limit": 900, "least": 5},
            {"kind": "one_sided", "limit": 0.9, "least": 10},
        ],
        stopping={"error": 0.05, "least_prompts": 30},
        options=[
            {"choice": "first", "label": "1"},
            {"choice": "second", "label": "2"},
            {"choice": "both_bad", "label": "Neither"},
        ],
    )
    for part in (
        "a comparison without one counts not at all.",
        "5 % gold comparisons, 10 % repeats",
        "read more than 900 words a minute (median of 5 or more comparisons), or choose one place in more than 90 %",
        "this removed 0 of them",
        "betting confidence sequences at an error of 0.05",
        "both are bad counts as a tie",
    ):
        assert part in text


def test_extra_seats_say_what_happens_after_them() -> None:
    text = methods(split_rule="extra", split_fallback="half", seats=5, opening=3)
    assert "counts only after two more raters, and what all five leave open counts as half a win." in text


def test_several_candidates_and_an_early_end_are_told() -> None:
    rows = [*ROWS, *[(prompt, rater, 1, 1, 0, False, 30.0) for prompt in range(2) for rater in range(3, 6)]]
    found = summarise(material(rows, candidates=("tuned", "other"), closed=True, begun=[True] * 7 + [False]))
    assert "outputs of tuned and other were compared" in found.methods
    assert "max-|t|" in found.methods
    assert "the first 7 of 8 comparisons" in found.methods
    assert "3 votes beyond them" in found.methods


def test_a_stop_and_an_early_look_are_told() -> None:
    text = methods(stopping={"error": 0.05, "least_prompts": 30}, stopped=True, unsealed=True)
    assert (
        "That rule ended the batch. Results were to stay sealed until the batch had ended, but they were opened before."
    ) in text


def test_systems_with_a_part_of_their_own_are_told() -> None:
    text = methods(analysis={"primary": "tuned", "base": "tuned", "sealed": True})
    for part in ("primary candidate is tuned", "imitation started from is tuned", "sealed until the batch had ended."):
        assert part in text


def test_nothing_is_claimed_of_an_order_that_is_not_known() -> None:
    unknown: list[Row] = [
        (prompt, rater, candidate, one, -1, bad, 9.0) for prompt, rater, candidate, one, _, bad, _ in ROWS
    ]
    text = summarise(material(unknown)).methods
    assert "balanced" not in text
    assert "Of 18 votes, collected elsewhere, the order in which outputs were shown is not known." in text
    mixed = summarise(material([*unknown[:6], *ROWS[6:]])).methods
    assert "balanced by design" in mixed
    assert "Of 6 votes, collected elsewhere" in mixed
