"""vLLM's environment is found where it is said to be, and missed with the command that makes it."""

import sys
from pathlib import Path

import pytest

from backend.config import Settings
from backend.errors import Unavailable
from worker.engines import vllm_environment
from worker.engines.vllm_environment import VllmEnvironment


def test_the_real_one_tells_its_build(vllm: VllmEnvironment) -> None:
    assert vllm.version == "0.32.0"
    assert vllm.python.name == "python"


def test_an_absent_one_names_the_command_that_makes_it() -> None:
    with pytest.raises(Unavailable, match=r"looked for /no/such/python\)\. Make it with `make vllm`"):
        vllm_environment.find(Settings(vllm_python="/no/such/python"))


def test_a_python_without_vllm_is_told_from_one_with_it() -> None:
    with pytest.raises(Unavailable, match="has no vLLM"):
        vllm_environment.find(Settings(vllm_python=sys.executable))


def test_a_file_that_is_no_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("no program", "utf-8")
    with pytest.raises(Unavailable, match="does not run"):
        vllm_environment.find(Settings(vllm_python=str(tmp_path / "python")))


def test_without_a_setting_the_working_directory_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / vllm_environment.USUAL.parent).mkdir(parents=True)
    (tmp_path / vllm_environment.USUAL).symlink_to(sys.executable)
    assert vllm_environment.python(Settings(vllm_python="")) == tmp_path / vllm_environment.USUAL
