"""One of several server processes: makes its own app from the environment. Knows no command line."""

from backend.broker import Far
from backend.config import Settings
from backend.db.session import Database
from backend.web.app import create_app

settings = Settings()
bell = Far.at(settings.broker_url) if settings.broker_url else None
app = create_app(settings, Database(settings.url), bell=bell)
