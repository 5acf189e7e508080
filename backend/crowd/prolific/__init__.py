"""Prolific: the account as a `Crowd`, and its signed notifications."""

from backend.crowd.prolific.account import Prolific
from backend.crowd.prolific.events import Event, read_event

__all__ = ["Event", "Prolific", "read_event"]
