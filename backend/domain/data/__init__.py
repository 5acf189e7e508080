"""Imitation data: dialogues, how other people's records become ones, and what cleaning takes out and why."""
