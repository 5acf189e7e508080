"""A plan forwards and in reverse, and the words for what it can't show."""

import json
from dataclasses import replace

import pytest

from backend.domain.money import Money
from backend.domain.statistics.costs import Pay
from backend.domain.statistics.planning import Wanted, beside, curve, plan, points, to_json, unreachable, warning
from backend.domain.statistics.power import Blind, Design, Limit, outlook

MANY = Design(raters=100)


def test_a_plan_is_the_outlook_of_its_design_with_the_cost_of_its_votes() -> None:
    """By hand: 765 votes of 40 s are 8.5 hours, at $12 an hour $102, without a fee."""
    found = plan(Design(), Pay(seconds=40, per_hour=Money(1200), fee=0))
    assert found.outlook == outlook(Design())
    assert (found.cost.hours, found.cost.total) == (8.5, Money(10200))
    assert found.raters_needed is None


def test_in_reverse_the_prompts_follow_from_what_is_wanted() -> None:
    found = plan(MANY, Pay(), Wanted(half_width=0.03)).outlook
    assert found.half_width <= 0.03 < outlook(replace(MANY, prompts=found.design.prompts - 1)).half_width
    found = plan(MANY, Pay(), Wanted(difference=0.06)).outlook
    assert found.between_two <= 0.06 < outlook(replace(MANY, prompts=found.design.prompts - 1)).between_two


def test_with_two_things_wanted_the_harder_one_decides() -> None:
    narrow, small = (plan(MANY, Pay(), one) for one in (Wanted(half_width=0.04), Wanted(difference=0.06)))
    both = plan(MANY, Pay(), Wanted(0.04, 0.06))
    assert both.outlook.design.prompts == max(narrow.outlook.design.prompts, small.outlook.design.prompts)


@pytest.mark.parametrize("wanted", [Wanted(half_width=0.02), Wanted(difference=0.03), Wanted(0.04, 0.03)])
def test_where_prompts_do_not_help_the_raters_that_do_are_named(wanted: Wanted) -> None:
    found = plan(Design(raters=6), Pay(), wanted)
    assert found.outlook.design == Design(raters=6)
    assert found.raters_needed > 6
    assert f"about {found.raters_needed:,} raters would" in unreachable(found)
    helped = plan(Design(raters=found.raters_needed), Pay(), wanted)
    assert helped.raters_needed is None
    assert all(measure(helped.outlook) <= value for measure, value in wanted.measures)


def test_the_search_for_raters_ends() -> None:
    found = plan(Design(raters=6, rater_icc=1.0, prompt_icc=0.0), Pay(), Wanted(half_width=1e-6))
    assert found.raters_needed is not None


def test_other_sizes_stand_beside_the_plan() -> None:
    found = beside(plan(Design(prompts=200), Pay()), Pay())
    assert [one.design.prompts for one, _ in found] == [50, 100, 200, 400, 800]
    widths = [one.half_width for one, _ in found]
    assert widths == sorted(widths, reverse=True)
    assert [one.design.prompts for one, _ in beside(plan(Design(prompts=2), Pay()), Pay())] == [2, 4, 8]


def test_the_curve_falls_from_two_prompts_to_four_times_the_plan_and_passes_through_it() -> None:
    found = plan(Design(prompts=200), Pay())
    drawn = curve(found)
    assert (drawn[0][0], drawn[-1][0]) == (2, 800)
    widths = [width for _, width in drawn]
    assert widths == sorted(widths, reverse=True)
    around = [width for prompts, width in drawn if 180 <= prompts <= 220]
    assert min(around) <= found.outlook.half_width <= max(around)
    assert drawn[-1][1] == outlook(Design(prompts=800)).half_width


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Blind.FROM_EVEN, "255 prompts can't show that a candidate differs from the baseline by under 9.5 points"),
        (Blind.BETWEEN_TWO, "255 prompts can't show differences between two candidates under 9.5 points"),
        (Blind.BETWEEN_ANY, "All pairs of 1 candidates"),
        (Blind.FIXED_PANEL, "these raters only"),
        (Blind.FEW_RATERS, "20 raters are few"),
        (Blind.RATERS_LIMIT, "leave ± 9.5 points"),
    ],
)
def test_every_limit_has_its_sentence(kind: Blind, says: str) -> None:
    assert says in warning(Limit(kind, 0.0951), Design())


def test_points_are_hundredths() -> None:
    assert points(0.0954) == "9.5 points"


def test_the_json_holds_every_number() -> None:
    found = plan(Design(candidates=3), Pay(), Wanted(half_width=0.06))
    read = json.loads(json.dumps(to_json(found)))
    assert read["half_width"] == found.outlook.half_width
    assert read["design"]["prompts"] == found.outlook.design.prompts
    assert read["cost"]["total"] == {"minor": found.cost.total.minor, "currency": "USD"}
    assert [limit["kind"] for limit in read["limits"]][:3] == ["from_even", "between_two", "between_any"]
    assert read["votes"] == found.outlook.design.prompts * 9
