"""The documents tell the truth: commands exist, links lead somewhere, every table and dependency is explained."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from backend.cli.main import assay
from backend.config import Settings
from backend.db import metadata
from backend.db.base import Base
from backend.services.results import schema

HOUSE = Path(__file__).parents[1]
README = (HOUSE / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]


def words(name: str) -> str:
    return (HOUSE / name).read_text("utf-8")


def test_the_readme_sets_up_with_two_commands_and_ci_runs_the_second() -> None:
    blocks = re.findall(r"^```\n(.*?)\n```$", README, re.M | re.S)
    assert [block for block in blocks if block.startswith("make")] == ["make try", "make test"]
    steps = [line for line in words(".ci/run").splitlines() if line.startswith("make")]
    assert steps == ["make test", "make check"]


def test_every_verb_of_make_that_is_named_exists() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", words("Makefile"), re.M))
    named = {verb for page in PAGES for verb in re.findall(r"\bmake ([a-z-]+)`", page.read_text("utf-8"))}
    assert named <= verbs


def test_every_verb_of_assay_that_is_named_exists() -> None:
    named = {verb for page in PAGES for verb in re.findall(r"(?:`|bin/)assay ([a-z-]+)", page.read_text("utf-8"))}
    assert {"try", "serve", "results", "export", "verify", "import-ratings"} <= named
    assert named - {"--help"} <= set(assay.commands)


def verbs_of(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from verbs_of(command)


EXAMPLES = sorted(
    {
        re.split(r" {2,}|;| > ", line.strip())[0]
        for verb in [assay, *verbs_of(assay)]
        for line in (verb.help or "").splitlines()
        if line.strip().startswith("assay ") and "NUMBER" not in line
    }
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_help_is_understood(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rest = shlex.split(example)[1:]
    for name in rest:
        if re.search(r"\.[a-z]+$", name):
            Path(name.split("=")[-1]).touch()
    command: click.Command = assay
    while isinstance(command, click.Group):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_table_is_a_word_of_the_glossary() -> None:
    glossary = words("docs/glossary.md")
    nouns = [re.findall("[A-Z][a-z]+", mapper.class_.__name__)[-1].lower() for mapper in Base.registry.mappers]
    assert len(nouns) == len(metadata.tables)
    assert [noun for noun in nouns if not re.search(rf"^\| [^|]*\b{noun}\b", glossary, re.M)] == []


def test_every_dependency_is_explained() -> None:
    explained = words("docs/dependencies.md")
    given = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=~ ]", one)[0] for one in given} - {PROJECT["name"]}
    assert [name for name in sorted(names) if name not in explained] == []


def test_every_decision_fits_on_a_page() -> None:
    long = [page.name for page in PAGES if page.parent.name == "decisions" and page.read_text().count("\n") > 40]
    assert long == []


def test_deployments_name_only_settings_that_exist() -> None:
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields}
    files = ("docker-compose.yml", "Dockerfile", "README.md", "frontend/templates/entry/login.html")
    named = {name for file in files for name in re.findall(r"\bASSAY_[A-Z_]+\b", words(file))}
    assert named
    assert named <= known


def test_the_image_copies_every_package() -> None:
    packages = tomllib.loads(words("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert [name for name in packages if f"COPY {name} {name}" not in words("Dockerfile")] == []


def test_the_schema_of_results_is_the_one_that_the_code_makes() -> None:
    """After a change: assay results --schema > docs/results.schema.json"""
    assert json.loads(words("docs/results.schema.json")) == schema.of_results()
