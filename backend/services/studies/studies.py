"""Studies: what there is, and what is asked. What would give a system away: services.studies.mentions."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.outputs import Output, System
from backend.db.studies import Prompt, Study, StudyVersion
from backend.domain.settings import StudySettings, from_json
from backend.errors import Invalid, NotFound
from backend.services.studies import batches
from backend.services.studies.batches import Progress

SAMPLES = 3
READING_WORDS_A_MINUTE = 230
SECONDS_A_VOTE = 10


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch and how far it is."""

    batch: Batch
    progress: Progress
    baseline: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt with every system's output, to look at."""

    prompt: Prompt
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a launch asks of raters.

    most_seats: seats of a comparison whose first raters differ; more than `seats` only with the split rule `extra`.
    """

    comparisons: int
    seats: int
    most_seats: int

    @property
    def ratings(self) -> int:
        """Ratings if nothing splits."""
        return self.comparisons * self.seats

    @property
    def most_ratings(self) -> int:
        """Ratings if everything splits."""
        return self.comparisons * self.most_seats


@dataclass(frozen=True, slots=True)
class Estimate(Size):
    """A launch of everything, and about how long raters need for one vote of this study, in seconds."""

    seconds_a_vote: float

    @property
    def hours(self) -> float:
        """Raters' time of a launch of everything in which nothing splits."""
        return self.ratings * self.seconds_a_vote / 3600

    @property
    def most_hours(self) -> float:
        """Raters' time of a launch of everything in which all splits."""
        return self.most_ratings * self.seconds_a_vote / 3600


def presets() -> dict[str, StudySettings]:
    """name -> settings of every preset that comes with Assay."""
    found = (file for file in files("backend.presets").iterdir() if file.name.endswith(".toml"))
    loaded = (from_json(tomllib.loads(file.read_text(encoding="utf-8"))) for file in found)
    return {settings.preset: settings for settings in sorted(loaded, key=lambda one: one.preset)}


def preset(name: str) -> StudySettings:
    """A preset by name; Invalid with the names there are."""
    known = presets()
    if name not in known:
        raise Invalid(f"There is no preset {name!r}; there are: {', '.join(known)}.")
    return known[name]


def newest(session: Session, *, most: int | None = None) -> Sequence[Study]:
    """Every study, or so many, the newest first."""
    return session.scalars(select(Study).order_by(Study.id.desc()).limit(most)).all()


def outputs_of(session: Session, study_id: int) -> dict[str, int]:
    """name -> how many outputs each of the study's systems has, in the order in which they came."""
    rows = session.execute(
        select(System.name, func.count(Output.id))
        .join(Output, Output.system_id == System.id, isouter=True)
        .where(System.study_id == study_id)
        .group_by(System.id, System.name)
        .order_by(System.id)
    )
    return dict(rows.all())


def get(session: Session, study_id: int) -> Study:
    """The study, or NotFound."""
    study = session.get(Study, study_id)
    if study is None:
        raise NotFound(f"There is no study {study_id}.")
    return study


def in_turn(session: Session, study_id: int) -> Study:
    """The study, once nobody else declares anything in it; whoever comes later then finds what was declared.

    A form that is sent twice would otherwise be refused by the schema, which has no words for people. Votes go on.
    """
    session.execute(select(Study.id).where(Study.id == study_id).with_for_update(key_share=True))
    return get(session, study_id)


def lines(session: Session, study_id: int) -> tuple[BatchLine, ...]:
    """The study's batches, the newest first."""
    rows = session.execute(
        select(Batch, System.name)
        .join(System, System.id == Batch.baseline_id)
        .where(Batch.study_id == study_id)
        .order_by(Batch.id.desc())
    )
    return tuple(BatchLine(batch, batches.progress(session, batch.id), baseline) for batch, baseline in rows)


def versions(session: Session, study_id: int) -> Sequence[StudyVersion]:
    """The settings as they were frozen by launches, in their order."""
    return session.scalars(
        select(StudyVersion).where(StudyVersion.study_id == study_id).order_by(StudyVersion.number)
    ).all()


def change_settings(session: Session, study: Study, settings: StudySettings) -> None:
    """Change the draft; what was launched before keeps its own version."""
    study.settings = settings.to_json()


def samples(session: Session, study_id: int) -> list[Sample]:
    """The first prompts with every output, as raters would see them."""
    first = session.scalars(select(Prompt).where(Prompt.study_id == study_id).order_by(Prompt.id).limit(SAMPLES)).all()
    shown = func.coalesce(Output.shown, Output.text)
    rows = session.execute(
        select(Output.prompt_id, System.name, shown)
        .join(System, System.id == Output.system_id)
        .where(Output.prompt_id.in_([prompt.id for prompt in first]))
        .order_by(System.id)
    ).all()
    return [
        Sample(prompt, tuple((name, text) for number, name, text in rows if number == prompt.id)) for prompt in first
    ]


def estimate(session: Session, study: Study) -> Estimate:
    """From the lengths of the texts: reading at 230 words a minute, and ten seconds to vote. No pilot is in it."""
    settings = from_json(study.settings)
    letters = session.execute(select(func.avg(func.length(Output.text))).where(Output.study_id == study.id)).scalar()
    words = 2 * float(letters or 0) / 6
    compared = comparisons(session, study)
    seconds = words / READING_WORDS_A_MINUTE * 60 + SECONDS_A_VOTE
    return Estimate(compared, settings.seats, settings.seats_launched, seconds)


def comparisons(session: Session, study: Study) -> int:
    """How many a launch of everything makes: outputs of the others at the prompts that the baseline has answered."""
    there = answered_systems(session, study.id)
    baseline = usual_baseline(session, study)
    answered = select(Output.prompt_id).where(Output.system_id == there.get(baseline))
    others = select(func.count()).where(Output.system_id.in_(there.values()), Output.system_id != there.get(baseline))
    return session.execute(others.where(Output.prompt_id.in_(answered))).scalar_one()


def usual_baseline(session: Session, study: Study) -> str:
    """The baseline that the import named, or else the first system with outputs; nothing where there is none."""
    return str(study.import_report.get("baseline") or next(iter(answered_systems(session, study.id)), ""))


def answered_systems(session: Session, study_id: int) -> dict[str, int]:
    """name -> id of the study's systems with an output, which are those that a launch can compare."""
    has_one = select(Output.id).where(Output.system_id == System.id).exists()
    rows = session.execute(
        select(System.name, System.id).where(System.study_id == study_id, has_one).order_by(System.id)
    )
    return dict(rows.all())
