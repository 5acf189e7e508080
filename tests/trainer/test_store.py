"""Data as tokens on disk: made once, whole or not at all, and the same as each dialogue's own."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer import tiny_tokenizers as tiny
from trainer import store as stores
from trainer import tokenising
from trainer.columns import Columns
from trainer.dialogues import Dialogue, read
from trainer.errors import BadRun, DiskFull
from trainer.run import Markers
from trainer.store import Store
from trainer.text.fit import ODD, PLAIN, WITH_RULES, talk
from trainer.text.koala import Koala

SAID = (*PLAIN, WITH_RULES, *ODD)


@pytest.fixture(scope="module")
def koala() -> Koala:
    return Koala(tiny.llama(), Markers.TEXT)


def file_of(path: Path, *dialogues: Dialogue) -> Path:
    lines = [[{"role": turn.role, "text": turn.text} for turn in dialogue.turns] for dialogue in dialogues]
    path.write_text("".join(json.dumps({"turns": turns}) + "\n" for turns in lines), "utf-8")
    return path


def quiet(done: int, lines: int) -> None:
    """Nobody watches."""


def made(folder: Path, koala: Koala, *files: Path) -> Store:
    return tokenising.of_dialogues(folder, files, koala, progress=quiet)


def test_a_store_has_each_dialogue_s_tokens(tmp_path: Path, koala: Koala) -> None:
    files = [file_of(tmp_path / "a.jsonl", *SAID[:3]), file_of(tmp_path / "b.jsonl", *SAID[3:])]
    store = made(tmp_path / "tokens", koala, *files)
    for text, dialogue in enumerate(dialogue for file in files for dialogue in read(file)):
        tokens, here = koala.tokens(dialogue), slice(store.offsets[text], store.offsets[text + 1])
        assert store.ids[here].tolist() == tokens.ids.tolist()
        assert store.supervised[here].tolist() == tokens.supervised.tolist()
        assert store.turns_of(text).tolist() == tokens.turns.tolist()
        assert store.openings[text] == dialogue.opening
    assert store.lengths.tolist() == [len(koala.tokens(dialogue).ids) for dialogue in SAID]
    assert (store.index.texts, store.index.tokens) == (len(SAID), len(store.ids))
    assert store.index.supervised == store.supervised.sum()
    assert isinstance(store.ids, np.memmap)
    assert not store.ids.flags.writeable


def test_it_is_made_once_for_the_same_data_wherever_that_lies(tmp_path: Path, koala: Koala) -> None:
    file, folder = file_of(tmp_path / "a.jsonl", *SAID), tmp_path / "tokens"
    first = made(folder, koala, file)
    at = (folder / "ids.npy").stat().st_mtime_ns
    moved = made(folder, Koala(tiny.llama(), Markers.TEXT), file.rename(tmp_path / "b.jsonl"))
    assert (folder / "ids.npy").stat().st_mtime_ns == at
    assert moved.index == first.index


@pytest.mark.parametrize("what", ["data", "tokenizer", "settings", "index"])
def test_it_is_made_anew_if_anything_else_is_asked_for(what: str, tmp_path: Path, koala: Koala) -> None:
    file, folder = file_of(tmp_path / "a.jsonl", *SAID), tmp_path / "tokens"
    first = made(folder, koala, file)
    if what == "data":
        file_of(file, *SAID, talk("Hi", "Hello"))
    if what == "index":
        (folder / "index.json").write_text("{}", "utf-8")
    other = {
        "tokenizer": Koala(tiny.gpt2(), Markers.TEXT),
        "settings": Koala(tiny.llama(), Markers.TEXT, extra_eos=True),
    }
    second = made(folder, other.get(what, koala), file)
    assert (second.index.data == first.index.data) == (what != "data")
    assert (second.index.key == first.index.key) == (what == "index")
    assert (len(second.ids) == len(first.ids)) == (what == "index")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["tokens"]


def test_what_is_left_out_is_counted(tmp_path: Path, koala: Koala) -> None:
    file = file_of(tmp_path / "a.jsonl", talk("Hi", "Hello", "And?"), talk("Hi"), talk("Hi", "Hello"))
    store = made(tmp_path / "tokens", koala, file)
    assert (store.index.texts, store.index.unanswered, store.index.untaught) == (2, 1, 1)


def test_a_file_with_nothing_to_teach_is_named_and_leaves_nothing_behind(tmp_path: Path, koala: Koala) -> None:
    files = [file_of(tmp_path / "a.jsonl", *SAID), file_of(tmp_path / "b.jsonl", talk("Hi"))]
    with pytest.raises(BadRun, match=r"b\.jsonl has no answer in it"):
        made(tmp_path / "tokens", koala, *files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]


def test_a_bad_line_leaves_what_was_there(tmp_path: Path, koala: Koala) -> None:
    file, folder = file_of(tmp_path / "a.jsonl", *SAID), tmp_path / "tokens"
    before = made(folder, koala, file).index
    bad = tmp_path / "b.jsonl"
    bad.write_text("{", "utf-8")
    with pytest.raises(BadRun, match=r"b\.jsonl:1: is not JSON"):
        made(folder, koala, bad)
    with pytest.raises(BadRun, match=r"c\.jsonl can't be read"):
        made(folder, koala, tmp_path / "c.jsonl")
    assert stores.index_in(folder) == before


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    tmp_path: Path, koala: Koala, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(columns: Columns, name: str, numbers: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = file_of(tmp_path / "a.jsonl", *SAID)
    monkeypatch.setattr(Columns, "append", full)
    with pytest.raises(DiskFull, match="The disk is full"):
        made(tmp_path / "tokens", koala, file)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_progress_is_told_in_lines(tmp_path: Path, koala: Koala) -> None:
    told: list[tuple[int, int]] = []
    file = file_of(tmp_path / "a.jsonl", *([talk("Hi", "Hello")] * (tokenising.AT_ONCE + 1)))
    tokenising.of_dialogues(tmp_path / "tokens", [file], koala, progress=lambda done, lines: told.append((done, lines)))
    assert told == [(128, 129), (129, 129)]


def test_texts_are_taught_whole(tmp_path: Path, koala: Koala) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "Why is the sky blue?"}\n{"text": "Hi"}\n', "utf-8")
    store = tokenising.of_texts(tmp_path / "tokens", [file], koala, progress=quiet)
    assert store.index.texts == 2
    assert store.supervised.all()
    assert store.index.supervised == len(store.ids) - 2


def test_supervised_tokens_before_places_are_counted(
    tmp_path: Path, koala: Koala, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made(tmp_path / "tokens", koala, file_of(tmp_path / "a.jsonl", *SAID))
    monkeypatch.setattr(stores, "CHUNK", 7)
    places = np.random.default_rng(0).integers(0, len(store.ids) + 1, 500)
    places[:2] = 0, len(store.ids)
    assert store.supervised_before(places).tolist() == [int(store.supervised[:place].sum()) for place in places]
    assert store.supervised_before(np.zeros(0, np.int64)).tolist() == []


def test_who_is_evaluated_with_does_not_depend_on_the_order(tmp_path: Path, koala: Koala) -> None:
    asked = [talk(f"Query {number % 60}", f"Answer {number}") for number in range(120)]
    kept = []
    for name, dialogues in (("a", asked), ("b", asked[::-1])):
        store = made(tmp_path / name, koala, file_of(tmp_path / f"{name}.jsonl", *dialogues))
        training, evaluation = store.split(0.25)
        assert sorted([*training, *evaluation]) == list(range(120))
        kept.append({dialogues[text].turns[0].text for text in evaluation})
        assert len(evaluation) == 2 * len(kept[-1])  # both answers to a query are on one side
        assert not kept[-1] & {dialogues[text].turns[0].text for text in training}
    assert kept[0] == kept[1]
    assert 0.1 < len(kept[0]) / 60 < 0.4
    assert [len(side) for side in store.split(0.0)] == [120, 0]


@given(st.lists(st.lists(st.integers(-5, 5), max_size=9), max_size=9))
def test_a_column_is_what_was_appended(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("columns")
    with Columns(folder, {"a": np.int32, "b": np.bool_}) as columns:
        for batch in batches:
            columns.append("a", np.array(batch, np.int64))
    found = np.load(folder / "a.npy")
    assert found.tolist() == [number for batch in batches for number in batch]
    assert found.dtype == np.int32
    assert np.load(folder / "b.npy").tolist() == []
