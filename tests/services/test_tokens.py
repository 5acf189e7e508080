"""Names that can't be guessed, and sealed ones that can't be read either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import NotFound
from backend.services.tokens import Tokens, from_base64

HERE, ELSEWHERE = Tokens("a key"), Tokens("another key")


@given(st.binary(max_size=32))
def test_what_was_sealed_is_read_again(secret: bytes) -> None:
    assert HERE.unseal("seat", HERE.seal("seat", secret)) == secret


def test_the_same_thing_has_always_the_same_token() -> None:
    assert HERE.seal("seat", b"seat 7") == HERE.seal("seat", b"seat 7")
    assert HERE.seal("seat", b"seat 7") != HERE.seal("seat", b"seat 8")


@given(st.binary(min_size=9, max_size=9), st.binary(min_size=9, max_size=9))
def test_sealed_tokens_of_one_length_look_alike(one: bytes, other: bytes) -> None:
    first, second = HERE.seal("seat", one), HERE.seal("seat", other)
    assert len(first) == len(second)
    assert from_base64(first.partition(".")[0]) != one


@pytest.mark.parametrize("token", ["", ".", "x", "MQ.forged", "ü.é", "AAAA.AAAAAAAAAAAAAAAAAAAAAA", "A.B.C"])
def test_what_was_never_sealed_is_refused(token: str) -> None:
    with pytest.raises(NotFound, match="not complete"):
        HERE.unseal("seat", token)


def test_a_token_of_another_kind_or_key_or_with_a_changed_letter_is_refused() -> None:
    token = HERE.seal("seat", b"seat 7")
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    for tokens, kind, given_ in ((HERE, "link", token), (ELSEWHERE, "seat", token), (HERE, "seat", changed)):
        with pytest.raises(NotFound):
            tokens.unseal(kind, given_)


def test_a_signed_number_is_read_here_alone_and_changed_by_nobody() -> None:
    token = HERE.sign("link", 7)
    assert HERE.read("link", token) == 7
    number, _, signature = token.partition(".")
    forged = f"{HERE.sign('link', 8).partition('.')[0]}.{signature}"
    for tokens, kind, bad in (
        (HERE, "link", forged),
        (HERE, "link", number),
        (HERE, "link", token[:-1]),
        (HERE, "seat", token),
        (ELSEWHERE, "link", token),
    ):
        with pytest.raises(NotFound):
            tokens.read(kind, bad)


def test_fields_are_read_by_everybody_and_changed_by_nobody() -> None:
    tokens = Tokens("a key")
    token = tokens.sign_fields("claim", {"rater": "ada", "channel": "7"})
    assert tokens.read_fields("claim", token) == {"rater": "ada", "channel": "7"}
    for kind, bad in (("hit", token), ("claim", token[:-1]), ("claim", tokens.sign("claim", 7)), ("claim", "")):
        with pytest.raises(NotFound):
            tokens.read_fields(kind, bad)
    with pytest.raises(NotFound):
        tokens.read("claim", token)
    with pytest.raises(NotFound):
        Tokens("another key").read_fields("claim", token)
