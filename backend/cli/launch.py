"""`assay launch`: files of outputs become a launched batch. Shared with `assay try`; serves nothing."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from importlib.resources import as_file, files
from pathlib import Path

import click

from backend.cli import progress
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.db.base import LARGEST_NUMBER
from backend.db.session import Database
from backend.domain import declared
from backend.domain.settings import StudySettings, from_json
from backend.errors import Invalid
from backend.services.studies import batches, exercises, gold, imports, launching, mentions, studies
from backend.services.studies.files import Source

SEED = 2023
PRESET = "gudibande-2023"
FILE = click.Path(dir_okay=False, path_type=Path)
OPTIONS = (
    click.argument("outputs", nargs=-1, metavar="[NAME=]FILE..."),
    click.option("--baseline", help="Name of the system the others are compared with.  [default: the last file's]"),
    click.option("--prompts", type=FILE, help="File of prompts, if outputs hold none."),
    click.option("--preset", default=PRESET, show_default=True, help="Instructions, options and rules."),
    click.option("--settings", "settings_file", type=FILE, help="TOML: your own preset, or the keys to change."),
    click.option("--seats", type=click.IntRange(1, 99), help="Raters a comparison.  [default: the preset's]"),
    click.option("--sample", type=click.IntRange(1), help="Launch so many prompts, drawn at random.  [default: all]"),
    click.option(
        "--gold", type=FILE, help="Gold comparisons (prompt, better, worse), where checks declare a gold rate."
    ),
    click.option("--training", help="Exercises with feedback before the task: a file, or “default” for our own four."),
    click.option("--test", type=FILE, help="Exercises of an entry test, as in --gold, or first, second and right."),
    click.option("--pass-mark", type=click.IntRange(1), help="How many exercises of the entry test must be right."),
    click.option("--scrub", is_flag=True, help="Hide what gives a system away (“As an AI model by …”) from raters."),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call asks to be launched."""

    outputs: tuple[str, ...]
    prompts: Path | None
    baseline: str | None
    preset: str
    settings_file: Path | None
    seats: int | None
    sample: int | None
    scrub: bool
    gold: Path | None
    training: str | None
    test: Path | None
    pass_mark: int | None

    @property
    def shapes_a_study(self) -> bool:
        """Whether it says more than how to launch."""
        given = (self.outputs, self.prompts, self.settings_file, self.seats, self.scrub, self.training, self.test)
        return any(given) or self.pass_mark is not None or self.preset != PRESET

    @property
    def settings(self) -> StudySettings:
        """The preset's settings, with the file's instead, with this call's own instead."""
        found = studies.preset(self.preset)
        if self.settings_file:
            found = changed(found, self.settings_file)
        found = found.but(seats=self.seats) if self.seats else found
        return exercises.added(
            found,
            training=exercises.training(self.training, found, seed=SEED) if self.training else None,
            test=exercises.read(source(str(self.test)), seed=SEED) if self.test else None,
            pass_mark=self.pass_mark,
        )


@dataclass(frozen=True, slots=True)
class Launched:
    """A batch, and how many raters it needs at least: a rater meets a prompt once."""

    batch_id: int
    raters: int


def takes_files(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of a launch, and calls it with what they say as its first argument."""

    @wraps(command)
    def taking(
        *,
        outputs: tuple[str, ...],
        prompts: Path | None,
        baseline: str | None,
        preset: str,
        settings_file: Path | None,
        seats: int | None,
        sample: int | None,
        scrub: bool,
        gold: Path | None,
        training: str | None,
        test: Path | None,
        pass_mark: int | None,
        **others: object,
    ) -> None:
        wanted = Wanted(
            outputs, prompts, baseline, preset, settings_file, seats, sample, scrub, gold, training, test, pass_mark
        )
        command(wanted, **others)

    made: Callable[..., None] = taking
    for option in reversed(OPTIONS):
        made = option(made)
    return made


@click.command()
@takes_files
@click.option("--study", type=click.IntRange(1, LARGEST_NUMBER), help="A stored study, instead of files.")
@data_dir_option
def launch(wanted: Wanted, study: int | None, data_dir: Path | None) -> None:
    """Import files, or take a stored study, and launch a batch, without serving it; for scripts.

    \b
    assay launch mine.jsonl theirs.jsonl     then: assay links 1 --personal 3, and assay serve
    assay launch --study 2 --baseline theirs      what `assay studies` lists, by the settings of its page

    \b
    Rules that must be declared before any vote is seen come from --settings rules.toml:
      split_rule = "extra"                                 two more raters where three differ
      stopping = { error = 0.05, least_prompts = 30 }      an early stop that keeps its error
      analysis = { primary = "mine", sealed = true }       what is asked; nobody looks before the end
      checks = { gold = 0.05, repeat = 0.05 }
      exclusions = [{ kind = "failed_checks", limit = 0.3, least = 4 }]
      qualifying = { countries = ["US", "GB"], exclude_batches = [3] }
      journey = { consent = "I am 18 or older and take part of my own will." }
    """
    if not wanted.outputs and study is None:
        raise Invalid("Name two or more files of outputs, or a --study. (The demo study is: assay try)")
    database = open_database(settings_with(data_dir=data_dir))
    launched = launch_files(database, wanted) if study is None else launch_stored(database, study, wanted)
    number = launched.batch_id
    click.echo(f"Batch {number} is launched; it needs {launched.raters} raters or more.")
    click.echo(f"Their links: assay links {number} --personal {launched.raters}, while `assay serve` runs.")


def launch_stored(database: Database, study_id: int, wanted: Wanted) -> Launched:
    """Launch a study that was imported before. Invalid where the call says what its page says already."""
    if wanted.shapes_a_study:
        raise Invalid(
            "A stored study has its files and settings: with --study go --baseline, --sample and --gold alone. "
            "Change its settings in its page."
        )
    known = gold.read(source(str(wanted.gold))) if wanted.gold else []
    with database.transaction() as session:
        study = studies.get(session, study_id)
        batch = launching.launch(
            session,
            study,
            baseline=wanted.baseline or studies.usual_baseline(session, study),
            seed=SEED,
            now=datetime.now(UTC),
            prompts=wanted.sample,
            gold=known,
        )
        settings, line = from_json(study.settings), studies.lines(session, study_id)[0]
        systems = studies.answered_systems(session, study_id)
    click.echo(f"{study.name}, against {line.baseline}: {progress.many(line.progress.comparisons, 'comparison')}.")
    announced(settings, line.progress.comparisons)
    return Launched(batch.id, settings.seats_launched * (len(systems) - 1))


def launch_files(database: Database, wanted: Wanted, *, note: str = "") -> Launched:
    """Import, say what was found, launch. The note stands behind the study's name."""
    settings = wanted.settings
    known = gold.read(source(str(wanted.gold))) if wanted.gold else []
    with as_file(files("backend.demo")) as demo:
        sources, asked = chosen(wanted, demo)
        with progress.reading([*sources, *([asked] if asked else [])]) as on_bytes:
            inspected = imports.inspect(sources, prompts=asked, baseline=wanted.baseline, on_bytes=on_bytes)
        refuse_alone(inspected)
        click.echo(progress.report(inspected))
        name = " and ".join(system for system in inspected.systems if system != inspected.baseline)
        now = datetime.now(UTC)
        with database.transaction() as session, progress.storing(inspected) as on_rows:
            study = imports.store(
                session,
                inspected,
                name=f"{name} against {inspected.baseline}{note}",
                settings=settings,
                now=now,
                on_rows=on_rows,
            )
            mentions.look(session, study)
            given_away, shown = mentions.noted(session, study, most=progress.SHOWN)
            if wanted.scrub:
                mentions.scrub(session, study.id)
            batch = launching.launch(
                session,
                study,
                baseline=inspected.baseline,
                seed=SEED,
                now=now,
                prompts=wanted.sample,
                gold=known,
            )
            comparisons = batches.progress(session, batch.id).comparisons
    click.echo(progress.identity(given_away, shown, scrubbed=wanted.scrub))
    announced(settings, comparisons)
    return Launched(batch.id, settings.seats_launched * (len(inspected.systems) - 1))


def announced(settings: StudySettings, comparisons: int) -> None:
    """Say how many ratings it takes, and what was declared."""
    click.echo(seats_in_words(settings, comparisons))
    for sentence in declared.sentences(settings):
        click.echo(sentence)


def refuse_alone(inspected: imports.Inspected) -> None:
    """Invalid where there is nothing to compare with yet."""
    if len(inspected.systems) < 2:
        there = f"only {inspected.baseline}" if inspected.systems else "none"
        raise Invalid(
            f"A launch compares two systems, and there is {there}. "
            "`assay import` stores the study, and `assay generate` makes the outputs that are missing."
        )


def changed(settings: StudySettings, path: Path) -> StudySettings:
    """The settings with what the TOML file says instead; Invalid with file and key, or file and line."""
    try:
        return settings.but(**tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Invalid(f"{path} can't be read: {error.strerror}.") from None
    except ValueError as error:  # of TOML, of UTF-8 or of a setting; each says what and where
        raise Invalid(f"{path}: {error}.") from None


def seats_in_words(settings: StudySettings, comparisons: int) -> str:
    """How many raters a comparison gets, and how many ratings that makes."""
    if settings.seats_launched == settings.seats:
        return f"{settings.seats} raters a comparison: {settings.seats * comparisons} ratings."
    return (
        f"{settings.seats} raters a comparison, {settings.seats_launched} where three disagree; "
        f"at most {settings.seats_launched * comparisons} ratings."
    )


def chosen(wanted: Wanted, demo: Path) -> tuple[list[Source], Source | None]:
    """The files that were named, or the demo's."""
    if wanted.outputs:
        return [source(given) for given in wanted.outputs], source(str(wanted.prompts)) if wanted.prompts else None
    systems = ("smooth-talker.jsonl", "plain-speaker.jsonl")
    return [Source(demo / name, None, name) for name in systems], Source(demo / "prompts.jsonl", None, "prompts.jsonl")


def source(given: str) -> Source:
    """FILE or NAME=FILE. A file whose own name holds “=” is still found."""
    name, _, path = given.rpartition("=")
    if name and not Path(given).exists():
        return Source(Path(path), name, Path(path).name)
    return Source(Path(given), None, Path(given).name or given)
