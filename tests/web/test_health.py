"""The address that tells whoever keeps a server running whether it can serve."""

from pathlib import Path

from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.app import create_app
from backend.web.deps import House


def test_a_server_whose_database_answers_is_healthy_and_says_no_more(stranger: TestClient) -> None:
    answer = stranger.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "set-cookie" not in answer.headers


def test_a_server_without_its_database_is_not(house: House, tmp_path: Path) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'no folder' / 'assay.db'}")
    answer = TestClient(create_app(house.settings, nowhere)).get("/healthz")
    assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
