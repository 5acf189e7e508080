"""Every rater as a row of the results page: what is counted in a column, and what is not."""

import re
from html import unescape

from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.deps import House
from tests import factories


def test_repeats_are_counted_apart_from_the_checks_that_a_rule_can_leave_somebody_out_for(
    researcher: TestClient, stranger: TestClient, database: Database, house: House
) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=30, seats=1, checks={"attention": 0.2, "repeat": 0.2})
        (path,) = factories.rater_paths(session, house, batch)
    stranger.post(f"{path}/next")
    while found := re.search(r'name="assignment" value="([^"]+)"', stranger.get(path).text):
        stranger.post(f"{path}/ratings", data={"assignment": found[1], "choice": "first", "active_ms": "9000"})
        stranger.post(f"{path}/next")
    (rater,) = researcher.get(f"/batches/{batch.id}/results.json").json()["each_rater"]
    html = researcher.get(f"/batches/{batch.id}/results").text
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html[html.index('id="raters"') :])).split())
    checks = rater["checks"]
    assert checks["asked"]
    assert checks["repeated"]
    assert (
        f"{checks['passed']} of {checks['asked']} repeats alike {checks['consistent']} of {checks['repeated']}" in text
    )
