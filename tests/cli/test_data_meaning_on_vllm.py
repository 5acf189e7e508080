"""The third signal of `assay data leakage` by a real vLLM that serves a real, tiny embedding model."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from backend.cli.serve_model import example
from backend.config import Settings
from tests.cli.conftest import Assay
from tests.cli.test_data import dialogue, rows
from tests.processes import LINUX_ONLY
from worker.engines.embeddings import Embedder
from worker.engines.openai import OpenAIEngine
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_environment import VllmEnvironment
from worker.engines.vllm_server import RunningServer, serving

pytestmark = [pytest.mark.long, LINUX_ONLY]
SCRIPT = Path(__file__).parents[1] / "make_tiny_encoder.py"
POEM, SKY, TALE = "Write a poem about the sea in four lines.", "Why is the sky blue?", "Tell me a tale of two dogs"
TEXTS = (
    POEM,
    SKY,
    TALE,
    "write a POEM about the sea, in four lines",
    "How do I reverse a list?",
    "x",
    "12, 345!",
    POEM,
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and the embeddings of TEXTS by transformers."""

    server: RunningServer
    states: Floats

    def embedder(self) -> Embedder:
        return Embedder(OpenAIEngine(self.server.url, self.server.name), random=Random(1))


def made(folder: Path, python: Path) -> Floats:
    """The model in the folder; TEXTS' embeddings by transformers."""
    given = folder.with_suffix(".jsonl")
    given.write_text("".join(json.dumps(text) + "\n" for text in TEXTS), "utf-8")
    words = [str(python), "-I", str(SCRIPT), str(folder), str(given)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout))


@pytest.fixture(scope="module")
def served(vllm: VllmEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("encoder")
    states = made(folder / "tiny-bert", vllm.python)
    spec = ServerSpec(str(folder / "tiny-bert"), dtype="float32", embeds=True)
    with serving(spec, Settings(data_dir=folder / "served")) as server:
        yield Served(server, states)


def test_vectors_are_those_of_transformers_and_the_same_for_the_same_text(served: Served) -> None:
    with closing(served.embedder()) as model:
        found = model.vectors(TEXTS)
        alone = model.vectors([POEM])
    assert np.abs(found - served.states).max() < 1e-5
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    assert found[0] @ found[-1] == pytest.approx(1, abs=1e-6)
    assert found[0] @ alone[0] == pytest.approx(1, abs=1e-6)
    others = (found @ found.T)[np.triu_indices(len(TEXTS) - 1, k=1)]
    assert others.min() < 0.5, "a model that holds everything to be the same would show nothing"


def test_the_command_marks_what_is_the_same_or_nearly_and_nothing_else(
    served: Served, run: Assay, tmp_path: Path
) -> None:
    asked = (POEM, SKY, "How do I reverse a list?", "\ud800 12, 345!")
    prompts = rows(tmp_path / "prompts.jsonl", *({"prompt": text} for text in asked))
    train = rows(
        tmp_path / "train.jsonl",
        dialogue("write a POEM about the sea, in four lines", "Waves."),
        dialogue("dogs and tales " * 5_000, "Two."),
        dialogue(SKY, ""),
    )
    whom = shlex.split(example(served.server))[-4:]
    assert whom == ["--embed-url", served.server.url, "--embed-model", "tiny-bert"]
    done = run("data", "leakage", "--eval", prompts, "--train", train, *whom, "--answers")
    assert done.exit_code == 0, done.output
    assert "tiny-bert saw only the beginning of what is too long for it: 1 of " in done.output
    assert "2 that mean the same, from a cosine of 0.9 on" in done.output
    told = json.loads(run("data", "leakage", "--eval", prompts, "--train", train, *whom, "--json").stdout)["found"]
    assert [one["is_alike"] for one in told] == [True, True, False, False]
    assert told[1]["likest"]["cosine"] == pytest.approx(1, abs=1e-6)
    assert 0.9 < told[0]["likest"]["cosine"] < 0.9999
