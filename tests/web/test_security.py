"""Who may see and change what: every researcher's page wants the researcher, every change comes from our own pages."""

import hashlib
import re

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from backend.config import Settings
from backend.services.tokens import Tokens
from backend.web.app import create_app
from backend.web.deps import COOKIE, House

OPEN = {"/r/", "/o/", "/in/", "/hit/", "/hooks/", "/enter/", "/login", "/logout", "/healthz"}


def routes(client: TestClient) -> list[tuple[str, str]]:
    """(method, path) of every route, with 1 for each number in it."""
    found = []
    pending = list(client.app.routes)
    while pending:
        route = pending.pop()
        pending += getattr(getattr(route, "original_router", None), "routes", [])
        if isinstance(route, APIRoute):
            found += [(method, re.sub(r"\{\w+\}", "1", route.path)) for method in route.methods]
    return sorted(set(found))


def guarded(client: TestClient) -> list[tuple[str, str]]:
    return [(method, path) for method, path in routes(client) if not any(path.startswith(start) for start in OPEN)]


def test_every_page_but_the_raters_and_the_door_refuses_a_stranger(stranger: TestClient) -> None:
    assert len(guarded(stranger)) >= 15
    for method, path in guarded(stranger):
        answer = stranger.request(method, path)
        assert answer.status_code == 403, (method, path)
        assert "researcher" in answer.text


def test_no_forged_or_foreign_cookie_opens_a_page(stranger: TestClient, house: House) -> None:
    other = House(house.settings, house.database, Tokens("another key"))
    for cookie in ("researcher", "InJlc2VhcmNoZXIi.x.y", str(other.sessions().dumps("researcher"))):
        stranger.cookies.set(COOKIE, cookie)
        assert stranger.get("/").status_code == 403


def test_no_address_is_trusted(house: House) -> None:
    client = TestClient(create_app(house.settings, house.database), client=("127.0.0.1", 5), follow_redirects=False)
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "::1", "Forwarded": "for=127.0.0.1"}
    assert client.get("/", headers=headers).status_code == 403


def test_a_raters_link_is_no_key_to_the_researchers_pages(stranger: TestClient, house: House) -> None:
    for kind in ("link", "open", "assignment"):
        assert stranger.get(f"/enter/{house.tokens.sign(kind, 1)}").status_code == 404
    assert stranger.get("/").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_no_other_site_can_change_anything(researcher: TestClient, headers: dict[str, str]) -> None:
    for method, path in routes(researcher):
        if method == "POST":
            assert researcher.post(path, headers=headers).status_code == 403, path


def test_our_own_pages_can(researcher: TestClient) -> None:
    assert researcher.post("/logout", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert researcher.post("/logout", headers={"Origin": "http://testserver"}).status_code == 200


def test_nothing_that_changes_something_answers_a_get(researcher: TestClient) -> None:
    both = {path for method, path in routes(researcher) if method == "POST"}
    assert {path for method, path in routes(researcher) if method == "GET"} & both <= {"/login", "/o/1", "/in/1"}


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/r/nonsense"])
def test_every_answer_has_a_strict_policy(researcher: TestClient, path: str) -> None:
    headers = researcher.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/studies/new", "/login"])
def test_no_page_has_inline_script_or_style(researcher: TestClient, path: str) -> None:
    html = researcher.get(path).text
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", html) == []


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(house: House) -> None:
    small = Settings(secret_key=house.settings.secret_key, max_upload_mb=1)
    client = TestClient(create_app(small, house.database))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    answer = client.post("/studies", files={"outputs": ("a.jsonl", b"x" * (2**20 + 1))})
    assert answer.status_code == 413
    assert "1 MiB" in answer.text


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("path", ["/studies", "/login"])
def test_a_body_that_does_not_say_its_length_is_cut_off(house: House, path: str, kind: str) -> None:
    small = Settings(secret_key=house.settings.secret_key, max_upload_mb=1)
    client = TestClient(create_app(small, house.database))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    head = (
        b'--b\r\nContent-Disposition: form-data; name="outputs"; filename="a"\r\n\r\n' if "multipart" in kind else b""
    )
    pieces = iter([head, *[b"x" * 2**18] * 8])
    answer = client.post(path, content=pieces, headers={"Content-Type": kind})
    assert answer.status_code == 413
    assert "1 MiB" in answer.text


def test_nothing_but_an_import_may_be_large(stranger: TestClient) -> None:
    large, imports = {"Content-Length": str(2**20 + 1)}, ("/studies", "/studies/1/verdicts", "/batches/1/incoming")
    for method, path in routes(stranger):
        if method == "POST":
            assert (stranger.post(path, headers=large).status_code == 413) == (path not in imports), path


def test_a_length_that_is_no_number_is_refused(researcher: TestClient) -> None:
    assert researcher.post("/studies", headers={"Content-Length": "many"}).status_code == 400


def test_the_vendored_script_is_the_one_that_was_published(researcher: TestClient) -> None:
    answer = researcher.get("/static/vendor/htmx-4.0.1.min.js")
    assert answer.headers["cache-control"].startswith("public")
    published = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
    assert hashlib.sha256(answer.content).hexdigest() == published
