"""Which prompts stand in the training data: both signals by hand, and on real data."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.domain.bleu.leakage import Leakage, leakage
from backend.domain.bleu.scoring import Bleu, sentence_bleu
from backend.domain.bleu.sparse import SparseCore
from backend.domain.queries import Query

CORE = SparseCore()
LONG = "Describe the road from the old mill to the sea in no more than forty words, please"
TRAIN = [
    "hi",
    "write a poem about the sea",
    f"Well: {LONG.lower()} and thanks for all of that, it helps me so much now",
    "hi",
]


def texts(words: list[str]) -> list[Query]:
    return [Query(text, "train.jsonl", line) for line, text in enumerate(words, start=1)]


def looked(prompts: list[str], train: list[str], *, size: int = 100, **options: float) -> Leakage:
    given = texts(train)
    return leakage(prompts, (given[at : at + size] for at in range(0, len(given), size)), CORE, **options)


def test_each_prompt_has_its_nearest_text_and_its_bleu() -> None:
    prompts = ["Write a poem about the city", "hi", "zebra", ""]
    found = looked(prompts, TRAIN)
    assert [one.nearest.line if one.nearest else None for one in found.found] == [2, 1, None, None]
    assert found.found[0].bleu == pytest.approx(sentence_bleu(prompts[0], TRAIN[1]))
    assert (found.near, found.contained, found.marked, found.texts) == (2, 0, 2, 4)


def test_the_threshold_is_strict() -> None:
    bleu = looked(["Write a poem about the city"], TRAIN).found[0].bleu
    assert looked(["Write a poem about the city"], TRAIN, threshold=bleu).near == 0
    assert looked(["Write a poem about the city"], TRAIN, threshold=bleu - 1e-7).near == 1


@pytest.mark.parametrize("size", [1, 2, 100])
def test_training_texts_in_parts_find_the_same(size: int) -> None:
    prompts = [LONG, "a poem about the city and the sea", "hi", "no"]
    assert looked(prompts, TRAIN, size=size) == looked(prompts, TRAIN)


def test_only_above_leaves_the_others_without_a_nearest() -> None:
    everything, some = (
        looked([LONG, "about the"], TRAIN),
        looked([LONG, "about the"], TRAIN, threshold=30, only_above=True),
    )
    assert everything.found[1].nearest is not None
    assert [one.nearest is not None for one in some.found] == [True, False]
    assert some.found[0] == everything.found[0]


def test_a_prompt_within_a_longer_text_is_found_by_its_sequences() -> None:
    found = looked([LONG], [TRAIN[2] + " and more of the same" * 20]).found[0]
    assert found.bleu < 20
    assert (found.sequence, found.contained) == (13, 1.0)
    assert found.container is not None


def test_a_share_counts_the_sequences_that_are_there() -> None:
    """By hand: 15 words have three sequences of 13, and without the last word two are there."""
    words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    cut = words.removesuffix(" fifteen")
    found = looked([words], ["other", cut, cut])
    assert found.found[0].contained == pytest.approx(2 / 3)
    assert found.found[0].container == texts(["", cut])[1]


def test_short_prompts_count_as_one_sequence_and_very_short_ones_as_none() -> None:
    found = looked(["a b c d e f", "a b c d"], ["x a b c d e f y " + "z " * 60])
    assert (found.found[0].sequence, found.found[0].contained) == (6, 1.0)
    assert (found.found[1].sequence, found.found[1].contained, found.found[1].container) == (0, None, None)
    assert (found.contained, found.marked, found.near) == (1, 1, 0)


def test_prompts_of_several_lengths_are_looked_for_as_each_alone() -> None:
    prompts = ["a b c d e f", "a b c", LONG, "f e d c b a z y", "write a poem about the sea"]
    train = [*TRAIN, "x a b c d e f y", f"so: {LONG}", "f e d c b a z y"]
    found = looked(prompts, train).found
    assert [one.sequence for one in found] == [6, 0, 13, 8, 6]
    assert [one.contained for one in found] == [1.0, None, 1.0, 1.0, 1.0]
    assert found == tuple(looked([prompt], train).found[0] for prompt in prompts)


def test_no_training_text_finds_nothing() -> None:
    assert (looked([LONG], []).marked, looked([LONG], []).texts) == (0, 0)
    assert looked([], TRAIN).found == ()


def column(path: Path, name: str) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            yield json.loads(line)[name]


def test_five_of_the_252_prompts_are_near_a_seed_task(shared_data: Path) -> None:
    prompts = list(column(shared_data / "main-selfinstruct252" / "prompts.jsonl", "prompt"))
    seeds = list(column(shared_data / "leakage" / "train_selfinstruct_seed175.jsonl", "prompt"))
    found = looked(prompts, seeds)
    assert (len(prompts), len(seeds)) == (252, 175)
    assert (found.near, found.contained) == (5, 0)


def test_39_of_the_164_programming_problems_are_near_a_rephrased_one(shared_data: Path) -> None:
    """39 with capital letters, as sacrebleu has it by default; 43 in lower case. Sequences find others: 57 and 60."""
    prompts = list(column(shared_data / "humaneval" / "HumanEval.jsonl.gz", "prompt"))
    train = texts(list(column(shared_data / "leakage" / "train_humaneval_rephrased.jsonl", "text")))
    cased = leakage(prompts, [train], CORE, bleu=Bleu(cased=True))
    assert (len(prompts), cased.near, cased.contained, cased.marked) == (164, 39, 33, 57)
    lower = leakage(prompts, [train], CORE)
    assert (lower.near, lower.contained, lower.marked) == (43, 33, 60)
