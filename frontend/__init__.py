"""Templates and static files; no Python here."""
