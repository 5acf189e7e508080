"""A run's data: known by its hash before any of it is tokens, and what a person is told of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.trainer import tiny_runs
from tests.trainer import tiny_tokenizers as tiny
from trainer import data, reading, signals
from trainer.engine import World
from trainer.errors import Stopped
from trainer.folder import TOKENS
from trainer.run import Markers, Run
from trainer.text.koala import Koala

ALONE = World(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def koala() -> Koala:
    return Koala(tiny.llama(), Markers.TEXT)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    path = tmp_path / "run.toml"
    path.write_text(tiny_runs.material(tmp_path), "utf-8")
    return reading.read(path)


def test_data_are_known_by_their_hash_before_any_token_is_written(run: Run, koala: Koala) -> None:
    before = data.hash_of(run, koala)
    assert not (run.out / TOKENS).exists()

    data.prepared(run, koala, ALONE)
    assert data.hash_of(run, koala) == before
    assert data.hash_of(replace(run, data=replace(run.data, evaluation_share=0.5)), koala) != before
    tiny_runs.write_dialogues(run.data.train[0], 41)
    assert data.hash_of(run, koala) != before


@pytest.mark.parametrize(("share", "warned"), [(0.0, 0), (1e-9, 1), (0.5, 0)])
def test_a_share_that_keeps_no_dialogue_is_told(share: float, warned: int, run: Run, koala: Koala) -> None:
    made = data.prepared(replace(run, data=replace(run.data, evaluation_share=share)), koala, ALONE)

    told = data.warnings(made)
    assert len(told) == warned
    assert all("evaluation_share is 1e-09, and of so few dialogues that keeps none" in words for words in told)


def test_who_is_told_to_end_while_tokens_are_made_ends_and_leaves_none(run: Run, koala: Koala) -> None:
    stop = signals.Stop(told=True)

    with pytest.raises(Stopped, match="the same call begins again"):
        data.prepared(run, koala, ALONE, on_progress=lambda words: stop.obey())
    assert list((run.out / TOKENS).iterdir()) == []
