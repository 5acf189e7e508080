"""Two judges side by side, by hand."""

import pytest

from backend.domain.choices import Preference
from backend.domain.judging.versus import Difference, Told, versus

C, T, B = Preference.CANDIDATE, Preference.TIE, Preference.BASELINE


def test_agreement_is_on_prompts_that_both_could_judge() -> None:
    one: dict[str, Told] = {"a": C, "b": C, "c": B, "d": T, "e": None, "f": C}
    other: dict[str, Told] = {"a": C, "b": B, "c": B, "d": T, "e": C, "g": C}
    found = versus(one, other)
    assert (found.shared, found.parsed) == (5, 4)
    assert found.agreement.percent.value == 0.75
    # By hand: the one says C C B T, the other C B B T; chance is (2·1 + 1·1 + 1·2) / 16 = 5/16.
    assert found.agreement.kappa.value == pytest.approx((0.75 - 5 / 16) / (1 - 5 / 16))
    assert found.table == {(C, C): 1, (C, B): 1, (B, B): 1, (T, T): 1, (None, C): 1}
    assert found.differing == (Difference("b", C, B), Difference("e", None, C))


def test_judges_without_a_prompt_in_common_have_no_agreement() -> None:
    found = versus({"a": C}, {"b": C})
    assert (found.shared, found.agreement.kappa.value, found.differing) == (0, None, ())
