"""The words of jobs: where each waits, when it is live, and how it may ask."""

import pytest

from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner, Queue, queue_of


@pytest.mark.parametrize(
    ("engine", "url", "queue"),
    [
        (EngineKind.VLLM, "", Queue.GPU),
        (EngineKind.VLLM, "http://127.0.0.1:8000/v1", Queue.IO),
        (EngineKind.TRANSFORMERS, "", Queue.GPU),
        (EngineKind.OPENAI, "https://host/v1", Queue.IO),
        (EngineKind.ECHO, "", Queue.IO),
    ],
)
def test_what_fills_this_machine_waits_apart_from_what_asks_elsewhere(
    engine: EngineKind, url: str, queue: Queue
) -> None:
    assert queue_of(engine, url) == queue


def test_a_job_is_live_until_it_has_ended() -> None:
    assert [state for state in JobState if state.is_live] == [JobState.QUEUED, JobState.RUNNING]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"concurrency": 0}, "concurrency is 0; it must be between 1 and 1024"),
        ({"concurrency": 1025}, "concurrency is 1025"),
        ({"requests_a_minute": 0}, "requests_a_minute is 0; it must be at least 1"),
        ({"tokens_a_minute": -1}, "tokens_a_minute is -1"),
        ({"price_in": -1}, "a price is never negative"),
        ({"price_out": -1}, "a price is never negative"),
    ],
)
def test_a_manner_that_can_not_be_is_refused(wrong: dict[str, int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Manner(**wrong)


@pytest.mark.parametrize("manner", [Manner(), Manner(1024, 60, 9_000, 2_500_000, 10_000_000)])
def test_a_manner_comes_back_as_it_was_stored(manner: Manner) -> None:
    assert Manner.from_json(manner.to_json()) == manner
