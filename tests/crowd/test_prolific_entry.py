"""What Prolific's address says of who comes, and what is said to who comes without it."""

import pytest

from backend.crowd.prolific.entry import Came, came
from backend.crowd.prolific.studies import PLACEHOLDERS
from backend.errors import Invalid

IDS = {"PROLIFIC_PID": "5f0c1a", "STUDY_ID": "60aa", "SESSION_ID": "60bb"}


def test_the_three_ids_are_read() -> None:
    assert came([*IDS.items(), ("lang", "en")]) == Came("5f0c1a", "60aa", "60bb")


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_missing_empty_unfilled_or_none_is_said_by_its_name(name: str) -> None:
    unfilled = dict(pair.split("=") for pair in PLACEHOLDERS.split("&"))[name]
    for value, words in (
        (None, "lacks an id"),
        (" ", "lacks an id"),
        (unfilled, "has not filled"),
        ("a b", "does not give"),
        ("x" * 65, "does not give"),
        ("<script>", "not filled"),
        ("é", "does not give"),
    ):
        with pytest.raises(Invalid, match=rf"{words}.*\({name}\)"):
            came([(key, text) for key, text in {**IDS, name: value}.items() if text is not None])


def test_two_ids_of_one_name_are_refused_and_the_same_one_twice_is_not() -> None:
    assert came([*IDS.items(), ("STUDY_ID", "60aa")]).study == "60aa"
    with pytest.raises(Invalid, match="two different ids"):
        came([*IDS.items(), ("STUDY_ID", "other")])
