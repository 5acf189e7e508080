"""The words of a text are those of sacrebleu, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from backend.domain.bleu.tokens import tokens
from tests.queries import ODD, made

THEIRS = {cased: BLEU(lowercase=not cased, tokenize="13a") for cased in (False, True)}
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("aA1.,-'\"&<>;:!?()[]{}/\\`~^_|@#$%*+= \n\r\t\v\f\x1c\x85\u2028\u00a0\u3000İßǅ😀"),
        st.characters(),
        st.characters(categories=["Cs"]),
    )
)


def of_sacrebleu(text: str, *, cased: bool) -> list[str]:
    return str(THEIRS[cased]._preprocess_segment(text)).split()


@pytest.mark.parametrize("cased", [False, True])
@pytest.mark.parametrize(
    "text", [*ODD, *made(60, seed=1), "&amp;quot; &lt;b&gt; <skipped>x", "3.14, 2,000. .5 5. a.b", "1 -\n2"]
)
def test_words_are_those_of_sacrebleu(text: str, cased: bool) -> None:
    assert tokens(text, cased=cased) == of_sacrebleu(text, cased=cased)


@given(HOSTILE, st.booleans())
def test_words_of_hostile_text_are_those_of_sacrebleu(text: str, cased: bool) -> None:
    assert tokens(text, cased=cased) == of_sacrebleu(text, cased=cased)


@given(
    st.lists(st.sampled_from(["&amp;", "&quot;", "&lt;", "<skipped>", "-\n", "\n", "1", ".", ",", "-", "x", " "])).map(
        "".join
    )
)
def test_entities_breaks_and_numbers_are_those_of_sacrebleu(text: str) -> None:
    assert tokens(text) == of_sacrebleu(text, cased=False)
