"""What a person is asked for whose columns are other than the proposed ones."""

from backend.domain.foreign.sheet import sheet
from backend.domain.foreign.tables import asked, choice_columns, columns, with_meanings, with_orders, with_systems
from backend.domain.mapping import ColumnMapping, Meaning, OrderBy, Shown
from tests.domain.foreign.study import BASE, CAND, study

ROWS = [
    {
        "HITId": "3H1",
        "WorkerId": "AAA",
        "Input.a": BASE,
        "Input.b": "Vicuna",
        "Answer.c": "A",
        "Answer.d.x": "true",
        "Answer.d.y": "false",
        "Answer.f": "1",
    },
    {
        "HITId": "3H2",
        "WorkerId": "ABB",
        "Input.a": "other",
        "Input.b": BASE,
        "Answer.c": "B",
        "Answer.d.x": "true",
        "Answer.d.y": "false",
        "Answer.f": "0",
    },
]
SHEET = sheet([*ROWS[0], "empty"], ROWS, study())


def test_the_columns_that_matter_stand_first_and_empty_ones_not_at_all() -> None:
    assert columns(SHEET) == [*list(ROWS[0])[1:], "HITId"]
    assert choice_columns(SHEET)[0] == "Answer.d.*"


def test_the_values_of_the_chosen_columns_are_asked_for() -> None:
    mapping = ColumnMapping(
        choice="Answer.c", order=OrderBy.SYSTEMS, first="Input.a", second="Input.b", status="WorkerId"
    )
    found = asked(SHEET, mapping)
    assert found.choices == {"A": 1, "B": 1}
    assert found.systems == {BASE: 2, "other": 1, "Vicuna": 1}
    assert found.statuses == {"AAA": 1, "ABB": 1}
    assert found.orders == {}


def test_a_spread_choice_asks_for_what_stands_for_the_star() -> None:
    assert asked(SHEET, ColumnMapping(choice="Answer.d.*")).choices == {"x": 2, "y": 0}


def test_a_name_that_is_preferred_is_asked_for_as_a_system() -> None:
    mapping = ColumnMapping(choice="Input.b", meanings={"Vicuna": Meaning.SYSTEM})
    assert asked(SHEET, mapping).systems == {"Vicuna": 1}


def test_what_is_chosen_anew_is_understood_anew() -> None:
    assert with_meanings(SHEET, ColumnMapping(choice="Answer.c")).meanings == {"A": Meaning.FIRST, "B": Meaning.SECOND}
    mapping = ColumnMapping(order=OrderBy.SYSTEMS, first="Input.a", second="Input.b", order_column="Answer.f")
    assert with_orders(SHEET, mapping).orders == {"1": Shown.REVERSED, "0": Shown.AS_LISTED}
    assert with_systems(SHEET, mapping).systems == {BASE: BASE, "other": "", "Vicuna": CAND}


def test_what_a_person_has_said_of_a_system_is_kept() -> None:
    mapping = ColumnMapping(order=OrderBy.SYSTEMS, first="Input.a", systems={"OTHER": CAND})
    assert with_systems(SHEET, mapping).systems == {"OTHER": CAND, BASE: BASE}
