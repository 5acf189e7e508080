"""Which engine is opened, with which key, and what is said where one can't be."""

import json
import subprocess
import sys
from contextlib import closing

import pytest
from pydantic import ValidationError

from backend.config import Settings
from backend.domain.asking import EngineKind
from backend.errors import Invalid, Unavailable
from tests.openai import scripted
from tests.worker.engines.asked import MODEL, chat
from worker.engines.echo import EchoEngine
from worker.engines.opening import open_engine

KEYS = {"https://API.example.org/v1/": "sk-there", "http://127.0.0.1:9/v1": "sk-here"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ASSAY_ENGINE_KEYS", json.dumps(KEYS))
    return Settings()


def test_keys_come_from_the_environment_and_are_not_shown(settings: Settings) -> None:
    assert "sk-" not in repr(settings) + str(settings) + repr(settings.engine_keys)


@pytest.mark.parametrize("wrong", ['{"https://host/v1": ["sk-secret"]}', '["sk-secret"]', "sk-secret"])
def test_keys_that_can_t_be_read_are_not_shown_either(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENGINE_KEYS", wrong)
    with pytest.raises((ValidationError, ValueError), match="engine_keys") as raised:
        Settings()
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.example.org/v1", "sk-there"),
        ("https://api.example.org/v2", None),
        ("https://api.example.org:8443/v1", None),
        ("https://api.example.org.evil.example/v1", None),
        ("http://api.example.org/v1", None),
        ("http://127.0.0.1:9/v1/", "sk-here"),
    ],
)
def test_a_key_is_for_its_own_address_alone(settings: Settings, url: str, sent: str | None) -> None:
    with closing(open_engine(EngineKind.OPENAI, url=url, model=MODEL, settings=settings)) as engine:
        assert (engine.key.get_secret_value() if engine.key else None) == sent


def test_a_server_that_wants_no_key_gets_none(settings: Settings) -> None:
    with (
        scripted() as server,
        closing(open_engine(EngineKind.VLLM, url=server.url, model=MODEL, settings=settings, revision="r1")) as engine,
    ):
        engine.ask(chat())
        assert engine.identity().engine == EngineKind.VLLM
        assert engine.identity().model_revision == "r1"
    assert "authorization" not in server.asked[0].headers


def test_an_echo_needs_no_address(settings: Settings) -> None:
    assert isinstance(open_engine(EngineKind.ECHO, url="", model="", settings=settings), EchoEngine)


def test_a_bad_address_is_refused_before_anything_is_asked(settings: Settings) -> None:
    with pytest.raises(Invalid, match="write it as https://host/v1"):
        open_engine(EngineKind.OPENAI, url="api.example.org", model=MODEL, settings=settings)


def test_where_torch_is_missing_the_message_says_what_brings_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "worker.engines.transformers", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(Unavailable, match=r"pip install 'assay-eval\[transformers\]'"):
        open_engine(EngineKind.TRANSFORMERS, url="", model=MODEL, settings=settings)


def test_torch_is_imported_for_no_other_engine() -> None:
    looks = "import sys, worker.engines.opening as _; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", looks], check=True, timeout=60)
