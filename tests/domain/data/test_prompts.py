"""What becomes of an evaluation prompt, and precision and recall of that, counted by hand."""

import pytest

from backend.domain.data.prompts import KEPT, Share, Verdict, judged, measured
from backend.domain.statistics.intervals import wilson

KEEP, FOREIGN, CODING = Verdict.KEEP, Verdict.NON_ENGLISH, Verdict.CODING
LONG = " word" * 9


def identify(text: str) -> tuple[str, float]:
    return text.split(maxsplit=1)[0], 0.99


@pytest.mark.parametrize(
    ("prompt", "verdict", "why"),
    [
        ("en" + LONG, KEEP, ""),
        ("short", KEEP, ""),
        ("de" + LONG, FOREIGN, "is in de"),
        ("en" + LONG + "\nimport os", CODING, "a line of code"),
        ("de" + LONG + "\nimport os", FOREIGN, "is in de"),
    ],
)
def test_a_prompt_has_one_verdict_and_its_reason(prompt: str, verdict: Verdict, why: str) -> None:
    found = judged(prompt, identify)
    assert (found.verdict, found.why) == (verdict, why)
    assert (found == KEPT) is (verdict == KEEP)
    assert bool(found.what) is (verdict != KEEP)


def test_precision_and_recall_are_counted_for_each_verdict() -> None:
    pairs = [(KEEP, KEEP)] * 7 + [(KEEP, CODING)] + [(CODING, CODING)] * 3 + [(CODING, KEEP)] * 2
    keep, foreign, coding = measured(pairs)
    assert (keep.precision, keep.recall) == (Share(7, 9), Share(7, 8))
    assert (coding.precision, coding.recall) == (Share(3, 4), Share(3, 5))
    assert (foreign.precision, foreign.recall) == (Share(0, 0), Share(0, 0))
    assert coding.precision.value == 0.75
    assert coding.precision.interval == wilson(3, 4)


def test_a_share_of_none_is_unknown_and_may_lie_anywhere() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, (0.0, 1.0))
