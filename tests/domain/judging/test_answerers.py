"""Models that answered beside the one that was asked."""

from backend.domain.judging.answerers import others


def test_every_name_but_the_asked_one_is_told_with_its_verdicts() -> None:
    answered = ["gpt-4o", "gpt-4o-2024-08-06", "small", "gpt-4o", "", "gpt-4o-2024-08-06"]
    assert others("gpt-4o", answered) == {"gpt-4o-2024-08-06": 2, "small": 1}
    assert others("gpt-4o", ["gpt-4o", ""]) == {}
