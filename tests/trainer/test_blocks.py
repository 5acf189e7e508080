"""Rows as a model sees them: every taught token once in any packing, an order that all processes agree on."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer import tiny_tokenizers as tiny
from tests.trainer.test_store import SAID, file_of, made, quiet
from trainer import tokenising
from trainer.blocks import Blocks, blocks_of, share
from trainer.errors import BadRun
from trainer.run import Format, Markers, Packing, Text
from trainer.store import Index, Store
from trainer.text import serialiser_of
from trainer.text.fit import talk
from trainer.text.koala import Koala

every_packing = pytest.mark.parametrize("packing", Packing)
PADDING = 999


def store_of(*texts: list[int], questions: list[list[int]] | None = None) -> Store:
    """Tokens by hand: those above 9 are taught."""
    turns = questions or [[] for _ in texts]
    ids = np.array([id for text in texts for id in text], np.int32)
    return Store(
        ids=ids,
        supervised=ids > 9,
        offsets=np.cumsum([0, *map(len, texts)]),
        turns=np.array([place for text in turns for place in text], np.int32),
        turn_offsets=np.cumsum([0, *map(len, turns)]),
        openings=np.zeros(len(texts), np.uint64),
        index=Index("", "", len(texts), len(ids), int((ids > 9).sum())),
    )


def packed(store: Store, block: int, packing: Packing, pretraining: Store | None = None, weight: float = 0.0) -> Blocks:
    text, texts = Text(block=block, packing=packing), np.arange(len(store.lengths))
    return blocks_of(store, texts, text, padding=PADDING, pretraining=pretraining, weight=weight)


def spelt(blocks: Blocks) -> list[tuple[list[int], list[int], list[int], list[int]]]:
    """Of each row: inputs, targets, those that count, lengths."""
    rows = [blocks[row] for row in range(len(blocks))]
    return [(b.ids.tolist(), b.targets.tolist(), b.targets[b.supervised].tolist(), b.lengths.tolist()) for b in rows]


HAND = store_of([1, 2, 13, 14], [3, 15, 16], [4, 5, 17])


def test_rows_of_best_fit_by_hand() -> None:
    """Places 3, 2 and 2 in rows of 5: 3 with the first 2, then the other."""
    assert spelt(packed(HAND, 5, Packing.BFD)) == [
        ([1, 2, 13, 3, 15], [2, 13, 14, 15, 16], [13, 14, 15, 16], [3, 2]),
        ([4, 5, 999, 999, 999], [5, 17, 999, 999, 999], [17], [2]),
    ]


def test_rows_of_one_running_text_by_hand() -> None:
    """The last token of a text has the first of the next one as its target, and rows go on each other."""
    assert spelt(packed(HAND, 5, Packing.CONCAT)) == [
        ([1, 2, 13, 14, 3], [2, 13, 14, 3, 15], [13, 14, 15], [5]),
        ([15, 16, 4, 5, 999], [16, 4, 5, 17, 999], [16, 17], [4]),
    ]


def test_rows_of_one_text_each_by_hand() -> None:
    assert spelt(packed(HAND, 2, Packing.NONE)) == [
        ([1, 2], [2, 13], [13], [2]),
        ([13, 999], [14, 999], [14], [1]),
        ([3, 15], [15, 16], [15, 16], [2]),
        ([4, 5], [5, 17], [17], [2]),
    ]


def test_a_long_dialogue_goes_on_with_its_question() -> None:
    """Parted at 3, where the second question begins: it is the last target of the first row, and does not count."""
    store = store_of([1, 2, 13, 4, 5, 16], questions=[[3]])
    assert spelt(packed(store, 4, Packing.BFD)) == [
        ([1, 2, 13, 999], [2, 13, 4, 999], [13], [3]),
        ([4, 5, 999, 999], [5, 16, 999, 999], [16], [2]),
    ]


def check(blocks: Blocks, taught: list[int]) -> None:
    """Whatever is to be taught is taught, once; what a row is said to have, it has."""
    rows = [blocks[row] for row in range(len(blocks))]
    assert Counter(int(id) for row in rows for id in row.targets[row.supervised]) == Counter(taught)
    assert blocks.supervised.tolist() == [int(row.supervised.sum()) for row in rows]
    assert blocks.tokens.tolist() == [int(row.lengths.sum()) for row in rows]
    for row in rows:
        assert len(row.ids) == len(row.targets) == len(row.supervised) == blocks.plan.block
        assert not row.supervised[row.lengths.sum() :].any()
        starts = np.cumsum([0, *row.lengths])
        for start, end in pairwise(starts):
            assert row.targets[start : end - 1].tolist() == row.ids[start + 1 : end].tolist()


@given(st.lists(st.lists(st.integers(0, 19), min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 8))
def test_no_packing_loses_a_taught_token(texts: list[list[int]], block: int) -> None:
    """The first token of all, which nothing comes before, is none that can be taught; nor is any text's, if apart."""
    store = store_of(*texts)
    for packing in Packing:
        running = packing is Packing.CONCAT
        taught = [id for text in texts for id in text[0 if running else 1 :] if id > 9]
        taught = taught[1:] if running and texts[0][0] > 9 else taught
        if taught:
            check(packed(store, block, packing), taught)
        else:
            with pytest.raises(BadRun, match="teaches a token"):
                packed(store, block, packing)


@every_packing
def test_only_the_chosen_texts_are_in_the_rows(packing: Packing) -> None:
    text = Text(block=3, packing=packing)
    blocks = blocks_of(HAND, np.array([2, 0]), text, padding=PADDING)
    check(blocks, [13, 14, 17])


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_real_dialogues_lose_nothing_in_any_packing(
    family: str, format: Format, shared_data: Path, tmp_path: Path
) -> None:
    """770 dialogues, many of them longer than a row of 256, as far as they alternate and have an answer."""
    tokenizer = tiny.with_chatml({"gpt2": tiny.gpt2, "llama": tiny.llama}[family]())
    serialiser = serialiser_of(Text(format=format), tokenizer)
    store = tokenising.of_dialogues(
        tmp_path / "tokens", [real_dialogues(shared_data, tmp_path)], serialiser, progress=quiet
    )
    taught = store.ids[store.supervised].tolist()
    assert store.index.texts > 700
    for packing in Packing:
        blocks = packed(store, 256, packing)
        assert blocks.plan.parted > 50
        check(blocks, taught)


def real_dialogues(shared_data: Path, folder: Path) -> Path:
    """The two files in the form that `assay data` writes."""
    folder_of = shared_data / "dialogues"
    records = [json.loads(line) for line in (folder_of / "oasst_sharegpt_shape.jsonl").read_text("utf-8").splitlines()]
    records += json.loads((folder_of / "fastchat_dummy_conversation.json").read_text("utf-8"))
    roles = {"human": "user", "gpt": "assistant"}
    file = folder / "train.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for record in records:
            turns = [{"role": roles[turn["from"]], "text": turn["value"]} for turn in record["conversations"]]
            lines.write(json.dumps({"id": record["id"], "source": "sharegpt", "turns": turns, "meta": {}}) + "\n")
    return file


MANY = store_of(*([number % 9, 10 + number % 9, 11] for number in range(40)))
TEXTS = store_of(*([20 + number] * 5 for number in range(9)))  # 44 places: 22 rows of 2


def test_pretraining_text_is_its_share_of_all_rows_and_spread_evenly() -> None:
    blocks = packed(MANY, 2, Packing.NONE, TEXTS, weight=0.2)
    assert (len(blocks), blocks.epoch_rows, blocks.mixed) == (62, 50, 10)
    assert blocks.warnings == ()
    order = blocks.order(0, 7, shuffle=True)
    assert sorted(order[order < 40]) == list(range(40))
    assert np.flatnonzero(order >= 40).tolist() == list(range(2, 50, 5))
    assert blocks[45].supervised.all()
    assert blocks.order(0, 7, shuffle=False)[:8].tolist() == [0, 1, 40, 2, 3, 4, 5, 41]


@pytest.mark.parametrize("shuffle", [False, True])
def test_epochs_go_on_in_the_pretraining_text(shuffle: bool) -> None:
    blocks = packed(MANY, 2, Packing.NONE, TEXTS, weight=0.2)
    taken = Counter(int(row) for epoch in range(11) for row in blocks.order(epoch, 3, shuffle=shuffle) if row >= 40)
    assert taken == Counter(dict.fromkeys(range(40, 62), 5))


def test_too_little_pretraining_text_comes_again_with_a_warning() -> None:
    blocks = packed(MANY, 2, Packing.NONE, TEXTS, weight=0.5)
    assert blocks.warnings == (
        "There are 22 blocks of pretraining text, and an epoch takes 40: they come 1.8 times. "
        "Name more files, or a smaller weight.",
    )
    taken = Counter(int(row) for row in blocks.order(0, 3, shuffle=True) if row >= 40)
    assert set(taken) == set(range(40, 62))
    assert set(taken.values()) == {1, 2}


def test_an_order_follows_from_epoch_and_seed_alone() -> None:
    one, other = (packed(MANY, 2, Packing.NONE, TEXTS, weight=0.3) for _ in range(2))
    orders = [tuple(one.order(epoch, seed, shuffle=True)) for epoch in range(3) for seed in range(3)]
    assert orders == [tuple(other.order(epoch, seed, shuffle=True)) for epoch in range(3) for seed in range(3)]
    assert len(set(orders)) == 9
    with pytest.raises(ValueError, match="read-only"):
        one.order(0, 0, shuffle=True)[0] = 1


def test_steps_go_through_every_row_of_each_epoch_and_the_last_may_be_smaller() -> None:
    blocks = packed(MANY, 2, Packing.NONE)
    steps = blocks.steps_per_epoch(12)
    batches = [blocks.batch(step, batch=12, seed=1, shuffle=True) for step in range(2 * steps)]
    assert [len(rows) for rows in batches] == [12, 12, 12, 4] * 2
    for epoch in range(2):
        rows = np.concatenate(batches[epoch * steps : (epoch + 1) * steps])
        assert rows.tolist() == blocks.order(epoch, 1, shuffle=True).tolist()
        assert sorted(rows) == list(range(40))


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 4))
def test_processes_share_a_step_whatever_their_number(size: int, micro_batch: int, world: int) -> None:
    rows = np.arange(100, 100 + size)
    rounds = -(-size // (micro_batch * world))
    shares = [
        share(rows, accumulation, micro_batch=micro_batch, rank=rank, world=world)
        for accumulation in range(rounds)
        for rank in range(world)
    ]
    assert np.concatenate(shares).tolist() == rows.tolist()
    assert max(map(len, shares)) <= micro_batch


def test_a_row_that_there_is_not_is_an_error() -> None:
    for blocks in (packed(HAND, 5, Packing.BFD), packed(HAND, 5, Packing.BFD, TEXTS, weight=0.5)):
        with pytest.raises(IndexError):
            blocks[len(blocks)]


def test_data_that_teaches_nothing_is_refused() -> None:
    with pytest.raises(BadRun, match="None of 0 dialogues teaches a token"):
        blocks_of(HAND, np.zeros(0, np.int64), Text(), padding=0)


def test_a_store_s_rows_are_those_of_its_dialogues(tmp_path: Path) -> None:
    koala = Koala(tiny.gpt2(), Markers.TEXT)
    store = made(tmp_path / "tokens", koala, file_of(tmp_path / "a.jsonl", *SAID, talk("Hi", "Hello")))
    blocks = packed(store, 512, Packing.NONE)
    for row, dialogue in enumerate((*SAID, talk("Hi", "Hello"))):
        tokens, block = koala.tokens(dialogue), blocks[row]
        here = slice(0, len(tokens.ids) - 1)
        assert block.ids[here].tolist() == tokens.ids[:-1].tolist()
        assert block.targets[here].tolist() == tokens.ids[1:].tolist()
        assert block.supervised[here].tolist() == tokens.supervised[1:].tolist()
