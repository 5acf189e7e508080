"""The stop rule on a material's votes."""

from backend.domain.results.summary import summarise
from tests.material import Row, material

PROMPTS = 60
STOPPING = {"error": 0.05, "least_prompts": 5}


def rows(candidate: int, prompts: int) -> list[Row]:
    """Everybody prefers the candidate; raters take turns."""
    return [
        (prompt, (3 * prompt + seat + 7 * candidate) % 20, candidate, 1, seat % 2, False, 9.0)
        for prompt in range(prompts)
        for seat in range(3)
    ]


def test_what_stopped_a_batch_is_said_of_its_results_too() -> None:
    """The second candidate was decided before the prompt that nobody was given, the first one needed those after it."""
    places = [(prompt, candidate) for prompt in range(PROMPTS) for candidate in (0, 1)]
    lost = [(prompt, rater, 0, -1, flipped, bad, seconds) for prompt, rater, _, _, flipped, bad, seconds in rows(0, 12)]
    given = material(
        [*lost, *rows(0, PROMPTS)[36:], *rows(1, 30)],
        launched=places,
        candidates=("one", "two"),
        raters=20,
        begun=[candidate == 0 or prompt < 30 for prompt, candidate in places],
        stopping=STOPPING,
        closed=True,
        stopped=True,
    )
    found = summarise(given)
    assert found.prefix.comparisons == 61
    assert found.sequence is not None
    assert found.sequence.candidates["one"].prompts == PROMPTS
    assert found.sequence.candidates["two"].prompts == 30
    assert found.sequence.stops_at is not None
