"""Many questions at a time: results as they are ready, and nothing lost that was under way at the end."""

import threading
from collections.abc import Iterator
from itertools import chain

import pytest

from worker.flow import AHEAD, flow

PATIENCE = 20


def together(lists: Iterator[list[int]]) -> list[int]:
    return list(chain.from_iterable(lists))


def test_every_question_is_answered_once() -> None:
    assert sorted(together(flow(range(1000), lambda one: one, concurrency=8, stop=threading.Event()))) == [*range(1000)]


def test_an_answer_does_not_wait_for_a_slower_one_that_was_asked_before() -> None:
    slow = threading.Event()

    def work(one: int) -> int:
        if one == 0:
            assert slow.wait(PATIENCE)
        return one

    given = flow(range(4), work, concurrency=2, stop=threading.Event())
    first = next(given)
    assert 0 not in first
    slow.set()
    assert sorted(first + together(given)) == [0, 1, 2, 3]


def test_as_many_are_asked_at_one_time_as_was_said_and_no_more() -> None:
    meeting = threading.Barrier(5)
    now, most, guard = [0], [0], threading.Lock()

    def work(one: int) -> int:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meeting.wait(PATIENCE)
        with guard:
            now[0] -= 1
        return one

    assert len(together(flow(range(20), work, concurrency=5, stop=threading.Event()))) == 20
    assert most == [5]


def test_questions_are_read_only_a_little_ahead() -> None:
    read: list[int] = []
    go_on, concurrency = threading.Event(), 3

    def given() -> Iterator[int]:
        for one in range(1000):
            read.append(one)
            yield one

    def work(one: int) -> int:
        assert go_on.wait(PATIENCE)
        return one

    stop = threading.Event()
    results = flow(given(), work, concurrency=concurrency, stop=stop)
    releaser = threading.Timer(0.2, lambda: (stop.set(), go_on.set()))
    releaser.start()
    together(results)
    assert len(read) <= concurrency * AHEAD * 2


def test_when_it_is_stopped_what_is_under_way_is_finished_and_nothing_more_is_begun() -> None:
    stop, begun = threading.Event(), []

    def work(one: int) -> int:
        begun.append(one)
        if one == 10:
            stop.set()
        return one

    found = together(flow(range(1000), work, concurrency=2, stop=stop))
    assert sorted(found) == sorted(begun)
    assert len(begun) < 1000


def test_the_first_error_comes_after_what_was_under_way() -> None:
    """It may have been paid: an error of one question must not lose another's answer."""
    both = threading.Barrier(2)
    broken = threading.Event()

    def work(one: int) -> int:
        both.wait(PATIENCE)
        if one == 0:
            broken.set()
            raise ValueError("the first")
        assert broken.wait(PATIENCE)
        return one

    answers = flow(range(2), work, concurrency=2, stop=threading.Event())
    assert next(answers) == [1]
    with pytest.raises(ValueError, match="the first"):
        next(answers)


def test_an_error_in_the_questions_themselves_is_raised() -> None:
    def given() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError):
        together(flow(given(), lambda one: one, concurrency=2, stop=threading.Event()))


def test_whoever_has_had_enough_leaves_nothing_to_be_begun() -> None:
    """As when what was to be stored can't be: every further question would be paid for nothing."""
    begun, gate = [0], threading.Event()

    def work(one: int) -> int:
        begun[0] += 1
        if one > 0:
            assert gate.wait(PATIENCE)
        return one

    given = flow(range(1000), work, concurrency=2, stop=threading.Event())
    assert next(given) == [0]
    gate.set()
    given.close()
    assert begun[0] <= 2 + 2 * AHEAD
