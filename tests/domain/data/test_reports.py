"""What a report says of itself."""

from backend.domain.data.reports import CleaningStep


def test_a_step_says_how_many_went_whatever_for() -> None:
    step = CleaningStep("language", 10, 7, 0, {"not English": 2, "code": 1}, {}, {})
    assert step.gone == 3
