"""Presets: data files that fill in a study's settings."""
