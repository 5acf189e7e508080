"""A real vLLM server starts, answers and goes; what can't start says why; nobody is left behind."""

import json
import os
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from backend.config import Settings
from backend.errors import Invalid, Unavailable
from tests import tiny_models
from tests.processes import LINUX_ONLY, eventually, naming, of_group
from worker.engines.ports import BEYOND, HOST
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_environment import VllmEnvironment
from worker.engines.vllm_server import RunningServer, serving

pytestmark = [pytest.mark.long, LINUX_ONLY]


def asked(server: RunningServer, path: str, **body: object) -> dict[str, object]:
    connection = HTTPConnection(HOST, server.port, timeout=120)
    words = json.dumps({"model": server.name, "temperature": 0, "max_tokens": 8, **body})
    connection.request("POST", f"/v1/{path}", words, {"Content-Type": "application/json"})
    answer = json.load(connection.getresponse())
    connection.close()
    assert isinstance(answer, dict)
    return answer


def api_server(group: int) -> int:
    """The process whose end the guard waits for."""
    return next(pid for pid, line in of_group(group).items() if "-m vllm" in line and "guard.py" not in line)


def test_a_server_completes_texts_and_answers_chats_by_its_name(vllm_server: RunningServer) -> None:
    assert (vllm_server.url, vllm_server.name) == (f"http://127.0.0.1:{vllm_server.port}/v1", "tiny")
    assert vllm_server.port < BEYOND
    text = asked(vllm_server, "completions", prompt="Why is the sky blue?")
    chat = asked(vllm_server, "chat/completions", messages=[{"role": "user", "content": "Why is the sky blue?"}])
    assert text["model"] == chat["model"] == "tiny"
    assert text["usage"]["completion_tokens"] == chat["usage"]["completion_tokens"] == 8
    assert asked(vllm_server, "completions", prompt="Why is the sky blue?")["choices"] == text["choices"]
    vllm_server.check()


def test_it_has_no_secret_of_ours_and_asks_no_hub_about_a_folder(vllm_server: RunningServer) -> None:
    given = Path(f"/proc/{api_server(vllm_server.process.pid)}/environ").read_text("utf-8").split("\0")
    assert "HF_HUB_OFFLINE=1" in given
    assert [one for one in given if one.startswith("ASSAY_")] == []


def test_a_server_that_is_killed_is_noticed_and_leaves_nobody(tiny_gpt2: Path, tmp_path: Path) -> None:
    said: list[str] = []
    settings = Settings(data_dir=tmp_path)
    with serving(ServerSpec(str(tiny_gpt2), dtype="float32"), settings, on_progress=said.append) as server:
        group = server.process.pid
        assert any("EngineCore" in line for line in of_group(group).values())
        assert asked(server, "completions", prompt="Hello")["model"] == "tiny-gpt2"
        os.kill(api_server(group), signal.SIGKILL)
        assert eventually(lambda: not server.is_running, within=20)
        with pytest.raises(Unavailable, match=rf"serving tiny-gpt2, has stopped\.\nIts log, {server.log}, ends:"):
            server.check()
    assert said[0] == "loading, 0 s"
    assert eventually(lambda: of_group(group) == {}, within=10)
    assert server.log.parent == tmp_path / "logs"
    assert "ended by signal 9" in server.log.read_text("utf-8")


def test_a_folder_that_is_no_checkpoint_is_refused_before_anything_starts(
    vllm: VllmEnvironment, tiny_llama: Path, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(Invalid, match=r"it has no config\.json"), serving(ServerSpec(str(tmp_path)), settings):
        raise AssertionError
    if vllm.on_cpu:
        narrow = tiny_models.with_config(tiny_models.copy(tiny_llama, tmp_path / "narrow"), head_dim=16)
        with pytest.raises(Invalid, match="heads of dimension 16"), serving(ServerSpec(str(narrow)), settings):
            raise AssertionError
    assert not (tmp_path / "data").exists()


def test_a_server_that_fails_to_load_says_its_logs_last_words(tiny_llama: Path, tmp_path: Path) -> None:
    strange = tiny_models.with_config(tiny_models.copy(tiny_llama, tmp_path / "strange"), architectures=["Unheard"])
    settings = Settings(data_dir=tmp_path)
    with (
        pytest.raises(Unavailable, match=r"(?s)has stopped.*Unheard.*ended with code 1"),
        serving(ServerSpec(str(strange)), settings),
    ):
        raise AssertionError


def test_a_server_that_takes_too_long_or_is_given_up_is_stopped(tiny_llama: Path, tmp_path: Path) -> None:
    settings, spec = Settings(data_dir=tmp_path), ServerSpec(str(tiny_models.copy(tiny_llama, tmp_path / "mine")))
    with pytest.raises(Unavailable, match=r"did not answer within 1 s\."), serving(spec, settings, patience=1.0):
        raise AssertionError

    def cancelled(_: str) -> None:
        assert naming(spec.model) != []
        raise InterruptedError

    with pytest.raises(InterruptedError), serving(spec, settings, on_progress=cancelled):
        raise AssertionError
    assert eventually(lambda: naming(spec.model) == [], within=10)
    assert len(list((tmp_path / "logs").iterdir())) == 2
