"""The planner's page: the answer to a query, the form that keeps what was typed, the curve, the mistakes."""

import re
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.app import create_app
from backend.web.deps import COOKIE
from backend.web.drawings.curves import BASE, Level, falling, ticks
from tests import factories


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A researcher's browser; the planner keeps nothing, so a database without tables will do."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('plan') / 'assay.db'}")
    house = factories.house(database)
    client = TestClient(create_app(house.settings, database))
    client.cookies.set(COOKIE, str(house.sessions().dumps("researcher")))
    return client


def test_the_planner_is_the_researchers(stranger: TestClient) -> None:
    assert stranger.get("/plan").status_code == 403


def test_the_papers_size_is_planned_by_default(planner: TestClient) -> None:
    """By hand as for the command: 765 votes of 45 s are 9.6 hours and $172.13 with the fee."""
    html = planner.get("/plan").text
    assert "255 prompts × 3 seats × 1 candidate, 20 raters" in html
    assert "± 5.7 points" in html
    assert "$172.13" in html
    assert "255 prompts can&#39;t show differences between two candidates under 9.5 points." in html
    assert '<form class="plan" method="get" action="/plan">' in html
    assert '<a href="/plan" aria-current="page">Plan</a>' in html


def test_every_page_of_the_researchers_leads_to_the_planner(researcher: TestClient) -> None:
    assert '<a href="/plan">Plan</a>' in researcher.get("/").text


def test_what_was_typed_stays_in_the_form(planner: TestClient) -> None:
    html = planner.get("/plan", params={"prompts": "400", "raters": "50", "currency": "eur", "per_hour": "12.50"}).text
    assert 'name="prompts" inputmode="numeric" autocomplete="off" value="400"' in html
    assert 'value="12.50"' in html
    assert "400 prompts × 3 seats × 1 candidate, 50 raters" in html
    assert "€225.00" in html  # by hand: 1,200 votes of 45 s are 15 hours, €187.50, and a fifth of that €37.50


@pytest.mark.parametrize(("name", "wanted"), [("half_width", "3"), ("difference", "5")])
def test_what_is_wanted_finds_the_prompts(planner: TestClient, name: str, wanted: str) -> None:
    html = planner.get("/plan", params={"raters": "99", name: wanted}).text
    prompts = re.search(r'<h2 id="answer">([\d,]+) prompts', html)[1].replace(",", "")
    assert prompts != "255"
    assert f'name="prompts" inputmode="numeric" autocomplete="off" value="{prompts}"' in html
    assert f'<dd class="number">{"± 3.0" if name == "half_width" else "5.0"} points</dd>' in html


def test_what_no_number_of_prompts_reaches_is_said_beside_the_plan(planner: TestClient) -> None:
    answer = planner.get("/plan", params={"half_width": "2"})
    assert answer.status_code == 200
    assert "No number of prompts reaches this with 20 raters: about" in answer.text
    assert "± 5.7 points" in answer.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"raters": "2"}, "3 raters or more"),
        ({"prompts": "many"}, "prompts are counted in whole numbers"),
        ({"prompts": "-5"}, "prompts are counted in whole numbers"),
        ({"prompts": "9" * 500}, "prompts are counted in whole numbers"),
        ({"prompts": "99999999999"}, "plans end at"),
        ({"prompt_icc": "high"}, "prompt icc wants a number"),
        ({"prompt_icc": ""}, "prompt icc wants a number"),
        ({"rater_icc": "nan"}, "between 0 and 1"),
        ({"half_width": "-1"}, "larger than nothing"),
        ({"half_width": "nan"}, "larger than nothing"),
        ({"per_hour": "1e999999"}, "no amount of USD"),
        ({"fee": "inf"}, "a fee is"),
        ({"currency": "<b>"}, "three letters"),
    ],
)
def test_a_mistake_is_a_sentence_above_the_form_which_keeps_it(
    planner: TestClient, typed: dict[str, str], says: str
) -> None:
    answer = planner.get("/plan", params=typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert 'role="alert"' in answer.text
    assert 'id="answer"' not in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "typed", [{"prompts": "2"}, {"ties": "99.9"}, {"raters": "3"}, {"prompts": "10000000"}, {"per_hour": "0"}]
)
def test_unusual_plans_are_drawn_too(planner: TestClient, typed: dict[str, str]) -> None:
    answer = planner.get("/plan", params=typed)
    assert answer.status_code == 200
    assert "<polyline" in answer.text


def test_a_panel_is_not_said_to_speak_for_others(planner: TestClient) -> None:
    assert "All hold for new prompts and new raters" in planner.get("/plan").text
    html = planner.get("/plan", params={"raters": "4"}).text
    assert "holds for these raters only" in html
    assert "All hold for new prompts and new raters" not in html


def test_the_curve_is_a_picture_with_a_name_and_without_styles(planner: TestClient) -> None:
    html = planner.get("/plan", params={"half_width": "4", "raters": "99"}).text
    drawing = re.search(r'<svg class="figure curve".*?</text></svg>', html, re.S)[0]
    root = ElementTree.fromstring(drawing)
    assert root.get("role") == "img"
    assert "Half-width of the interval against prompts" in root.get("aria-label")
    assert ">wanted</text>" in drawing
    assert "style=" not in html


@pytest.mark.parametrize(("wanted", "beside_its_line"), [("3", "16"), ("9", "-6")])
def test_what_is_wanted_below_the_raters_own_floor_is_named_under_its_line(
    planner: TestClient, wanted: str, beside_its_line: str
) -> None:
    html = planner.get("/plan", params={"half_width": wanted, "prompts": "255"}).text
    assert re.search(rf'dy="{beside_its_line}">wanted</text>', html)


def test_the_marked_point_lies_on_the_curve() -> None:
    """By hand: 100 of 400 is a quarter across; the axis ends at 2.2 × 5 = 11, so 5 lies 6/11 of the base down."""
    drawing = falling([(50, 8.0), (100, 5.0), (400, 3.0)], (100, 5.0), name="here", label="A curve & more")
    root = ElementTree.fromstring(drawing)
    circle = root.find("circle")
    assert circle.get("cx") == "25.00%"
    assert float(circle.get("cy")) == pytest.approx(BASE * 6 / 11, abs=0.1)
    assert f"25.00,{BASE * 6 / 11:.2f}" in root.find("svg/polyline").get("points")
    assert root.get("aria-label") == "A curve & more"


def test_levels_above_the_picture_are_left_out() -> None:
    levels = [Level("wanted", 50.0, "far above"), Level("floor", 2.0, "near", under=True)]
    drawing = falling([(1, 8.0), (4, 3.0)], (2, 5.0), name="here", label="A curve", levels=levels)
    assert "near" in drawing
    assert "far above" not in drawing


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (11, [2, 4, 6, 8, 10]),
        (1020, [200, 400, 600, 800, 1000]),
        (0.9, [0.2, 0.4, 0.6, 0.8]),
        (8, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_ticks_are_round_numbers(most: float, expected: list[float]) -> None:
    assert ticks(most) == pytest.approx(expected)
