"""The server's own key: made once, whole, readable by its owner alone."""

import threading
from pathlib import Path

from backend.config import Settings
from backend.services.keys import keep, secret_key


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new", secret_key="")
    key = secret_key(settings)
    assert len(key) > 40
    assert secret_key(settings) == key
    (file,) = (tmp_path / "new").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_from_the_settings_is_written_nowhere(tmp_path: Path) -> None:
    assert secret_key(Settings(data_dir=tmp_path / "new", secret_key="given")) == "given"
    assert not (tmp_path / "new").exists()


def test_the_first_key_stays_whoever_else_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    keep(path, "the first")
    keep(path, "the second")
    assert path.read_text() == "the first"
    assert list(tmp_path.iterdir()) == [path]


def test_servers_that_start_together_have_one_key(tmp_path: Path) -> None:
    settings, found = Settings(data_dir=tmp_path, secret_key=""), []
    threads = [threading.Thread(target=lambda: found.append(secret_key(settings))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
