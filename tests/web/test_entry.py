"""How a researcher comes in: the printed link, or the admin password."""

import pytest
from starlette.testclient import TestClient

from backend.config import Settings
from backend.web.app import create_app
from backend.web.deps import House
from backend.web.routes import entry


@pytest.fixture
def locked(house: House) -> TestClient:
    """A server with an admin password."""
    entry.FAILURES.clear()
    settings = Settings(secret_key=house.settings.secret_key, admin_password="correct horse")
    return TestClient(create_app(settings, house.database))


def test_the_printed_link_opens_the_studies_and_sets_a_safe_cookie(stranger: TestClient, house: House) -> None:
    answer = stranger.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    assert stranger.get("/").status_code == 200


def test_the_right_password_opens_the_studies(locked: TestClient) -> None:
    assert "Admin password" in locked.get("/login").text
    assert "New study" in locked.post("/login", data={"password": "correct horse"}).text


def test_a_wrong_password_is_told_so_and_too_many_have_to_wait(locked: TestClient) -> None:
    for _ in range(10):
        answer = locked.post("/login", data={"password": "incorrect"})
        assert answer.status_code == 403
        assert "not the password" in answer.text
    answer = locked.post("/login", data={"password": "correct horse"})
    assert answer.status_code == 503
    assert "Wait a minute" in answer.text
    entry.FAILURES.clear()


def test_without_a_password_nobody_logs_in_with_an_empty_one(stranger: TestClient) -> None:
    assert stranger.post("/login", data={"password": ""}).status_code == 403
    assert "ASSAY_ADMIN_PASSWORD" in stranger.get("/login").text


def test_logging_out_closes_the_pages(researcher: TestClient) -> None:
    assert researcher.get("/").status_code == 200
    researcher.post("/logout")
    assert researcher.get("/").status_code == 403


def test_a_page_that_is_the_researchers_leads_strangers_to_the_login(stranger: TestClient) -> None:
    for path in ("/", "/studies/new", "/batches/1/results", "/plan"):
        assert '<a class="button" href="/login">Log in</a>' in stranger.get(path).text
    assert "Log in</a>" not in stranger.get("/r/nobody").text
