"""The server's own key, kept beside the embedded database unless the settings give one."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from backend.config import Settings


def secret_key(settings: Settings) -> str:
    """The key that signs links and sessions: from the settings, or made once and kept in data_dir."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        keep(path, secrets.token_urlsafe(32))
    return path.read_text()


def keep(path: Path, key: str) -> None:
    """Write the key whole or not at all: half a key, or none, would sign links that anybody can forge."""
    written = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    with suppress(FileExistsError):  # another process was first, and its key is the key
        os.link(written, path)
    written.unlink()
