"""Every page in Chromium: accessible in light and dark, never wider than its window, live, and light for raters."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from backend.db.batches import Batch
from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.services.studies import batches, imports, launching, mentions, studies
from backend.services.studies.files import Source
from backend.simulator import raters as simulator
from backend.simulator.raters import SimulatedRater
from tests import factories
from tests.browser.visits import (
    FOUR,
    HARD,
    Site,
    Visits,
    assert_accessible,
    assert_no_sideways_scrolling,
    started,
    vote,
)
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (390, 768, 1280, 2560)
HEAVIEST = 60 * 1024
DIALOGUE = [
    {"role": "system", "text": "Be brief."},
    {"role": "user", "text": "Hello?"},
    {"role": "assistant", "text": "Hello."},
    {"role": "user", "text": "Why is the sky blue?\n\nAnd the sea?"},
]
SURE = [{"key": "sure", "text": "How sure are you?", "answers": ["very", "not at all"]}]
TELLING = {
    "quiet-baseline-7b": ["As an AI model by quiet-baseline-7b, I say no.", "No.", "I am quiet-baseline-7b."],
    "eager-candidate-13b": ["Yes!", "As eager-candidate-13b I say yes!", "Yes!"],
}
UNEVEN = {"one": [*HARD.values(), "", "Cut off in the mid"], "two": ["Short."] * 5, "three": ["Long."] * 40}
RULES = {
    "split_rule": "extra",
    "checks": {"gold": 0.05, "attention": 0.025, "repeat": 0.1},
    "exclusions": [
        {"kind": "failed_checks", "limit": 0.3, "least": 4},
        {"kind": "inconsistent", "limit": 0.5, "least": 4},
        {"kind": "too_fast", "limit": 1000, "least": 10},
        {"kind": "one_sided", "limit": 0.9, "least": 20},
    ],
    "stopping": {"error": 0.05, "least_prompts": 3},
    "analysis": {
        "primary": "eager-candidate-13b",
        "margin": 0.04,
        "ladder": [{"system": "quiet-baseline-7b", "amount": 7}, {"system": "eager-candidate-13b", "amount": 13}],
        "base": "eager-candidate-13b",
        "sealed": True,
    },
}
RULES_WITHOUT_GOLD = {**RULES, "checks": {"attention": 0.025, "repeat": 0.1}}  # a launch with gold needs its file
CANDIDATES = {name: [f"{name[::-1]} says {number}" for number in range(3)] for name in ("base", "c-1", "c-2", "c-3")}


PAPER = {"width": 680, "height": 960}  # A4 between its margins, at 96 pixels an inch
CUT_OFF = """[...document.querySelectorAll(".scroll, .output, .prompt-text")].filter((one) => one.checkVisibility()
    && one.scrollHeight > one.clientHeight + 1)
    .map((one) => one.getAttribute("aria-label") ?? one.getAttribute("aria-labelledby"))"""


class Study:
    """Ways to bring the server's pages into each of their states; every one gives the page's address."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder

    def at_work(self, batch: Batch, *, votes: int = 0) -> str:
        """A rater who has a comparison before them, or has voted so often and asked for the next."""
        path = self.site.rater(batch)
        with simulator.Browser(self.site.server.base_url) as browser:
            page = simulator.Page(browser.post(f"{path}/next")[1])
            for _ in range(votes):
                page = simulator.Page(
                    browser.post(f"{path}/ratings", assignment=str(page.assignment), choice="first")[1]
                )
        return path

    def steered(self, act: Callable[..., None]) -> str:
        """A rater of a batch that was paused or closed."""
        batch = self.site.launch()
        with self.site.database.transaction() as session:
            act(session, batches.get(session, batch.id))
        return self.site.rater(batch)

    def withdrawn(self) -> str:
        path = self.site.rater(self.site.launch())
        with simulator.Browser(self.site.server.base_url) as browser:
            browser.post(f"{path}/withdrawal")
        return path

    def imported(self, outputs: Mapping[str, Sequence[str]], *, launched: bool = False, **rules: object) -> str:
        """A study from files, with settings other than the preset's."""
        sources = []
        for name, texts in outputs.items():
            path = self.folder / f"{name}.jsonl"
            rows = [{"id": row, "prompt": f"Question {row}?", "output": text} for row, text in enumerate(texts)]
            path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
            sources.append(Source(path, name, path.name))
        inspected = imports.inspect(sources, prompts=None, baseline=None)
        settings = studies.preset("gudibande-2023").but(**rules)
        with self.site.database.transaction() as session:
            study = imports.store(session, inspected, name="An import", settings=settings, now=factories.NOW)
            mentions.look(session, study)
            if launched:
                launching.launch(session, study, baseline=inspected.baseline, seed=1, now=factories.NOW)
            return f"/studies/{study.id}"

    def waiting(self, batch: Batch) -> str:
        """The page of a rater whose last comparison somebody else has."""
        self.at_work(batch)
        return self.at_work(batch, votes=1) + "?none_left=1"

    def with_links(self) -> str:
        batch = self.site.launch()
        for _ in range(3):
            self.site.rater(batch)
        self.site.invitation(batch)
        return f"/batches/{batch.id}"

    def rated(self, *, raters: int, **options: object) -> str:
        """The results of a batch that simulated raters have worked on."""
        batch = self.site.launch(**options)
        self.rate(batch, raters=raters)
        return f"/batches/{batch.id}/results"

    def rate(self, batch: Batch, *, raters: int) -> None:
        """Let so many simulated raters do all that they can."""
        for seed in range(raters):
            SimulatedRater(self.site.server.base_url, self.site.rater(batch), seed=seed).run()


RATERS_PAGES: dict[str, Callable[[Study], str]] = {
    "welcome": lambda study: study.site.rater(study.site.launch()),
    "task": lambda study: study.at_work(study.site.launch()),
    "plain": lambda study: study.at_work(study.site.launch()) + "?plain=1",
    "task with questions": lambda study: study.at_work(study.site.launch(options=FOUR, questions=SURE)),
    "dialogue": lambda study: study.at_work(study.site.launch(prompts=[DIALOGUE])),
    "pause": lambda study: study.at_work(study.site.launch(session_size=1), votes=1),
    "none left": lambda study: study.waiting(study.site.launch(prompts=2, seats=1)),
    "done": lambda study: study.at_work(study.site.launch(prompts=1), votes=1) + "?none_left=1",
    "finished": lambda study: study.at_work(study.site.launch(rater_cap=1), votes=1),
    "withdrawn": Study.withdrawn,
    "closed": lambda study: study.steered(batches.close),
    "paused": lambda study: study.steered(batches.pause),
    "invitation": lambda study: study.site.invitation(study.site.launch()),
    "error": lambda _: "/r/nonsense",
}
RESEARCHERS_PAGES: dict[str, Callable[[Study], str]] = {
    "home": lambda study: "/" if study.with_links() else "",
    "new study": lambda _: "/studies/new",
    "study before its launch": lambda study: study.imported(TELLING),
    "study after its launch": lambda study: study.imported(TELLING, launched=True),
    "study of hard outputs": lambda study: study.imported(UNEVEN),
    "study with every rule": lambda study: study.imported(TELLING, **RULES),
    "batch": Study.with_links,
    "batch with every rule, sealed": lambda study: f"/batches/{study.site.launch(**RULES_WITHOUT_GOLD).id}",
    "results without ratings": lambda study: f"/batches/{study.site.launch().id}/results",
    "results of 1 candidate": lambda study: study.rated(raters=3),
    "results of 3 candidates": lambda study: study.rated(raters=9, outputs=CANDIDATES),
    "plan": lambda _: "/plan",
    "plan from a wanted half-width": lambda _: "/plan?half_width=3",
    "batch that is complete": lambda study: study.rated(raters=3).removesuffix("/results"),
}


@pytest.fixture(scope="module")
def study(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The server, to be brought into any state."""
    return Study(site, tmp_path_factory.mktemp("files"))


@pytest.fixture
def researcher(site: Site, person: BrowserContext) -> Page:
    """A tab of somebody who has opened the link that the server printed."""
    page = person.new_page()
    page.goto(site.server.researcher)
    return page


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a study or a password."""
    folder = tmp_path_factory.mktemp("bare")
    database = Database(f"sqlite:///{folder / 'assay.db'}")
    upgrade(database)
    database.engine.dispose()
    with Server(str(database.engine.url), folder) as server:
        yield server


@pytest.mark.parametrize("name", RATERS_PAGES)
def test_each_of_the_raters_pages_is_accessible(study: Study, visits: Visits, page: Page, name: str) -> None:
    if name == "error":
        visits.expect("status of 404")
    page.goto(RATERS_PAGES[name](study))
    assert_accessible(page)


@pytest.mark.parametrize("kind", HARD)
def test_a_task_is_accessible_whatever_its_outputs_hold(site: Site, page: Page, kind: str) -> None:
    started(page, site.rater(site.launch(prompts=1, outputs={"one": [HARD[kind]], "two": ["Short."]})))
    assert_accessible(page)


@pytest.mark.parametrize("name", RESEARCHERS_PAGES)
def test_each_of_the_researchers_pages_is_accessible_and_as_wide_as_its_window(
    study: Study, researcher: Page, name: str
) -> None:
    researcher.goto(RESEARCHERS_PAGES[name](study))
    assert_accessible(researcher)
    for width in WIDTHS:
        researcher.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(researcher)


@pytest.mark.parametrize("name", RESEARCHERS_PAGES)
def test_each_of_the_researchers_pages_prints_whole_and_without_controls(
    study: Study, researcher: Page, name: str
) -> None:
    researcher.emulate_media(media="print", color_scheme="dark")
    researcher.set_viewport_size(PAPER)
    researcher.goto(RESEARCHERS_PAGES[name](study))
    assert_no_sideways_scrolling(researcher)
    assert researcher.evaluate(CUT_OFF) == []
    expect(researcher.locator("nav a:visible, button:visible")).to_have_count(0)
    assert researcher.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_a_number_of_bad_prompts_is_told_beside_the_form(visits: Visits, researcher: Page) -> None:
    visits.expect("status of 422")
    researcher.goto("/plan?prompts=many")
    expect(researcher.get_by_role("alert")).to_contain_text("This can't be planned")
    assert_accessible(researcher)


def test_the_login_pages_are_accessible(visits: Visits, page: Page) -> None:
    visits.expect("status of 403")
    page.goto("/login")
    assert_accessible(page)
    page.get_by_label("Admin password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    assert_accessible(page)
    page.get_by_label("Admin password").fill("open sesame")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studies")


def test_a_server_without_studies_or_password_has_accessible_pages(browser: Browser, bare: Server) -> None:
    visits = Visits(browser, bare.base_url)
    page = visits.person().new_page()
    page.goto("/login")
    assert_accessible(page)
    page.goto(bare.researcher)
    expect(page.get_by_role("heading", level=2)).to_have_text("Which of two systems do people prefer?")
    assert_accessible(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_no_sideways_scrolling(page)
    visits.leave()
    assert visits.trouble == []


def jsonl(name: str, *rows: dict[str, object]) -> dict[str, object]:
    """A file to upload."""
    return {
        "name": f"{name}.jsonl",
        "mimeType": "application/jsonl",
        "buffer": "\n".join(map(json.dumps, rows)).encode(),
    }


def answers(name: str) -> dict[str, object]:
    return jsonl(name, *({"id": key, "prompt": f"Question {key}?", "output": f"{name} {key}"} for key in range(5)))


def test_an_upload_ends_on_the_study_page(researcher: Page) -> None:
    researcher.goto("/studies/new")
    researcher.get_by_label("Files of outputs").set_input_files([answers("mine"), answers("theirs")])
    researcher.get_by_label("Name").fill("A study by upload")
    researcher.get_by_role("button", name="Import files").click()
    expect(researcher.get_by_role("heading", level=1)).to_have_text("A study by upload")
    expect(researcher).to_have_url(re.compile(r"/studies/\d+$"))
    expect(researcher.get_by_role("caption")).to_have_text("5 prompts, joined on id")


def test_a_file_that_can_not_be_read_brings_the_form_back_with_the_focus_on_what_is_wrong(
    visits: Visits, researcher: Page
) -> None:
    visits.expect("status of 422")
    broken = {"name": "broken.jsonl", "mimeType": "application/jsonl", "buffer": b'{"id": 1, "prompt": "One?"\n'}
    researcher.goto("/studies/new")
    researcher.get_by_label("Files of outputs").set_input_files([answers("mine"), broken])
    researcher.get_by_label("Name").fill("Kept")
    researcher.get_by_role("button", name="Import files").click()
    expect(researcher.get_by_role("alert")).to_be_focused()
    expect(researcher.get_by_role("alert")).to_contain_text("broken.jsonl")
    expect(researcher.get_by_label("Name")).to_have_value("Kept")
    assert_accessible(researcher)
    researcher.get_by_label("Files of outputs").set_input_files([answers("mine"), answers("theirs")])
    researcher.get_by_role("button", name="Import files").click()
    expect(researcher.get_by_role("heading", level=1)).to_have_text("Kept")


def test_a_researcher_launches_and_makes_links_by_clicking(study: Study, researcher: Page) -> None:
    researcher.goto(study.imported(TELLING))
    researcher.get_by_role("button", name="Launch batch").click()
    expect(researcher.get_by_role("heading", level=1)).to_contain_text("Batch")
    researcher.get_by_label("and an open one").check()
    researcher.get_by_role("button", name="Make links").click()
    expect(researcher.locator("table.links tbody tr")).to_have_count(4)


def test_a_link_is_copied_by_its_button(study: Study, visits: Visits, site: Site) -> None:
    page = visits.person(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(site.server.researcher)
    page.goto(study.with_links())
    row = page.locator("table.links tbody tr").last
    row.get_by_role("button", name="Copy").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == row.locator("code").inner_text()


def test_open_results_and_progress_follow_the_votes(site: Site, researcher: Page, visits: Visits) -> None:
    batch = site.launch()
    progress = researcher.context.new_page()
    researcher.goto(f"/batches/{batch.id}/results")
    progress.goto(f"/batches/{batch.id}")
    expect(researcher.locator("#numbers")).to_contain_text("No rating has arrived yet")
    rater = started(visits.person().new_page(), site.rater(batch))
    vote(rater)
    expect(researcher.locator("#numbers")).to_contain_text("1 rating · 1 rater", timeout=10_000)
    expect(researcher.locator(".verdict")).to_be_visible()
    expect(progress.locator("#progress")).to_contain_text("1 of 9 ratings", timeout=10_000)


def test_what_has_the_focus_keeps_it_while_the_page_refreshes(study: Study, researcher: Page) -> None:
    batch = study.site.launch()
    study.rate(batch, raters=1)
    researcher.goto(f"/batches/{batch.id}/results")
    region = researcher.get_by_role("region", name="Majorities of eager-candidate-13b under each rule")
    region.focus()
    study.rate(batch, raters=1)
    expect(researcher.locator("#numbers")).to_contain_text("2 raters", timeout=10_000)
    expect(region).to_be_focused()


def test_a_raters_page_weighs_at_most_60_kib(study: Study, page: Page) -> None:
    weights: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if "favicon" not in response.url:
            weights[response.url] = len(response.body())

    page.on("response", weigh)
    page.goto(RATERS_PAGES["task"](study), wait_until="networkidle")
    assert len(weights) == 3
    assert sum(weights.values()) <= HEAVIEST, weights
