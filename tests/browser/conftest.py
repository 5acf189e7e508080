"""Chromium, a server with a study, and people whose pages must not complain."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from backend.db.migrate import upgrade
from backend.db.session import Database
from tests import factories
from tests.browser.visits import Site, Visits
from tests.server import Server

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; a module's, for Playwright's event loop would disturb the tests that follow."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip(f"there is no Chromium on this machine (looked for {', '.join(CHROMIUM)})")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on an embedded database."""
    folder = tmp_path_factory.mktemp("site")
    database = Database(f"sqlite:///{folder / 'assay.db'}")
    upgrade(database)
    settings = {"contact": "study@example.org", "admin_password": "open sesame"}
    with Server(str(database.engine.url), folder, **settings) as server:
        yield Site(server, database, factories.house(database))
    database.engine.dispose()


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Visits]:
    """People's browsers; the test fails when one of their pages complains, opens a dialog or asks another host."""
    made = Visits(browser, site.server.base_url)
    yield made
    made.leave()
    assert made.trouble == []


@pytest.fixture
def person(visits: Visits) -> BrowserContext:
    """Somebody at a desk."""
    return visits.person()


@pytest.fixture
def page(person: BrowserContext) -> Page:
    """An empty tab of theirs."""
    return person.new_page()
