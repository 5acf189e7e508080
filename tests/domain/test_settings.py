"""Settings: what a preset may hold, and the hash that freezes them."""

import tomllib
from importlib.resources import files

import pytest

from backend.domain.choices import Choice
from backend.domain.settings import StudySettings, from_json

PRESETS = sorted(file.name for file in files("backend.presets").iterdir() if file.name.endswith(".toml"))


def preset(name: str) -> StudySettings:
    return from_json(tomllib.loads((files("backend.presets") / name).read_text()))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_and_survives_json(name: str) -> None:
    settings = preset(name)
    assert settings.preset == name.removesuffix(".toml")
    assert from_json(settings.to_json()) == settings


def test_the_paper_s_preset_has_three_options_three_seats_and_five_criteria() -> None:
    settings = preset("gudibande-2023.toml")
    assert [option.choice for option in settings.options] == [Choice.FIRST, Choice.SECOND, Choice.TIE]
    assert settings.seats == 3
    assert settings.instructions.count("- **") == 5


def test_any_change_of_the_settings_changes_their_hash() -> None:
    settings = preset("gudibande-2023.toml")
    assert settings.content_hash == preset("gudibande-2023.toml").content_hash
    changed = [settings.but(seats=5), settings.but(split_rule="drop"), settings.but(question="Which?")]
    assert len({settings.content_hash, *(one.content_hash for one in changed)}) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seats": 0}, "between 1 and 99"),
        ({"seats": "3"}, "seats must be a whole number"),
        ({"seats": True}, "seats must be a whole number"),
        ({"question": " "}, "question must be a text"),
        ({"options": [{"choice": "first", "label": "1"}]}, "first” and “second"),
        ({"options": "first"}, "options must be a list"),
        ({"split_rule": "coin"}, "coin"),
        ({"rater_cap": 0}, "rater_cap"),
        ({"lease_minutes": 0}, "lease_minutes"),
        ({"colour": "red"}, "unknown setting colour"),
        ({"questions": [{"key": "a", "text": "Why?", "answers": []}]}, "answers"),
        ({"questions": [{"key": "a", "text": "Why?", "answers": ["b"]}] * 2}, "own key"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        preset("gudibande-2023.toml").but(**changes)


def test_a_missing_setting_is_named() -> None:
    plain = preset("gudibande-2023.toml").to_json()
    del plain["question"]
    with pytest.raises(ValueError, match="missing setting question"):
        from_json(plain)
