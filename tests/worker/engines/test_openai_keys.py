"""A key goes to its own address alone, and is shown nowhere; an address holds no secret."""

import traceback
from contextlib import closing

import pytest
from pydantic import SecretStr

from backend.errors import Invalid
from tests import openai as script
from tests.openai import scripted
from tests.worker.engines.asked import MODEL, chat, house
from worker.engines.openai import OpenAIEngine, address
from worker.engines.protocol import EngineError, Unusable

KEY = SecretStr("sk-a-secret")


def shown(engine: OpenAIEngine) -> str:
    """All that a log could say of the next error: its causes, and every variable of every frame."""
    try:
        engine.ask(chat())
    except EngineError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError("nothing went wrong")


def test_the_key_goes_along_and_is_shown_nowhere() -> None:
    steps = (
        script.complains(400, "What is sk-a-secret?"),
        script.unauthorized("Incorrect API key provided: sk-a-secret."),
        script.hangs_up(),
        script.cut_off(),
        script.truncated(),
        script.redirects("http://127.0.0.1:1/v1"),
    )
    with house(*steps, key=KEY) as (server, engine):
        said = [shown(engine) for _ in steps]
        assert [one for one in said if "sk-a" in one] == []
        assert "What is …?" in said[0]
        assert "sk-a" not in repr(engine.identity()) + repr(vars(engine))
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer sk-a-secret"}


def test_a_server_that_is_not_there_does_not_get_the_key_shown() -> None:
    with scripted() as server:
        url = server.url
    with closing(OpenAIEngine(url, MODEL, key=KEY)) as engine:
        assert "sk-a" not in shown(engine)


def test_what_is_said_about_a_key_that_is_refused_is_not_repeated() -> None:
    """OpenAI repeats the ends of a wrong key."""
    repeating = script.unauthorized("Incorrect API key provided: sk-a***cret.")
    with house(repeating, key=KEY) as (_, engine), pytest.raises(Unusable) as raised:
        engine.ask(chat())
    assert "sk-a" not in str(raised.value)


def test_the_key_is_sent_to_no_path_beside_its_address() -> None:
    with house(key=KEY) as (server, engine):
        engine.identity()
    assert {one.path: one.headers.get("authorization") for one in server.looked} == {
        "/version": None,
        "/v1/models": "Bearer sk-a-secret",
    }


def test_a_redirect_carries_the_key_nowhere() -> None:
    with scripted() as thief, house(script.redirects(thief.url), key=KEY) as (_, engine), pytest.raises(Unusable):
        engine.ask(chat())
    assert thief.asked + thief.looked == []


def test_no_key_is_sent_over_a_wire_that_everybody_can_read() -> None:
    with pytest.raises(Unusable, match=r"The key would go to http://models\.example\.org/v1 for everybody to read"):
        OpenAIEngine("http://models.example.org/v1", MODEL, key=KEY)
    with closing(OpenAIEngine("https://models.example.org/v1", MODEL, key=KEY)):
        pass


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        (" HTTPS://API.Example.org/Some/v1 ", "https://api.example.org/Some/v1"),
    ],
)
def test_an_address_is_kept_in_one_form(given: str, kept: str) -> None:
    assert address(given) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "api.example.org/v1",
        "file:///etc/passwd",
        "https://me:secret@host/v1",
        "https://host/v1?key=secret",
        "http://host:port/v1",
        "http://[host/v1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_and_the_secret_not_shown(wrong: str) -> None:
    with pytest.raises(Invalid, match="The engine's address") as raised:
        address(wrong)
    assert "secret" not in str(raised.value)


def test_a_key_that_is_not_accepted_is_known_before_anything_is_asked() -> None:
    with house(server={"cards_status": 401}, key=KEY) as (_, engine), pytest.raises(Unusable, match="accept the key"):
        engine.identity()
