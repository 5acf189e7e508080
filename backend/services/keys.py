"""The server's own key, kept beside the embedded database unless the settings give one."""

import os
import secrets

from backend.config import Settings


def secret_key(settings: Settings) -> str:
    """The key that signs links and sessions: from the settings, or made once and kept in data_dir."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text()
