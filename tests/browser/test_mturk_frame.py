"""The simulator's frame in Chromium: a page of another site, in a sandbox, hands its work in with a plain form."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from backend.crowd import mturk_forms as forms
from backend.simulator.mturk import requester, wire, workers
from backend.simulator.mturk.market import Market, State, Worker
from backend.simulator.mturk.pages import PREVIEW
from backend.simulator.mturk.server import Server

pytestmark = pytest.mark.browser


class Task(BaseHTTPRequestHandler):
    """A requester's page: disabled in a preview, else a form that goes to the vendor with a receipt."""

    def do_GET(self) -> None:
        given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        disabled = "disabled" if given["assignmentId"] == PREVIEW else ""
        page = (
            f'<!doctype html><form method="post" action="{given.get("turkSubmitTo", "")}/mturk/externalSubmit">'
            f'<input type="hidden" name="assignmentId" value="{given["assignmentId"]}">'
            f'<input type="hidden" name="receipt" value="{given["study"]}"><button {disabled}>Finish</button></form>'
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def task_url() -> Iterator[str]:
    """The page's address on `localhost`, which is another site than 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Task) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/?study=7"
        server.shutdown()
        thread.join()


def test_a_framed_page_of_another_site_is_previewed_accepted_and_handed_in(browser: Browser, task_url: str) -> None:
    market = Market()
    workers.enrol(market, Worker("AWORKER1"))
    fields = {"AssignmentDurationInSeconds": 1800, "Reward": "0.25", "Title": "Compare", "Description": "Choose."}
    hit = requester.OPERATIONS["CreateHIT"](
        market, wire.Request(fields | {"LifetimeInSeconds": 3600, "Question": forms.question(task_url)})
    )["HIT"]
    with Server(market) as server:
        page = browser.new_page()
        page.goto(f"{server.url}/?workerId=AWORKER1")
        page.get_by_role("link", name="Compare").click()
        task = page.frame_locator("iframe")
        assert task.get_by_role("button", name="Finish").is_disabled()
        page.get_by_role("button", name="Accept").click()
        task.get_by_role("button", name="Finish").click()
        task.get_by_role("heading", name="Submitted").wait_for()
        page.close()
    (one,) = market.assignments.values()
    assert one.hit.id == hit["HITId"]
    assert (one.state, forms.receipt(one.answer)) == (State.SUBMITTED, "7")
