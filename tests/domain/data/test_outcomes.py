"""The count of what a step did: it adds up, and is the same in any order."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.data.outcomes import SAMPLES, Note, Outcome, Tally, changed, dropped, kept, rewritten
from backend.domain.records import Turn
from tests.domain.data.talk import said, texts

ONE = said("Why?", "Because.")


def test_a_rewritten_dialogue_keeps_its_roles_and_one_without_notes_is_the_same() -> None:
    def rewrite(turn: Turn) -> tuple[str, list[Note]]:
        return turn.text.upper(), [Note("louder", turn.text)] if turn.role == "user" else []

    outcome = rewritten(ONE, rewrite)
    assert texts(outcome.dialogues[0]) == ["WHY?", "BECAUSE."]
    assert [turn.role for turn in outcome.dialogues[0].turns] == ["user", "assistant"]
    assert rewritten(ONE, lambda turn: (turn.text, [])) == kept(ONE)


def test_each_dialogue_is_counted_once_for_each_reason() -> None:
    tally = Tally("step")
    tally.count(ONE, kept(ONE))
    tally.count(ONE, changed(ONE, Note("a", "first"), Note("a", "second"), Note("b", "x")))
    tally.count(ONE, dropped("gone", "Why?"))
    tally.count(ONE, Outcome((ONE, ONE, ONE), (Note("split", "into 3"),)))
    assert (tally.came, tally.left, tally.split) == (4, 5, 2)
    assert (tally.dropped, tally.changed) == ({"gone": 1}, {"a": 1, "b": 1, "split": 1})
    assert tally.samples["a"][0].what == "first"
    assert tally.adds_up


def test_a_count_that_lost_a_dialogue_does_not_add_up() -> None:
    assert not Tally("step", came=2, left=1).adds_up


@given(st.permutations(range(20)))
def test_the_report_is_the_same_in_any_order(order: list[int]) -> None:
    def report(places: list[int]) -> object:
        tally = Tally("step")
        for at in places:
            dialogue = said("Why?", str(at), key=f"id {at}")
            tally.count(
                dialogue, dropped(("odd", "even")[at % 2], f"{at}") if at % 3 else changed(dialogue, Note("c", "x"))
            )
        return tally.to_json()

    assert report(order) == report(list(range(20)))


def test_a_few_samples_of_each_reason_are_kept() -> None:
    tally = Tally("step")
    for at in range(50):
        tally.count(said("a", key=str(at)), dropped("gone", f"text {at}"))
    shown = tally.to_json()
    assert isinstance(shown["samples"], dict)
    samples = shown["samples"]["gone"]
    assert isinstance(samples, list)
    assert len(samples) == SAMPLES
    assert all(one["what"] == f"text {one['id']}" for one in samples if isinstance(one, dict))
    assert shown["dropped"] == {"gone": 50}
