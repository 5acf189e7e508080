"""The trainer: a run is a TOML file; dialogues go in, a checkpoint and metrics come out. It knows no platform."""
