"""One of several server processes: makes its own app from the environment. Knows no command line."""

from backend.config import Settings
from backend.db.session import Database
from backend.web.app import create_app

settings = Settings()
app = create_app(settings, Database(settings.url))
