"""A study on a real server, and the people who visit it in Chromium. Knows no test."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, WebError, expect
from sqlalchemy import select

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.services.rating import links
from backend.web.deps import House
from tests import factories
from tests.factories import NOW
from tests.server import Server

FIRST, SECOND, TIE = "Output 1 is better", "Output 2 is better", "About the same"
RECEIPT = re.compile(r"^Saved, no\. [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}$")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
DESK = {"width": 1280, "height": 720}
FOUR = [
    {"choice": "first", "label": FIRST},
    {"choice": "second", "label": SECOND},
    {"choice": "tie", "label": TIE},
    {"choice": "both_bad", "label": "Both are bad"},
]
SAY_VIOLATIONS = 'addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.blockedURI}`))'

LONG = "\n\n".join(f"Paragraph {number} goes on and on, as some outputs do. " * 6 for number in range(40))
HOSTILE = """<script>alert("script")</script><img src="https://evil.example/pixel.png" onerror="alert('image')">
<iframe src="https://evil.example/"></iframe><style>.choices, .output { position: fixed; inset: 0; width: 5px }</style>
<form action="https://evil.example/"><button>Output 1 is better</button></form>
<link rel="stylesheet" href="//evil.example">

![picture](https://evil.example/markdown.png) [click](javascript:alert('link'))
[data](data:text/html,<script>alert(1)</script>)

<div style="position:fixed;top:0;left:0;width:9999px;height:9999px" onmouseover="alert('div')">over everything</div>
</div></section></form></main><h1>The study has ended</h1>

\u202etxet desrever\u202c """
HARD = {
    "Markdown": "# A heading\n\nSome **bold** words, a [link](https://example.org/) and\n\n- one\n  - two\n\n> quoted",
    "Code": "```python\n"
    + "a_very_long_name = another_very_long_name + 1  # "
    + "comment " * 60
    + "\n```\n\nand `inline`",
    "A table": "|" + " column |" * 14 + "\n|" + "---|" * 14 + "\n" + ("|" + " a longer cell |" * 14 + "\n") * 12,
    "Maths": r"Inline $x^2$ and $$\sum_{i=1}^{n} \frac{a_i + b_i + c_i + d_i}{1 + e_i} " + "+ z " * 80 + "$$",
    "A long text": LONG,
    "Right to left": "זוהי תשובה בעברית עם English באמצע. 123\n\nهذا جواب باللغة العربية.",
    "Hostile HTML": HOSTILE + "x" * 5_000,
}


def shown_after_reloads(page: Page, selector: str, words: str) -> None:
    """Reload until the page says so: without JavaScript nothing else shows what a worker does meanwhile."""
    for _ in range(60):
        if page.locator(selector).first.inner_text() == words:
            return
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator(selector).first).to_have_text(words)


class Visits:
    """Opens a browser context for each person, and notes everything that a page complains of or should not do."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.browser, self.base_url = browser, base_url
        self.trouble: list[str] = []
        self.expected: list[str] = []
        self.people: list[BrowserContext] = []

    def person(self, **options: object) -> BrowserContext:
        """Somebody with a browser of their own."""
        context = self.browser.new_context(
            **{"base_url": self.base_url, "viewport": DESK, "reduced_motion": "reduce", **options}
        )
        self.people.append(context)
        context.set_default_timeout(15_000)
        context.add_init_script(SAY_VIOLATIONS)
        context.on("console", self.on_console)
        context.on("weberror", self.on_error)
        context.on("dialog", self.on_dialog)
        context.on("request", self.on_request)
        return context

    def expect(self, words: str) -> None:
        """What this test provokes, and Chromium writes to its console."""
        self.expected.append(words)

    def note(self, said: str) -> None:
        if not any(words in said for words in self.expected):
            self.trouble.append(said)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.note(f"{message.type}: {message.text}")

    def on_error(self, error: WebError) -> None:
        self.note(f"error: {error.error}")

    def on_dialog(self, dialog: Dialog) -> None:
        self.note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.base_url}/"):
            self.note(f"request: {request.url}")

    def leave(self) -> None:
        for context in self.people:
            context.close()


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and its database, in which tests launch what they need."""

    server: Server
    database: Database
    house: House

    def launch(
        self, *, prompts: int | Sequence[object] = 3, outputs: Mapping[str, Sequence[str]] | None = None, **more: object
    ) -> Batch:
        """A study and its batch."""
        with self.database.transaction() as session:
            return factories.launched(session, prompts=prompts, outputs=outputs, **more)

    def launch_hard(self, **more: object) -> Batch:
        """A batch whose first outputs are hard to show, each beside a short one."""
        outputs = {factories.BASELINE: ["Short."] * len(HARD), factories.CANDIDATE: list(HARD.values())}
        return self.launch(prompts=list(HARD), outputs=outputs, **more)

    def rater(self, batch: Batch) -> str:
        """A new rater's address."""
        with self.database.transaction() as session:
            return factories.rater_paths(session, self.house, batch)[0]

    def invitation(self, batch: Batch) -> str:
        """An open link's address."""
        with self.database.transaction() as session:
            return f"/o/{self.house.tokens.sign('open', links.create_open(session, batch.id, now=NOW).id)}"

    def ratings(self, batch: Batch) -> list[Rating]:
        """What is stored, oldest first."""
        query = select(Rating).join(Assignment, Assignment.id == Rating.assignment_id)
        with self.database.reading() as session:
            return list(session.scalars(query.where(Assignment.batch_id == batch.id).order_by(Rating.rated_at)))

    def choices(self, batch: Batch) -> list[str]:
        """What was chosen, oldest first."""
        return [rating.choice for rating in self.ratings(batch)]

    def skip_reasons(self, batch: Batch) -> list[str]:
        """Why comparisons could not be judged."""
        query = select(Assignment.skip_reason).where(Assignment.skip_reason.is_not(None))
        with self.database.reading() as session:
            return [str(reason) for reason in session.scalars(query.where(Assignment.batch_id == batch.id))]


def started(page: Page, path: str) -> Page:
    """The page, with the first comparison on it."""
    page.goto(path)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("form.task")).to_be_visible()
    return page


def vote(page: Page, label: str = FIRST) -> None:
    """Press a choice."""
    page.get_by_role("button", name=label, exact=True).click()


def expect_number(page: Page, number: int) -> None:
    """This rater's so-and-so-many-th comparison of the session has appeared."""
    expect(page.locator(".progress")).to_contain_text(f"{number} of up to")


def texts(page: Page) -> list[str]:
    """The two outputs as they are read."""
    return page.locator("[data-output]").all_inner_texts()


def assert_no_sideways_scrolling(page: Page) -> None:
    """The page is as wide as its window."""
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"{page.url} is {wide[0]} px wide in a window of {wide[1]} px"


def assert_accessible(page: Page) -> None:
    """No rule of WCAG 2.2 AA or of good practice is broken, in light or in dark, with everything unfolded."""
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert_keeps_rules(page, {"type": "tag", "values": TAGS}, color_scheme="light")
    assert_keeps_rules(page, {"type": "rule", "values": RULES_OF_COLOUR}, color_scheme="dark")


def assert_keeps_rules(page: Page, rules: dict[str, object], *, color_scheme: Literal["light", "dark"]) -> None:
    """Axe finds nothing against these rules."""
    page.emulate_media(color_scheme=color_scheme)
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    assert found.violations_count == 0, f"{page.url} in {color_scheme}: {found.generate_report()}"
