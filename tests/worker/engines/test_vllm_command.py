"""What vLLM is told, and what it is not."""

from pathlib import Path

import pytest

from worker.engines.vllm_command import ServerSpec, command, environment
from worker.engines.vllm_environment import VllmEnvironment

CPU = VllmEnvironment(Path("/vllm/bin/python"), "0.32.0", on_cpu=True)
GPU = VllmEnvironment(Path("/vllm/bin/python"), "0.32.0", on_cpu=False)


def words(spec: ServerSpec, found: VllmEnvironment = GPU) -> str:
    return " ".join(command(spec, found, port=20_001, own_name="ours"))


def test_every_wish_becomes_an_option_and_what_is_not_wished_is_left_to_vllm() -> None:
    spec = ServerSpec(
        "owner/name",
        name="tiny",
        revision="abc",
        dtype="bfloat16",
        tensor_parallel=2,
        memory_share=0.5,
        max_length=512,
        seed=7,
        extra=("--max-num-seqs", "4"),
    )
    assert words(spec) == (
        "/vllm/bin/python -m vllm.entrypoints.openai.api_server --model owner/name --served-model-name tiny ours"
        " --host 127.0.0.1 --port 20001 --dtype bfloat16 --tensor-parallel-size 2 --seed 7 --revision abc"
        " --max-model-len 512 --gpu-memory-utilization 0.5 --max-num-seqs 4"
    )
    unasked = {"--revision", "--max-model-len", "--gpu-memory-utilization", "--runner"}
    assert not unasked & set(words(ServerSpec("gpt2")).split())


def test_an_embedding_model_is_served_as_one() -> None:
    assert words(ServerSpec("owner/name", embeds=True)).endswith("--seed 0 --runner pooling")


def test_the_cpu_build_compiles_nothing_and_takes_one_gibibyte_unless_a_share_is_wished() -> None:
    assert "--enforce-eager --no-enable-chunked-prefill --kv-cache-memory-bytes 1073741824" in words(
        ServerSpec("gpt2"), CPU
    )
    assert "--kv-cache-memory-bytes" not in words(ServerSpec("gpt2", memory_share=0.2), CPU)
    assert "--enforce-eager" not in words(ServerSpec("gpt2"), GPU)


def test_a_model_is_served_by_its_folders_name_or_the_hubs(tmp_path: Path) -> None:
    (tmp_path / "imitation").mkdir()
    assert ServerSpec(f"{tmp_path}/imitation/").served_as == "imitation"
    assert ServerSpec("owner/name").served_as == "owner/name"
    assert ServerSpec("owner/name", name="mine").served_as == "mine"


def test_no_secret_of_ours_and_no_path_of_our_packages_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ASSAY_SECRET_KEY", "ASSAY_MTURK_SECRET_KEY", "PYTHONPATH", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_TOKEN", "the hub's")
    given = environment(ServerSpec("owner/name"))
    assert not {"ASSAY_SECRET_KEY", "ASSAY_MTURK_SECRET_KEY", "PYTHONPATH", "HF_HUB_OFFLINE"} & set(given)
    assert given["HF_TOKEN"] == "the hub's"
    assert environment(ServerSpec(str(tmp_path)))["HF_HUB_OFFLINE"] == "1"
