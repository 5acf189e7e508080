"""What a declaration of a mixture says and what it can't; the one order, whose shares are those that were declared."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backend.domain.data.mixing import Undeclared, interleaved, mixture_of, place_of

SOURCE = {"name": "a", "file": "a.jsonl", "licence": "CC0-1.0", "origin": "here"}
PLAIN = {"name": "mix", "sources": [SOURCE]}


def test_a_plain_declaration_takes_all_there_is_measured_by_white_space() -> None:
    found = mixture_of(PLAIN)
    assert (found.name, found.seed, found.measure, found.subsets) == ("mix", 0, "whitespace", {})
    assert found.sources[0].weight is None
    assert not found.is_weighted


def test_the_papers_ladder_is_understood_and_put_in_order() -> None:
    found = mixture_of({**PLAIN, "subsets": ["150M", "0.3M", "1M", "5M", "20M", "80M", 1000, "2k"]})
    assert list(found.subsets.items())[:3] == [("1000", 1000), ("2k", 2000), ("0.3M", 300_000)]
    assert found.subsets["150M"] == 150_000_000


def test_shares_and_tokenizers_are_read() -> None:
    fields = {**PLAIN, "measure": "gpt2", "tokenizers": {"gpt2": "t.json"}, "sources": [{**SOURCE, "weight": 3}]}
    found = mixture_of(fields)
    assert (found.measure, found.tokenizers, found.sources[0].weight) == ("gpt2", {"gpt2": "t.json"}, 3.0)
    assert found.is_weighted


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sede": 1}, "sede: there is no such key; there are name, seed, "),
        ({"name": ""}, "name: a text is needed"),
        ({"name": "a/b"}, "name: 'a/b' is to name files"),
        ({"seed": "one"}, "seed: it is 'one'; a whole number is needed"),
        ({"seed": True}, "seed: it is True"),
        ({"measure": "gpt2"}, "measure: there is no tokenizer 'gpt2'; there are whitespace, 13a"),
        ({"subsets": "1M"}, "subsets: a list of numbers of tokens is needed"),
        ({"subsets": ["much"]}, "subsets: number 1 is 'much'"),
        ({"subsets": ["0.3"]}, "subsets: number 1 is '0.3'"),
        ({"subsets": [True]}, "subsets: number 1 is True"),
        ({"subsets": [0]}, "subsets: number 1 is 0"),
        ({"subsets": ["1k", 1000]}, "subsets: two of them have the same size"),
        ({"tokenizers": ["t.json"]}, "tokenizers: a table of names and files is needed"),
        ({"tokenizers": {"13a": "t.json"}}, "tokenizers.13a: this name belongs to a count that is built in"),
        ({"tokenizers": {"t": 3}}, "tokenizers.t: a text is needed"),
        ({"sources": []}, "sources: at least one table"),
        ({"sources": "a.jsonl"}, "sources: at least one table"),
        ({"sources": ["a.jsonl"]}, "sources: number 1 is no table"),
        ({"sources": [{**SOURCE, "wieght": 1}]}, r"sources\[1\].wieght: there is no such key"),
        ({"sources": [{"name": "a", "file": "a", "origin": "o"}]}, r"sources\[1\].licence: a text .* there is none"),
        ({"sources": [{**SOURCE, "weight": 0}]}, r"sources\[1\].weight: it is 0; a number above 0"),
        ({"sources": [{**SOURCE, "weight": "1"}]}, r"sources\[1\].weight: it is '1'"),
        ({"sources": [{**SOURCE, "weight": float("inf")}]}, r"sources\[1\].weight: it is inf"),
        ({"sources": [SOURCE, SOURCE]}, "sources: a stands there twice"),
        ({"sources": [{**SOURCE, "weight": 1}, {**SOURCE, "name": "b"}]}, "sources: b has no weight and others have"),
    ],
)
def test_what_a_declaration_can_not_say_is_told_with_its_key(changes: dict[str, object], said: str) -> None:
    with pytest.raises(Undeclared, match=f"^{said}"):
        mixture_of({**PLAIN, **changes})


def test_the_place_of_a_dialogue_follows_from_seed_source_and_words() -> None:
    first = place_of(1, "a", b"words")
    assert first == place_of(1, "a", b"words")
    assert len({first, place_of(2, "a", b"words"), place_of(1, "b", b"words"), place_of(1, "a", b"word")}) == 4


def test_shares_by_hand() -> None:
    # a is due, then b (0 < 10/2), then b is at 10, a at 5: a, a again at 10 = 10 by the order of declaration
    found = list(interleaved([[10, 10, 10, 10], [10, 10]], [2, 1], strict=True))
    assert found == [(0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (0, 3)]


def test_shares_end_where_they_can_not_be_kept_and_others_go_on_where_none_were_declared() -> None:
    tokens = [[10] * 9, [10]]
    assert len(list(interleaved(tokens, [1, 1], strict=True))) == 3
    assert len(list(interleaved(tokens, [1, 1], strict=False))) == 10
    assert list(interleaved([[], [5]], [1, 1], strict=False)) == [(1, 0)]
    assert list(interleaved([[], [5]], [1, 1], strict=True)) == []


@settings(max_examples=60)
@given(
    some.lists(some.lists(some.integers(1, 50), min_size=1, max_size=60), min_size=1, max_size=4),
    some.data(),
)
def test_every_beginning_has_the_shares_to_within_the_longest_dialogues(
    tokens: list[list[int]], data: some.DataObject
) -> None:
    weights = [data.draw(some.floats(0.1, 10)) for _ in tokens]
    taken = [0] * len(tokens)
    for source, place in interleaved(tokens, weights, strict=True):
        taken[source] += tokens[source][place]
        shares = [one / weight for one, weight in zip(taken, weights, strict=True)]
        assert max(shares) - min(shares) <= 50 / min(weights) + 1e-9
