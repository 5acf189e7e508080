"""`assay serve-model` as a person starts it: it says where it answers, and takes everything along."""

import json
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.conftest import Assay
from tests.processes import LINUX_ONLY, children, command, eventually, of_group
from worker.engines import guard


def started(model: Path, folder: Path) -> subprocess.Popen[str]:
    verb = ["serve-model", str(model), "--port", "0", "--dtype", "float32", "--name", "tiny", "--data-dir", str(folder)]
    words = [sys.executable, "-c", "from backend.cli.main import main; main()", *verb, "--", "--max-num-seqs", "8"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def completion(address: str) -> int:
    host, port = address.split(":")
    connection = HTTPConnection(host, int(port), timeout=60)
    body = json.dumps({"model": "tiny", "prompt": "Hello", "max_tokens": 2})
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def guards(pid: int) -> list[int]:
    """Whoever leads a server's group, among a process's children."""
    return [child for child in children(pid) if "guard.py" in command(child)]


@pytest.mark.long
@LINUX_ONLY
def test_it_says_where_it_answers_and_stops_whole_with_ctrl_c(tiny_llama: Path, tmp_path: Path) -> None:
    with started(tiny_llama, tmp_path) as process:
        assert process.stdout is not None
        found = re.match(r"tiny answers at http://([\d.:]+)/v1 \(vLLM \S+, log: (\S+)\)", process.stdout.readline())
        assert found is not None
        assert completion(found[1]) == 200
        (group,) = guards(process.pid)
        assert any("--max-num-seqs 8" in line for line in of_group(group).values())
        assert "assay generate" in process.stdout.readline()
        assert "Ctrl-C" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "Stopped.\n"
        assert process.wait(60) == 0
    assert eventually(lambda: of_group(group) == {}, within=10)
    assert Path(found[2]).stat().st_size > 0


@pytest.mark.long
@LINUX_ONLY
def test_killed_with_nine_it_leaves_no_process_of_vllm(tiny_llama: Path, tmp_path: Path) -> None:
    with started(tiny_llama, tmp_path) as process:
        assert eventually(lambda: guards(process.pid) != [], within=60)
        (group,) = guards(process.pid)
        assert eventually(lambda: any("EngineCore" in line for line in of_group(group).values()), within=120)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
    assert eventually(lambda: of_group(group) == {}, within=guard.GRACE_SECONDS + 5)


def test_without_an_environment_it_names_the_command_that_makes_it(
    run: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_VLLM_PYTHON", str(tmp_path / "absent"))
    result = run("serve-model", "gpt2")
    assert result.exit_code == 1
    assert "Make it with `make vllm`" in str(result.exception)


def test_what_is_no_share_of_memory_is_refused(run: Assay) -> None:
    assert "--memory" in run("serve-model", "gpt2", "--memory-share", "40").output
