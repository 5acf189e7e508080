"""`assay worker` and `assay beat`: what they refuse, in words. What they do is tested as processes."""

import pytest

from backend.errors import Invalid
from tests.cli.conftest import Assay


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["worker", "--queues", "io,disco"], "--queues takes io, gpu, between commas; it was 'io,disco'"),
        (["worker", "--queues", "io,gpu", "--concurrency", "2"], "give the queue io a worker of its own"),
        (["beat"], "Without ASSAY_BROKER_URL there is nothing to ring"),
    ],
)
def test_what_can_not_be_is_refused_with_what_to_do(run: Assay, words: list[str], why: str) -> None:
    refusal = run(*words).exception
    assert isinstance(refusal, Invalid)
    assert why in str(refusal)


@pytest.mark.parametrize("address", ["amqp://somewhere", "redis:", "redis+socket://relative"])
def test_a_broker_that_is_no_redis_is_refused(run: Assay, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("ASSAY_BROKER_URL", address)
    refusal = run("worker").exception
    assert isinstance(refusal, Invalid)
    assert "ASSAY_BROKER_URL can't be used" in str(refusal)


def test_keys_that_are_no_json_are_refused_and_not_shown(run: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENGINE_KEYS", "sk-secret")
    refusal = run("worker").exception
    assert isinstance(refusal, Invalid)
    assert "engine_keys" in str(refusal)
    assert "sk-secret" not in str(refusal)
