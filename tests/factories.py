"""Small studies for tests, made as an import and a launch would make them. Knows no test."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import Settings
from backend.db.batches import Batch
from backend.db.outputs import Output, System
from backend.db.session import Database
from backend.db.studies import Prompt, Study
from backend.domain.gold import Gold
from backend.domain.records import Turn, prompt_text, text_hash
from backend.domain.settings import StudySettings, from_json
from backend.services.rating import links
from backend.services.studies import launching
from backend.services.tokens import Tokens
from backend.web.deps import House

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BASELINE, CANDIDATE = "quiet-baseline-7b", "eager-candidate-13b"
Turns = Sequence[dict[str, str]]


def settings(**changes: object) -> StudySettings:
    """The first preset, with some settings replaced."""
    preset = resources.files("backend.presets").joinpath("gudibande-2023.toml")
    return from_json({**tomllib.loads(preset.read_text("utf-8")), **changes})


def study(
    session: Session,
    *,
    prompts: Sequence[str | Turns] | int = 3,
    outputs: Mapping[str, Sequence[str]] | None = None,
    **changes: object,
) -> Study:
    """A study that nobody has launched.

    prompts: texts or dialogues, or how many to make up. outputs: system name -> one text a prompt; None for a
    baseline and a candidate whose texts do not tell who wrote them. changes: settings other than the preset's.
    """
    asked = [f"Question {number}?" for number in range(1, prompts + 1)] if isinstance(prompts, int) else prompts
    made = Study(name="A study", settings=settings(**changes).to_json(), import_report={}, created_at=NOW)
    session.add(made)
    session.flush()
    rows = [prompt_row(made.id, number, prompt) for number, prompt in enumerate(asked, start=1)]
    session.add_all(rows)
    session.flush()
    usual = {
        BASELINE: [f"A sober answer to number {number}." for number, _ in enumerate(asked, start=1)],
        CANDIDATE: [f"A lively answer to number {number}!" for number, _ in enumerate(asked, start=1)],
    }
    for name, texts in (usual if outputs is None else outputs).items():
        add_system(session, made.id, name, rows, texts)
    return made


def prompt_row(study_id: int, number: int, prompt: str | Turns) -> Prompt:
    """A prompt of one turn from a text, or of several from a dialogue."""
    dialogue = [{"role": "user", "text": prompt}] if isinstance(prompt, str) else list(prompt)
    digest = text_hash(prompt_text([Turn(**turn) for turn in dialogue]))
    return Prompt(study_id=study_id, key=f"p{number}", dialogue=dialogue, text_hash=digest, category=None)


def add_system(session: Session, study_id: int, name: str, prompts: Sequence[Prompt], texts: Sequence[str]) -> None:
    """A system with its output for each prompt."""
    system = System(study_id=study_id, name=name)
    session.add(system)
    session.flush()
    session.add_all(
        Output(study_id=study_id, system_id=system.id, prompt_id=prompt.id, text=text)
        for prompt, text in zip(prompts, texts, strict=True)
    )
    session.flush()


def systems(session: Session, study_id: int) -> list[int]:
    """The systems of a study, in the order in which they came."""
    return list(session.scalars(select(System.id).where(System.study_id == study_id).order_by(System.id)))


def launched(
    session: Session,
    *,
    seed: int = 1,
    prompts: Sequence[str | Turns] | int = 3,
    outputs: Mapping[str, Sequence[str]] | None = None,
    gold: Sequence[Gold] = (),
    **changes: object,
) -> Batch:
    """A study and its batch. The first system of `outputs` is the baseline, as it is by default."""
    made = study(session, prompts=prompts, outputs=outputs, **changes)
    baseline = next(iter(outputs)) if outputs else BASELINE
    return launching.launch(session, made, baseline=baseline, seed=seed, now=NOW, gold=gold)


def gold(count: int) -> list[Gold]:
    """Comparisons of known outcome; every text is another, and a better one says so."""
    return [
        Gold(number, (Turn("user", f"Known question {number}?"),), f"Right: {number}.", f"Wrong: {number}.", False)
        for number in range(1, count + 1)
    ]


def house(database: Database) -> House:
    """A server's own things, with a key that tests know."""
    given = Settings(secret_key="a key for tests", contact="study@example.org", public_url="", admin_password="")
    return House(given, database, Tokens(given.secret_key))


def rater_paths(session: Session, house: House, batch: Batch, *, count: int = 1) -> list[str]:
    """The addresses of so many new raters."""
    made = links.create_personal(session, batch.id, count=count, now=NOW)
    return [f"/r/{house.tokens.sign('link', link.id)}" for link in made]
