"""A batch that was closed early is analysed on the beginning of its launch order."""

from backend.domain.results.prefix import Prefix, analysed
from tests.material import Row, material

ROWS: list[Row] = [(prompt, rater, 0, 1, 0, False, 5.0) for prompt in (0, 1, 3) for rater in range(3)]
PLACES = [(prompt, 0) for prompt in range(5)]
BEGUN = (True, True, False, True, False)


def test_an_open_batch_is_analysed_whole() -> None:
    kept, prefix = analysed(material(ROWS, launched=PLACES, begun=BEGUN))
    assert (len(kept.votes), prefix) == (9, Prefix(5, 5, 0))


def test_a_closed_one_ends_before_the_first_comparison_that_nobody_was_given() -> None:
    kept, prefix = analysed(material(ROWS, launched=PLACES, begun=BEGUN, closed=True))
    assert (len(kept.votes), len(kept.launched), prefix) == (6, 2, Prefix(2, 5, 3))


def test_a_complete_batch_that_was_closed_is_analysed_whole() -> None:
    kept, prefix = analysed(material(ROWS, launched=[(0, 0), (1, 0), (3, 0)], closed=True))
    assert (len(kept.votes), prefix) == (9, Prefix(3, 3, 0))


def test_an_unjudgeable_comparison_does_not_end_it() -> None:
    given = material(ROWS, launched=PLACES, begun=BEGUN, unjudgeable=(2,), closed=True)
    assert analysed(given)[1] == Prefix(4, 5, 0)
