"""What a study asks and how: the settings that a launch freezes. Knows no file format and no table.

A preset is a data file that fills these settings in; `content_hash` names them once they are frozen.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from backend.domain.choices import Choice, SplitRule


@dataclass(frozen=True, slots=True)
class Option:
    """One button: what it means and what it says."""

    choice: Choice
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """An optional further question after the vote, with ready answers."""

    key: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudySettings:
    """Everything a rater is asked and every rule by which votes will count.

    seats: raters a comparison. split_rule: how a comparison without majority counts. session_size: prompts before a
    pause is offered. rater_cap: most prompts one rater may judge in a batch, None for no limit. lease_minutes: how
    long a seat is kept for a rater who does not answer.
    """

    preset: str
    title: str
    question: str
    instructions: str
    options: tuple[Option, ...]
    seats: int
    split_rule: SplitRule
    session_size: int
    rater_cap: int | None
    lease_minutes: int
    questions: tuple[Question, ...] = ()

    def __post_init__(self) -> None:
        choices = [option.choice for option in self.options]
        if not {Choice.FIRST, Choice.SECOND} <= set(choices) or len(set(choices)) < len(choices):
            raise ValueError("the options must hold “first” and “second”, and each choice once")
        if not 1 <= self.seats <= 99:
            raise ValueError("seats must be between 1 and 99")
        if self.session_size < 1 or self.lease_minutes < 1:
            raise ValueError("session_size and lease_minutes must be at least 1")
        if self.rater_cap is not None and self.rater_cap < 1:
            raise ValueError("rater_cap must be at least 1, or left out for no limit")
        if len({question.key for question in self.questions}) < len(self.questions):
            raise ValueError("each further question needs its own key")

    def to_json(self) -> dict[str, object]:
        """Plain data that `from_json` reads back."""
        plain: dict[str, object] = json.loads(json.dumps(asdict(self)))
        return plain

    @property
    def content_hash(self) -> str:
        """The sha256 of the canonical JSON: equal settings, equal hash."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def but(self, **changes: object) -> "StudySettings":
        """The same settings with some replaced, checked again."""
        return from_json({**self.to_json(), **changes})


def from_json(plain: Mapping[str, object]) -> StudySettings:
    """Settings from plain data (a preset file, a form, the database).

    Raises ValueError in a sentence that names the key.
    """
    known = {field.name for field in fields(StudySettings)}
    if unknown := sorted(set(plain) - known):
        raise ValueError(f"unknown setting {', '.join(unknown)}; the settings are {', '.join(sorted(known))}")
    if missing := sorted(known - set(plain) - {"questions", "rater_cap"}):
        raise ValueError(f"missing setting {', '.join(missing)}")
    return StudySettings(
        preset=text(plain, "preset"),
        title=text(plain, "title"),
        question=text(plain, "question"),
        instructions=text(plain, "instructions"),
        options=tuple(Option(Choice(text(row, "choice")), text(row, "label")) for row in rows(plain, "options")),
        seats=number(plain, "seats"),
        split_rule=SplitRule(text(plain, "split_rule")),
        session_size=number(plain, "session_size"),
        rater_cap=None if plain.get("rater_cap") is None else number(plain, "rater_cap"),
        lease_minutes=number(plain, "lease_minutes"),
        questions=tuple(
            Question(text(row, "key"), text(row, "text"), words(row, "answers")) for row in rows(plain, "questions")
        ),
    )


def text(plain: Mapping[str, object], key: str) -> str:
    value = plain.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text")
    return value


def number(plain: Mapping[str, object], key: str) -> int:
    value = plain.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number")
    return value


def rows(plain: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = plain.get(key, [])
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError(f"{key} must be a list of tables")
    return list(value)


def words(plain: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = plain.get(key)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{key} must be a list of texts")
    return tuple(value)
