"""What a call of Self-Instruct shows, what is read in its reply, and its filters."""

import pytest

from backend.domain.synthesis.methods import Entry, Kept
from backend.domain.synthesis.self_instruct import SelfInstruct, Unfit, unfit
from tests.domain.synthesis.made import TASKS, tasks

GOOD = "Explain the tides to a child"


def kept(number: int) -> list[Kept]:
    return [Kept(place, 1, Entry(f"A task that was made as number {place}")) for place in range(1, number + 1)]


@pytest.mark.parametrize(("made", "machines"), [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_eight_are_shown_of_which_two_were_made_before(made: int, machines: int) -> None:
    asked = tasks().ask(3, kept(made))
    assert asked == tasks().ask(3, kept(made))
    assert len(set(asked.shown)) == 8
    assert sum(one.startswith("made-") for one in asked.shown) == machines
    head, *lines = asked.text.split("\n")
    assert head == "Come up with tasks:"
    assert [line.split(".")[0] for line in lines] == [str(number) for number in range(1, 10)]
    assert lines[-1] == "9."
    assert not any(line.endswith(":") for line in lines)
    assert tasks().calls_at_once == 5


def test_too_few_seeds_and_a_template_without_its_place_are_refused() -> None:
    with pytest.raises(ValueError, match="7 seeds are left, and the first calls show 8"):
        SelfInstruct("{tasks}", TASKS[:7])
    with pytest.raises(ValueError, match=r"the template must have \{tasks\} once"):
        SelfInstruct("tasks", TASKS)


@pytest.mark.parametrize("start", [" ", "9. ", ""])
def test_a_numbered_reply_is_cut_into_tasks(start: str) -> None:
    reply = f"{start}explain the tides\n   to a child\n10. Write an ode to Python\n11 . Name it.\n12. "
    assert list(tasks().read(reply, is_cut=False)) == [
        Entry(GOOD),
        Entry("Write an ode to Python"),
        str(Unfit.LENGTH),
    ]


def test_a_reply_at_its_limit_counts_as_none() -> None:
    assert list(tasks().read(GOOD, is_cut=True)) == [str(Unfit.CUT_OFF)]


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (GOOD, None),
        ("Explain the tides", Unfit.LENGTH),
        ("word " * 150, None),
        ("word " * 151, Unfit.LENGTH),
        ("Describe what you see in this Image", Unfit.WORDS),
        ("Tell me where to go to tonight", Unfit.WORDS),
        ("Explain what imagery and mapping are", None),
        ("Write a program that counts words", Unfit.PROGRAM),
        ("write a program that counts words", Unfit.PROGRAM),
        ("“Explain” the tides to me", Unfit.LETTER),
        ("(Explain the tides to me)", Unfit.PUNCTUATION),
        ("Étudie les marées avec un enfant", Unfit.LETTER),
    ],
)
def test_filters(task: str, why: Unfit | None) -> None:
    assert unfit(task.strip()) == why


def test_tasks_are_the_same_whatever_their_case() -> None:
    assert tasks().key_of(Entry(GOOD)) == tasks().key_of(Entry(GOOD.upper()))
