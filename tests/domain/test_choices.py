"""Clicks and what they mean are each other's inverse, but for both bad."""

import pytest

from backend.domain.choices import Choice, Preference, choice, preference

SIDES = pytest.mark.parametrize("flipped", [True, False])


@SIDES
@pytest.mark.parametrize("preferred", Preference)
def test_a_preference_survives_blinding_and_unblinding(preferred: Preference, flipped: bool) -> None:
    assert preference(choice(preferred, flipped=flipped), flipped=flipped) == preferred


@SIDES
@pytest.mark.parametrize("clicked", Choice)
def test_a_click_survives_unblinding_and_blinding_but_both_bad_becomes_a_tie(clicked: Choice, flipped: bool) -> None:
    expected = Choice.TIE if clicked == Choice.BOTH_BAD else clicked
    assert choice(preference(clicked, flipped=flipped), flipped=flipped) == expected


@pytest.mark.parametrize(
    ("clicked", "unflipped", "flipped"),
    [
        (Choice.FIRST, Preference.CANDIDATE, Preference.BASELINE),
        (Choice.SECOND, Preference.BASELINE, Preference.CANDIDATE),
        (Choice.TIE, Preference.TIE, Preference.TIE),
        (Choice.BOTH_BAD, Preference.TIE, Preference.TIE),
    ],
)
def test_flipping_swaps_the_systems_and_leaves_ties(
    clicked: Choice, unflipped: Preference, flipped: Preference
) -> None:
    assert preference(clicked, flipped=False) == unflipped
    assert preference(clicked, flipped=True) == flipped
