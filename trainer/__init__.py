"""The trainer's room: files in (TOML and JSONL), files out (checkpoint and metrics). It never imports the platform."""
