"""The deployment's files fit each other: every service has an image, a command, and a way to tell its health."""

import click
import pytest

from backend.cli.main import assay
from backend.config import Settings
from tests.deployment import compose, filled, stages

SERVICES = compose()["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}


def test_the_services_are_those_of_the_design() -> None:
    assert {"database", "redis", "web", "worker", "beat", "gpu"} == set(SERVICES)
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"gpu"}


def test_every_built_service_is_a_target_of_the_dockerfile_and_the_default_is_the_web() -> None:
    assert {service["build"]["target"] for service in BUILT.values()} <= set(stages())
    assert list(stages())[-1] == "web"


def test_every_service_can_tell_whether_it_is_healthy() -> None:
    for name, service in SERVICES.items():
        told = service.get("healthcheck") or stages()[service["build"]["target"]].last("HEALTHCHECK")
        assert told, name


def test_whoever_is_waited_for_has_a_health_check() -> None:
    for service in BUILT.values():
        assert set(service["depends_on"]) == {"database", "redis"}
        assert {how["condition"] for how in service["depends_on"].values()} == {"service_healthy"}


@pytest.mark.parametrize("name", BUILT)
def test_every_command_is_understood(name: str) -> None:
    words = stages()[BUILT[name]["build"]["target"]].command
    assert words[0] == "assay"
    command: click.Command = assay.commands[words[1]]
    command.make_context(words[1], words[2:])


@pytest.mark.parametrize("name", BUILT)
def test_every_setting_can_be_used_also_where_nothing_was_chosen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in BUILT[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    settings = Settings()
    assert settings.url == "postgresql+psycopg://assay:a password@database/assay"
    assert (settings.broker_url, settings.engine_keys) == ("redis://redis:6379/0", {})


def test_engines_keys_are_given_to_nobody_but_those_who_ask() -> None:
    assert {name for name, service in BUILT.items() if "ASSAY_ENGINE_KEYS" in service["environment"]} == {
        "worker",
        "gpu",
    }


def test_nothing_but_the_pages_is_reached_from_outside_and_they_only_from_this_machine() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }


def test_every_volume_is_declared() -> None:
    named = {one.split(":")[0] for service in SERVICES.values() for one in service.get("volumes", [])}
    assert {name for name in named if not name.startswith((".", "/"))} == set(compose()["volumes"])


def test_a_missing_password_is_refused() -> None:
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        filled("${POSTGRES_PASSWORD:?choose one}", {})
