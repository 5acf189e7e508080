"""Samples that any order of texts gives, shares with their intervals, and what a judge's reply says."""

from collections import Counter

import pytest

from backend.domain.data.categories import (
    PAPER,
    Category,
    Unread,
    agreement,
    category_in,
    drawn,
    shares,
)

TEXTS = [f"query {number}" for number in range(200)]


def test_a_sample_follows_from_its_seed_and_the_texts_in_whatever_order() -> None:
    found = drawn(TEXTS, size=50, seed=3)
    assert (len(found.texts), found.of) == (50, 200)
    assert drawn(reversed(TEXTS), size=50, seed=3) == found
    assert drawn([*TEXTS, *TEXTS], size=50, seed=3) == found
    assert drawn(TEXTS, size=50, seed=4) != found
    assert drawn(TEXTS, size=20, seed=3).texts == found.texts[:20]
    assert drawn(TEXTS[:7], size=50, seed=3).of == len(drawn(TEXTS[:7], size=50, seed=3).texts) == 7


def test_every_text_is_drawn_equally_often_at_every_place() -> None:
    first = Counter(drawn(TEXTS[:10], size=3, seed=seed).texts[0] for seed in range(2000))
    # chi-squared with 9 degrees of freedom: above 27.9 once in a thousand
    assert sum((first[text] - 200) ** 2 / 200 for text in TEXTS[:10]) < 27.9


def test_the_papers_shares_do_not_add_up() -> None:
    assert list(PAPER.values()) == [31, 16, 16, 8, 6, 4, 2, 14, 2]
    assert sum(PAPER.values()) == 99


def test_shares_have_the_intervals_of_wilson_and_wider_ones_that_hold_together() -> None:
    labels = [Category.NON_ENGLISH] * 7 + [Category.CODING] * 43
    found = {one.category: one for one in shares(labels)}
    assert list(found) == list(Category)
    foreign = found[Category.NON_ENGLISH]
    assert (foreign.count, foreign.share) == (7, 0.14)
    assert foreign.alone == pytest.approx((0.0695, 0.2619), abs=5e-5)
    assert foreign.together[0] < foreign.alone[0] < foreign.alone[1] < foreign.together[1]
    assert found[Category.CHAT].alone[0] == pytest.approx(0, abs=1e-12)
    assert shares([]) == ()


def test_agreement_is_cohens() -> None:
    both = [(Category.CODING, Category.CODING)] * 20 + [(Category.CHAT, Category.CHAT)] * 15
    apart = [(Category.CODING, Category.CHAT)] * 5 + [(Category.CHAT, Category.CODING)] * 10
    assert agreement([*both, *apart]).value == pytest.approx(0.4)  # Cohen's κ of 20, 5, 10, 15: (.7 - .5) / (1 - .5)
    assert agreement([]).value is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("It asks for code.\n[[coding]]", Category.CODING),
        ("Not [[chat]], but [[ General_QA ]].", Category.GENERAL_QA),
        ("coding", Unread.NO_SIGN),
        ("[[music]]", Unread.UNKNOWN),
    ],
)
def test_the_last_sign_of_a_reply_counts(reply: str, said: Category | Unread) -> None:
    assert category_in(reply) == said
