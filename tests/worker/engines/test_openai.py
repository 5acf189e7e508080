"""OpenAI's interface over a real socket: what is sent, what is read, and what every failure is called."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pydantic import SecretStr

from backend.domain.asking import EngineKind
from tests import openai as script
from tests.openai import Step, scripted
from tests.worker.engines.asked import MODEL, chat, completion, house
from worker.engines import answers
from worker.engines.openai import OpenAIEngine
from worker.engines.protocol import EngineError, Hopeless, Identity, TooFast, TooLong, Transient, Unusable

KEY = SecretStr("sk-a-secret")


def test_a_chat_is_sent_with_every_setting_and_its_answer_read() -> None:
    with house(script.says("It scatters.", usage={"prompt_tokens": 11, "completion_tokens": 3})) as (server, engine):
        request = chat("Why?", temperature=0.7, top_p=0.9, max_tokens=20, seed=7, stop=("\n",), sample=1)
        reply = engine.ask(request)
    assert (reply.text, reply.finish, reply.model) == ("It scatters.", "stop", MODEL)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.logprobs) == (11, 3, ())
    assert server.asked[0].path == "/v1/chat/completions"
    assert server.bodies == [
        {
            "model": MODEL,
            "messages": [{"role": "user", "content": "Why?"}],
            "temperature": 0.7,
            "top_p": 0.9,
            "max_tokens": 20,
            "seed": request.seed,
            "stop": ["\n"],
        }
    ]


def test_a_completion_is_sent_as_a_text_and_nothing_that_was_not_asked_for() -> None:
    with house(script.says(" blue.", finish="length")) as (server, engine):
        reply = engine.ask(completion("The sky is"))
    assert (reply.text, reply.finish) == (" blue.", "length")
    assert server.asked[0].path == "/v1/completions"
    assert server.bodies == [
        {"model": MODEL, "prompt": "The sky is", "temperature": 0.0, "top_p": 1.0, "max_tokens": 512}
    ]


def test_tokens_that_read_alike_are_added_up_in_a_chat_s_logprobs() -> None:
    """By hand: log(e^-1 + e^-2) = -1 + log(1 + e^-1) = -0.68674."""
    places = [[("A", -1.0), ("B", -1.5), ("A", -2.0)]]
    with house(script.says("A", logprobs=places)) as (server, engine):
        reply = engine.ask(chat(logprobs=3))
    assert reply.logprobs == ({"A": pytest.approx(-0.68674, abs=1e-5), "B": -1.5},)
    assert server.bodies[0]["logprobs"] is True
    assert server.bodies[0]["top_logprobs"] == 3


def test_a_completion_s_logprobs_are_asked_for_by_number() -> None:
    with house(script.says("A", logprobs=[[("A", -0.25), ("B", -2.0)]])) as (server, engine):
        reply = engine.ask(completion(logprobs=2))
    assert reply.logprobs == ({"A": -0.25, "B": -2.0},)
    assert server.bodies[0]["logprobs"] == 2
    assert "return_tokens_as_token_ids" not in server.bodies[0]


def test_vllm_names_tokens_by_id_in_completions_so_that_those_that_read_alike_are_all_there() -> None:
    places = [[("token_id:3", -1.0), ("token_id:9", -2.0), ("token_id:5", -1.5)]] * 2
    words = {3: "A", 9: "A", 5: "B"}
    step = script.says("AA", logprobs=places)
    with house(step, server={"words": words}, kind=EngineKind.VLLM) as (server, engine):
        reply = engine.ask(completion(logprobs=3))
    assert reply.logprobs == ({"A": pytest.approx(-0.68674, abs=1e-5), "B": -1.5},) * 2
    assert server.bodies[0]["return_tokens_as_token_ids"] is True
    assert [one.body["tokens"] for one in server.looked] == [[3], [9], [5]]


def test_another_model_s_name_in_the_answer_is_kept() -> None:
    with house(script.says("Hi.", model="a-model-0613")) as (_, engine):
        assert engine.ask(chat()).model == "a-model-0613"


def test_empty_answers_and_refusals_are_answers() -> None:
    silent = script.says(None, finish="length")
    refusing = script.says(None, refusal="I can't help with that.")
    with house(script.says(""), silent, refusing) as (_, engine):
        replies = [engine.ask(chat()) for _ in range(3)]
    assert [(reply.text, reply.finish) for reply in replies] == [
        ("", "stop"),
        ("", "length"),
        ("I can't help with that.", "refusal"),
    ]


def test_an_answer_without_a_count_of_tokens_counts_none() -> None:
    choice = {"message": {"content": "Hi."}}
    with house(script.sends({"model": MODEL, "choices": [choice]})) as (_, engine):
        reply = engine.ask(chat())
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish) == (0, 0, "")


def test_a_model_that_wants_its_length_under_the_other_name_gets_it_from_then_on() -> None:
    wants = script.complains(400, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
    with house(wants) as (server, engine):
        assert [engine.ask(chat(max_tokens=9)).text for _ in range(2)] == ["An answer."] * 2
    assert [body.get("max_completion_tokens") for body in server.bodies] == [None, 9, 9]
    assert "max_tokens" not in server.bodies[1]


GOOD = {"model": MODEL, "choices": [{"message": {"content": "Hi."}}]}
ODD = [
    script.truncated(),
    script.sends([]),
    script.sends({}),
    script.sends({"error": {"message": "overloaded"}}),
    script.sends({"choices": GOOD["choices"]}),
    script.sends({**GOOD, "choices": []}),
    script.sends({**GOOD, "choices": [{"message": {}}]}),
    script.sends({**GOOD, "choices": [{"message": {"content": ["Hi."]}}]}),
    script.sends({**GOOD, "usage": {"prompt_tokens": -1}}),
    script.sends({**GOOD, "usage": {"prompt_tokens": "many"}}),
    lambda _: script.Answer(body=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
    lambda _: script.Answer(body=b'{"model": "\xff"}'),
]


@pytest.mark.parametrize("step", ODD)
def test_an_odd_answer_is_worth_asking_again_and_says_what_is_odd(step: Step) -> None:
    with house(step) as (_, engine):
        with pytest.raises(Transient, match="answer is cut off or not what its interface promises"):
            engine.ask(chat())
        assert engine.ask(chat()).text == "An answer."


def test_odd_logprobs_are_an_odd_answer() -> None:
    odd = {"content": [{"top_logprobs": [{"token": "A", "logprob": None}]}]}
    with (
        house(script.sends({**GOOD, "choices": [{**GOOD["choices"][0], "logprobs": odd}]})) as (_, engine),
        pytest.raises(Transient, match=r"choices\.0\.logprobs\.content\.0\.top_logprobs\.0\.logprob"),
    ):
        engine.ask(chat(logprobs=1))


@pytest.mark.parametrize("step", [script.hangs_up(), script.cut_off()])
def test_a_broken_connection_is_worth_asking_again(step: Step) -> None:
    with house(step) as (_, engine):
        with pytest.raises(Transient, match=r"The connection to http://127.0.0.1:\d+/v1 failed"):
            engine.ask(chat())
        assert engine.ask(chat()).text == "An answer."


def test_a_server_that_is_not_there_is_worth_asking_again() -> None:
    with scripted() as server:
        url = server.url
    with closing(OpenAIEngine(url, MODEL)) as engine, pytest.raises(Transient, match="see that the server runs"):
        engine.ask(chat())


def test_a_server_that_hangs_is_left_after_the_time_allowed() -> None:
    with (
        house(script.hangs(), timeout=0.2) as (_, engine),
        pytest.raises(Transient, match=r"did not answer within 0\.2 seconds"),
    ):
        engine.ask(chat())


def test_a_server_that_drips_is_left_after_the_time_allowed_though_it_never_pauses() -> None:
    """A clock that runs on at each look: however many bytes the system hands over at once, they come too late."""
    moments = iter(range(0, 601 * 100_000, 601))
    with (
        house(script.drips("slow " * 1000), timeout=600, clock=lambda: float(next(moments))) as (_, engine),
        pytest.raises(Transient, match="did not answer within 600 seconds"),
    ):
        engine.ask(chat())


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with (
        house(script.says("word " * 1000), largest=1000) as (_, engine),
        pytest.raises(Transient, match="more than 1,000 bytes as one answer; lower max_tokens"),
    ):
        engine.ask(chat())


DATE = "Wed, 25 Nov 2026 20:00:00 GMT"


@pytest.mark.parametrize(
    ("step", "pause"),
    [
        (script.too_fast(), None),
        (script.too_fast("7"), 7.0),
        (script.too_fast("0.5"), 0.5),
        (script.too_fast("Wed, 25 Nov 2026 20:01:30 GMT", date=DATE), 90.0),
        (script.too_fast("Wed, 25 Nov 2026 19:00:00 GMT", date=DATE), 0.0),
        (script.too_fast("Wed, 25 Nov 2026 20:01:30 GMT"), None),
        (script.too_fast("soon", date=DATE), None),
        (script.too_fast("-1"), None),
    ],
)
def test_too_fast_tells_the_pause_that_the_server_names_by_its_own_clock(step: Step, pause: float | None) -> None:
    with house(step) as (_, engine), pytest.raises(TooFast, match="asked too often") as raised:
        engine.ask(chat())
    assert raised.value.pause == pause


@pytest.mark.parametrize(
    ("step", "kind", "problem"),
    [
        (script.breaks(500), Transient, r"could not answer \(500\)"),
        (script.breaks(503, Retry_After="30"), Transient, "The server had an error"),
        (script.complains(408, "Timed out."), Transient, "Timed out"),
        (script.sends({}, status=202), Transient, r"could not answer \(202\)"),
        (script.unauthorized(), Unusable, "does not accept the key"),
        (script.complains(403, "No."), Unusable, "ASSAY_ENGINE_KEYS"),
        (script.missing_model(), Unusable, "The model `a-model` does not exist"),
        (script.complains(405, "No."), Unusable, "usually ends in /v1"),
        (script.complains(402, "Pay."), Unusable, "no money or quota left"),
        (script.complains(429, "Quota.", code="insufficient_quota"), Unusable, "top it up, then resume"),
        (script.too_long(), TooLong, "too long for this model; lower max_tokens"),
        (script.complains(400, "temperature is odd", code=400), Hopeless, "It says: temperature is odd"),
        (script.sends({"error": "bad"}, status=422), Hopeless, "It says: bad"),
        (script.sends({"object": "error", "message": "bad"}, status=400), Hopeless, "It says: bad"),
        (script.sends("bad", status=400), Hopeless, r"refuses this request \(400\)"),
        (script.redirects("http://127.0.0.1:1/v1"), Unusable, r"sends its callers elsewhere \(307\)"),
    ],
)
def test_every_refusal_has_its_name_and_a_sentence(step: Step, kind: type[EngineError], problem: str) -> None:
    with house(step) as (server, engine), pytest.raises(EngineError, match=problem) as raised:
        engine.ask(chat())
    assert type(raised.value) is kind
    assert len(server.asked) == 1


def test_vllm_says_its_version_and_what_it_has_loaded() -> None:
    cards = {"object": "list", "data": [{"id": "other"}, {"id": MODEL, "root": "hub/tiny", "owned_by": "vllm"}]}
    with house(server={"cards": cards}, kind=EngineKind.VLLM) as (server, engine):
        assert engine.identity() == Identity(EngineKind.VLLM, "0.32.0", "hub/tiny", server.url)
    assert server.asked == []


def test_a_server_of_ours_tells_which_weights_it_serves_for_a_folder_may_be_trained_anew() -> None:
    cards = [{"id": MODEL, "root": "/models/tiny"}, {"id": "ours-0123456789abcdef-auto-5eed", "root": "/models/tiny"}]
    with house(server={"cards": {"data": cards}}, kind=EngineKind.VLLM) as (_, engine):
        assert engine.identity().model_revision == "/models/tiny, 0123456789abcdef-auto"


def test_a_server_that_tells_neither_has_neither_and_what_is_known_of_its_model_stands() -> None:
    with house(server={"version": None}) as (server, engine):
        assert engine.identity() == Identity(EngineKind.OPENAI, "", "", server.url)
    with house(server={"version": None}, revision="abc123") as (_, engine):
        assert engine.identity().model_revision == "abc123"


def test_a_gateway_that_answers_at_vllms_address_for_versions_with_something_else_has_none() -> None:
    assert answers.read(answers.Version, b'{"service": "a gateway"}').version == ""


def test_many_threads_share_the_connections_and_every_one_hears_its_own_answer() -> None:
    def parrot(asked: script.Asked) -> script.Answer:
        return script.says(asked.prompt)(asked)

    with house(server={"otherwise": parrot}, connections=8) as (_, engine), ThreadPoolExecutor(16) as threads:
        texts = [f"question {number}" for number in range(200)]
        assert [reply.text for reply in threads.map(engine.ask, map(chat, texts))] == texts
