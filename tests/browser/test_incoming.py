"""An old study's file in Chromium: read, shown, changed and imported by forms alone; accessible on desk and phone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import exports
from tests.browser.visits import Site, Visits, assert_accessible, assert_no_sideways_scrolling
from tests.factories import BASELINE, CANDIDATE

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_old_study_comes_in_without_javascript(
    site: Site, visits: Visits, tmp_path: Path, width: int, scheme: str
) -> None:
    batch = site.launch()
    systems = {"Input.model_a": CANDIDATE, "Input.model_b": BASELINE}
    rows = [{"WorkerId": name, "Input.id": "p1", **systems, "Answer.choice": "A"} for name in ("AAA", "ABB", "ACC")]
    rows.append({"WorkerId": "AAA", "Input.id": "p9", **systems, "Answer.choice": "B"})
    source = exports.saved(tmp_path, exports.mturk(rows))
    person = visits.person(java_script_enabled=False, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = person.new_page()
    page.goto(site.server.researcher)
    page.goto(f"/batches/{batch.id}")
    page.get_by_text("Import ratings").click()
    page.get_by_label("File of ratings").set_input_files(source.path)
    page.get_by_role("button", name="Read file").click()
    expect(page.get_by_label("Rater", exact=True)).to_have_value("WorkerId")
    expect(page.get_by_text("line 5: prompt 'p9' is not in this batch")).to_be_visible()
    page.get_by_label("Leave out rows with problems").check()
    page.get_by_role("button", name="Show what would come in").click()
    page.get_by_role("button", name="Import 3 ratings").click()
    expect(page.get_by_role("heading", name=f"Batch {batch.id}")).to_be_visible()
    assert site.choices(batch) == ["first"] * 3


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_a_mapping_is_accessible(site: Site, visits: Visits, tmp_path: Path, width: int, scheme: str) -> None:
    batch = site.launch()
    rows = [
        {
            "WorkerId": name,
            "Input.id": key,
            "Input.model_a": "Model X",
            "Input.model_b": BASELINE,
            "Answer.choice": said,
        }
        for name, key, said in (("AAA", "p1", "A"), ("ABB", "p1", "C"), ("ACC" * 20, "p9", "neither"))
    ]
    source = exports.saved(tmp_path, exports.mturk(rows), name=f"{'long-' * 20}.csv")
    page = visits.person(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.goto(site.server.researcher)
    page.goto(f"/batches/{batch.id}")
    page.get_by_text("Import ratings").click()
    page.get_by_label("File of ratings").set_input_files(source.path)
    page.get_by_role("button", name="Read file").click()
    expect(page.get_by_role("heading", name="What would come in")).to_be_visible()
    assert_no_sideways_scrolling(page)
    assert_accessible(page)
