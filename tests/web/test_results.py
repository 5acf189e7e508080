"""The results page: its headline, its sections, what it says to a page that asks again, and its figures as files."""

import re
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from backend.db.batches import Batch
from backend.db.raters import Channel, Rater
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.services.results.kept import Kept
from backend.services.studies import batches
from backend.web.routes import results as results_routes
from tests import factories, judged, voted

PART = {"HX-Request": "true"}
LADDER = {
    "primary": "large",
    "margin": 0.05,
    "base": "small",
    "ladder": [{"system": "small", "amount": 1000}, {"system": "large", "amount": 50000}],
}
# On each prompt the letters of the votes for the small candidate, then for the large one.
VOTES = ["bbc ccc", "btb cct", "xbc ctb", "bbb ccb", "tcb tcc", "bbt bcc", "ctb ccc", "bbb cbc"]


@pytest.fixture
def batch(database: Database) -> Batch:
    """Two candidates on a ladder, eight prompts in two categories, every seat rated by somebody else."""
    outputs = {
        "base": ["Plain words here."] * 8,
        "small": ["A few **bold** words."] * 4 + ["Plain."] * 4,
        "large": ["# Title\n\n- one\n- two"] * 4 + ["Longer plain words than before, by far."] * 4,
    }
    four = [{"choice": one, "label": one} for one in ("first", "second", "tie", "both_bad")]
    with database.transaction() as session:
        made = factories.launched(session, prompts=8, outputs=outputs, analysis=LADDER, options=four)
        session.execute(update(Prompt).where(Prompt.id % 2 == 0).values(category="even"))
        for number, letters in enumerate(VOTES):
            for candidate, word in zip(("small", "large"), letters.split(), strict=True):
                voted.vote(session, made, voted.place_of(session, made, f"p{number + 1}", candidate), word)
        return made


def words(html: str) -> str:
    """What is read on a page."""
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_the_headline_holds_verdict_shares_intervals_and_the_papers_figure(
    researcher: TestClient, batch: Batch
) -> None:
    found = researcher.get(f"/batches/{batch.id}/results.json").json()
    html = researcher.get(f"/batches/{batch.id}/results").text
    text = " ".join(words(html).split())
    assert "2 candidates against base" in text
    assert "large, the primary candidate: Raters prefer large." in text
    for one in found["candidates"]:
        votes, total = one["votes"], one["votes"]["total"]
        assert f"{100 * votes['candidate'] / total:.1f} % better {100 * votes['tie'] / total:.1f} % about" in text
        rate, paper = one["win_rate"], one["majority"]["equal_or_better"]
        assert f"{100 * rate['mean']:.1f} % [{100 * rate['low']:.1f} – {100 * rate['high']:.1f}]" in text
        assert f"{100 * paper['mean']:.1f} % ± {100 * paper['standard_deviation']:.1f} % (SD)" in text
        assert f"differences from 50 % under {100 * one['smallest_shown']:.1f} points" in text


def test_the_primary_candidate_comes_first_and_the_forest_is_sorted(researcher: TestClient, batch: Batch) -> None:
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert html.index('id="candidate-2"') < html.index('id="candidate-1"')
    forest = html[html.index('id="forest"') : html.index("</table>")]
    assert forest.index(">large<") < forest.index(">small<")
    assert '<span class="tag">primary</span>' in forest


@pytest.mark.parametrize(
    "section",
    ["forest", "contrasts", "ladder", "agreement", "position", "style", "models", "raters", "prompts", "methods"],
)
def test_the_page_has_each_section_and_leads_there(researcher: TestClient, batch: Batch, section: str) -> None:
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert html.count(f'id="{section}"') == 1
    assert section == "ladder" or f'href="#{section}"' in html


def numbers(part: object) -> Iterator[float]:
    """Every number in plain data."""
    if isinstance(part, dict):
        for inner in part.values():
            yield from numbers(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from numbers(inner)
    elif isinstance(part, int | float):
        yield part


def shown(value: float) -> set[str]:
    """The ways in which the page may show a number's digits."""
    return {text.lstrip("-") for text in (f"{100 * value:.1f}", f"{value:.1f}", f"{value:.2f}", f"{value:.3f}")}


def test_a_single_channel_has_no_section(researcher: TestClient, batch: Batch) -> None:
    assert 'id="channels"' not in researcher.get(f"/batches/{batch.id}/results").text


def test_every_fraction_on_the_page_is_in_the_json(researcher: TestClient, batch: Batch) -> None:
    found = researcher.get(f"/batches/{batch.id}/results.json").json()
    allowed = {text for value in numbers(found) for text in shown(value)}
    for one in found["candidates"]:
        votes, low, high = one["votes"], one["win_rate"]["low"], one["win_rate"]["high"]
        allowed |= {text for side in ("candidate", "tie", "baseline") for text in shown(votes[side] / votes["total"])}
        allowed |= shown((high - low) / 2)
    html = researcher.get(f"/batches/{batch.id}/results").text
    body = html[html.index('id="numbers"') : html.index('id="methods"')]
    on_page = re.findall(r"\d+\.\d+", words(re.sub(r"<svg.*?</svg>", "", body, flags=re.S)))
    assert len(on_page) > 100
    assert [text for text in on_page if text not in allowed] == []


def test_channels_stand_beside_each_other_once_there_are_two(
    database: Database, researcher: TestClient, batch: Batch
) -> None:
    with database.transaction() as session:
        session.execute(update(Rater).where(Rater.id % 3 == 0).values(channel=Channel.PROLIFIC))
    found = researcher.get(f"/batches/{batch.id}/results.json").json()
    assert [one["channel"] for one in found["channels"]["each"]] == ["link", "prolific"]
    assert [one["candidate"] for one in found["channels"]["effects"]] == ["small", "large"]
    assert "They came through link (32) and prolific (16)." in found["methods"]
    html = researcher.get(f"/batches/{batch.id}/results").text
    section = words(html[html.index('id="channels"') : html.index('id="style"')])
    effect = found["channels"]["effects"][0]["difference"]["estimate"]
    assert f"{100 * abs(effect):.1f}" in section
    assert "Raters from" in section


def test_raters_are_shown_by_code_and_pseudonym(researcher: TestClient, batch: Batch) -> None:
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}</span> <span class=\"muted small\">R[0-9a-f]{12}<", html)
    assert "Nobody stands out." in html
    assert "too few votes" in html


def test_prompts_to_read_lead_to_their_comparison(researcher: TestClient, batch: Batch) -> None:
    html = researcher.get(f"/batches/{batch.id}/results").text
    place = researcher.get(f"/batches/{batch.id}/results.json").json()["reading"]["splits"][0]["comparison"]
    assert f'<a href="/batches/{batch.id}/comparisons/{place}">Question' in html


def test_a_complete_batch_does_not_ask_again(researcher: TestClient, batch: Batch) -> None:
    assert "hx-get" not in researcher.get(f"/batches/{batch.id}/results").text


def asks(html: str) -> str:
    """Where a live page asks again."""
    return unescape(re.search(r'hx-get="([^"]+)"', html)[1])


def test_a_live_page_gets_nothing_until_something_has_changed(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2)
    address = asks(researcher.get(f"/batches/{batch.id}/results").text)
    answer = researcher.get(address, headers=PART)
    assert (answer.status_code, answer.text) == (204, "")
    with database.transaction() as session:
        voted.vote(session, batch, 0, "ccc")
    answer = researcher.get(address.split("?")[0] + "?seen=older", headers=PART)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert asks(answer.text) != address
    with database.transaction() as session:
        batches.close(session, batches.get(session, batch.id))
    closed = researcher.get(f"/batches/{batch.id}/results").text
    assert "hx-get" not in closed
    assert "Closed early: these numbers rest on the first 1 of 2 comparisons" in " ".join(closed.split())


def test_the_page_says_for_whom_its_intervals_hold(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2)
        voted.vote(session, batch, 0, "ccb")
    assert "They hold for nothing beyond this one prompt." in researcher.get(f"/batches/{batch.id}/results").text
    with database.transaction() as session:
        voted.vote(session, batch, 1, "c")
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert '<span class="tag">fixed panel</span>' in html
    assert "these 4 raters only" in html
    with database.transaction() as session:
        voted.vote(session, batch, 1, "tb", begin=1)
    assert '<span class="tag">few raters</span>' in researcher.get(f"/batches/{batch.id}/results").text


@pytest.mark.parametrize("name", ["forest", "votes", "ladder"])
@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [
        ("svg", "image/svg+xml", b"<svg xmlns="),
        ("png", "image/png", b"\x89PNG"),
        ("pdf", "application/pdf", b"%PDF"),
    ],
)
def test_each_figure_can_be_taken_away(
    researcher: TestClient, batch: Batch, name: str, kind: str, media_type: str, begins: bytes
) -> None:
    answer = researcher.get(f"/batches/{batch.id}/figures/{name}.{kind}")
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.content.startswith(begins)
    assert f'filename="assay-batch-{batch.id}-{name}.{kind}"' in answer.headers["content-disposition"]


def test_there_is_no_figure_of_nothing(database: Database, researcher: TestClient, batch: Batch) -> None:
    assert researcher.get(f"/batches/{batch.id}/figures/forest.gif").status_code == 404
    assert researcher.get(f"/batches/{batch.id}/figures/pie.svg").status_code == 404
    with database.transaction() as session:
        empty = factories.launched(session)
    for name in ("forest", "votes", "ladder"):
        assert researcher.get(f"/batches/{empty.id}/figures/{name}.svg").status_code == 404


def test_sealed_results_show_a_panel_and_no_number(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, analysis={"sealed": True})
        voted.vote(session, batch, 0, "cc")
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert "The results are sealed until the batch is" in html
    assert "7 of 9 seats still open" in html
    assert "Win rate" not in html
    for path in ("results.json", "results.csv", "figures/forest.svg"):
        assert researcher.get(f"/batches/{batch.id}/{path}").status_code == 409


def test_results_that_were_opened_early_say_so(database: Database, researcher: TestClient) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, analysis={"sealed": True})
        voted.vote(session, batch, 0, "cc")
    researcher.post(f"/batches/{batch.id}/unsealing")
    assert "These results were opened" in researcher.get(f"/batches/{batch.id}/results").text


def test_the_page_says_how_a_split_after_extra_seats_counts_and_that_the_unsettled_are_left_out(
    researcher: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        made = factories.launched(session, prompts=3, split_rule="extra", split_fallback="loss")
        voted.vote(session, made, 0, "cbt")
        voted.vote(session, made, 0, "cb", begin=3)
        voted.vote(session, made, 1, "ccc")
        voted.vote(session, made, 2, "c")
    text = " ".join(words(researcher.get(f"/batches/{made.id}/results").text).split())
    assert "what has none after two more raters counts as a loss; comparisons that are not settled are left out" in text


def test_a_large_batch_shows_its_steps_until_its_numbers_are_there(
    researcher: TestClient, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_routes, "LARGE", 10)
    address = f"/batches/{batch.id}/results"
    first = researcher.get(address).text
    assert "Computing the results" in first
    assert 'http-equiv="refresh"' in first
    for thread in threading.enumerate():
        if thread.name == f"results {batch.id}":
            thread.join()
    assert "2 candidates against base" in researcher.get(address).text


def test_work_that_failed_is_met_by_whoever_asks_next_instead_of_waiting_for_ever() -> None:
    kept = Kept()

    def fails(_: object) -> None:
        raise ValueError("broken")

    kept.under_way[7] = []
    with pytest.raises(ValueError, match="broken"):
        kept.carry_out(7, fails)
    assert not kept.needs_wait(7)
    assert kept.needs_wait(8)


def test_where_no_comparison_is_settled_the_papers_figure_says_so(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        made = factories.launched(session, prompts=3)
        voted.vote(session, made, 0, "c")
    text = " ".join(words(researcher.get(f"/batches/{made.id}/results").text).split())
    assert "The paper’s figure no comparison is settled yet" in text


def test_judges_stand_beside_raters_each_number_from_the_json(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    bench = judged.bench(database, tmp_path)
    found = researcher.get(f"/batches/{bench.batch.id}/results.json").json()
    html = researcher.get(f"/batches/{bench.batch.id}/results").text
    section = html[html.index('id="judges"') : html.index('id="style"')]
    text = " ".join(words(section).split())
    assert 'href="#judges"' in html
    assert f'href="/studies/{bench.study_id}/judges/{bench.asked}"' in section
    assert text.index("gpt-4 reviews") < text.index("our-judge")
    assert "40 verdicts on 20 comparisons. Not readable: 2 in no known form, 2 refused" in text
    assert "50.0 to 70.0 % with the unparsed" in text
    assert "What standing first does can’t be told from one order" in text
    assert "ceiling: raters with each other" in text
    allowed = {text for value in numbers([found["judges"], found["candidates"]]) for text in shown(value)}
    allowed |= {"0.0", "100.0"}  # shares end there, whatever their interval does
    on_page = re.findall(r"\d+\.\d+", text)
    assert len(on_page) > 50
    assert [one for one in on_page if one not in allowed] == []


def test_a_batch_whose_judges_said_something_before_anybody_rated_shows_them(
    researcher: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        batch = judged.launched(session, votes=())
    judged.asked(database, batch.study_id)
    html = researcher.get(f"/batches/{batch.id}/results").text
    assert "No rating has arrived yet" in html
    assert "Beside raters" not in html
    assert "62.5 %" in html[html.index('id="judges"') :]
