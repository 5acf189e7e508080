"""Settings: what a preset may hold, and the hash that freezes them."""

import tomllib
from importlib.resources import files

import pytest

from backend.domain.choices import Choice
from backend.domain.rules import Analysis, CheckRates, Exclusion, ExclusionKind, Rung, Stopping
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
        ({"split_rule": "coin"}, "split_rule must be one of tie, half, loss, drop, extra, not 'coin'"),
        ({"split_fallback": "coin"}, "split_fallback must be one of"),
        ({"options": [{"choice": "third", "label": "3"}]}, "choice must be one of"),
        ({"rater_cap": 0}, "rater_cap"),
        ({"lease_minutes": 0}, "lease_minutes"),
        ({"lease_minutes": 2**31 - 1}, "between 1 and 10,080, which is a week"),
        ({"session_size": 2**40}, "session_size must be between 1 and 1,000,000"),
        ({"rater_cap": 2**40}, "rater_cap must be between 1 and 1,000,000"),
        ({"colour": "red"}, "unknown setting colour"),
        ({"questions": [{"key": "a", "text": "Why?", "answers": []}]}, "answers"),
        ({"questions": [{"key": "a", "text": "Why?", "answers": ["b"]}] * 2}, "own key"),
        ({"split_fallback": "extra"}, "split_fallback says"),
        ({"split_rule": "extra", "seats": 5}, "seats must be 3"),
        ({"checks": {"golden": 0.1}}, "unknown kind of check golden; there are: attention, gold, repeat"),
        ({"checks": {"gold": 0.6}}, "between 0 and 0.5"),
        ({"checks": {"gold": "often"}}, "gold must be a number"),
        ({"checks": [0.1]}, "checks must be a table"),
        ({"exclusions": [{"kind": "failed_checks", "limit": 0.3, "least": 0}]}, "at least one observation"),
        ({"exclusions": [{"kind": "failed_checks", "limit": 1.5, "least": 4}]}, "a share of at least 0"),
        ({"exclusions": [{"kind": "too_fast", "limit": 0, "least": 4}]}, "words a minute"),
        ({"exclusions": [{"kind": "prefers_theirs", "limit": 0.3, "least": 4}]}, "prefers_theirs"),
        ({"exclusions": [{"kind": "one_sided", "limit": 0.9, "least": 4, "why": "?"}]}, "exclusion rule why"),
        ({"exclusions": [{"kind": "too_fast", "limit": float("inf"), "least": 4}]}, "limit must be a number"),
        ({"exclusions": [{"kind": "one_sided", "limit": 0.9, "least": 4}] * 2}, "at most one exclusion rule of each"),
        ({"stopping": {"error": 0.7, "least_prompts": 30}}, "between 0 and 0.5"),
        ({"stopping": {"error": 0.05, "least_prompts": 1}}, "at least 2 prompts"),
        ({"stopping": {"error": 0.05, "prompts": 30}}, "key of the stop rule prompts"),
        ({"analysis": {"margin": 0}}, "margin must be between"),
        ({"analysis": {"sealed": "yes"}}, "sealed must be true or false"),
        ({"analysis": {"ladder": [{"system": "a", "amount": 0}]}}, "above zero"),
        ({"analysis": {"ladder": [{"system": "a", "amount": 1}] * 2}}, "on the ladder once"),
        (
            {"analysis": {"ladder": [{"system": "a", "amount": 7}, {"system": "b", "amount": 7}]}},
            "amounts on the ladder are all equal",
        ),
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


def test_rules_declared_before_a_launch_survive_json_and_change_the_hash() -> None:
    plain = preset("gudibande-2023.toml")
    declared = plain.but(
        checks={"gold": 0.05, "repeat": 0.1},
        exclusions=[{"kind": "failed_checks", "limit": 0.3, "least": 4}],
        stopping={"error": 0.1, "least_prompts": 50},
        analysis={
            "primary": "b",
            "margin": 0.04,
            "ladder": [{"system": "a", "amount": 1000}, {"system": "b", "amount": 1e5}],
            "base": "a",
            "sealed": True,
        },
    )
    assert declared.checks == CheckRates(gold=0.05, repeat=0.1)
    assert declared.checks.any
    assert declared.exclusions == (Exclusion(ExclusionKind.FAILED_CHECKS, 0.3, 4),)
    assert declared.stopping == Stopping(0.1, 50)
    assert declared.analysis == Analysis("b", 0.04, (Rung("a", 1000.0), Rung("b", 1e5)), "a", sealed=True)
    assert from_json(declared.to_json()) == declared
    assert declared.content_hash != plain.content_hash


def test_a_rule_at_its_default_leaves_the_hash_of_earlier_versions_as_it_was() -> None:
    plain = preset("gudibande-2023.toml")
    assert "checks" not in plain.to_json()
    assert plain.but(checks={"gold": 0.0}, stopping=None, analysis={}).content_hash == plain.content_hash
    assert plain.but(stopping={}).stopping is None


def test_the_rule_extra_launches_two_more_seats_than_open_at_first() -> None:
    plain = preset("gudibande-2023.toml")
    assert (plain.seats_launched, plain.but(split_rule="extra").seats_launched) == (3, 5)
