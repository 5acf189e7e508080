"""What a study asks and how: the settings that a launch freezes. Knows no file format and no table.

A preset is a data file that fills these settings in; `content_hash` names them once they are frozen.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from backend.domain.choices import Choice, SplitRule
from backend.domain.hashes import content_hash
from backend.domain.journey import NO_JOURNEY, Journey, Reply, journey
from backend.domain.plain import number, rows, table, text, word, words
from backend.domain.qualifications import ANYBODY, Qualifying, qualifying
from backend.domain.rules import Analysis, CheckRates, Exclusion, Stopping, analysis, check_rates, exclusion, stop_rule

EXTRA_AFTER, EXTRA_SEATS = 3, 2
MOST_COMPARISONS, MOST_MINUTES = 1_000_000, 7 * 24 * 60
NO_CHECKS, PLAIN = CheckRates(), Analysis()
RULES = frozenset({"split_fallback", "checks", "exclusions", "stopping", "analysis", "journey", "qualifying"})


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
    long a seat is kept for a rater who does not answer. split_fallback: how a split counts that `extra` seats leave
    open. checks, exclusions, stopping, analysis: rules that must not be chosen once the votes are seen. journey: what
    comes before the task. qualifying: who is wanted.
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
    split_fallback: SplitRule = SplitRule.TIE
    checks: CheckRates = NO_CHECKS
    exclusions: tuple[Exclusion, ...] = ()
    stopping: Stopping | None = None
    analysis: Analysis = PLAIN
    journey: Journey = NO_JOURNEY
    qualifying: Qualifying = ANYBODY

    def __post_init__(self) -> None:
        choices = [option.choice for option in self.options]
        if not {Choice.FIRST, Choice.SECOND} <= set(choices) or len(set(choices)) < len(choices):
            raise ValueError("the options must hold “first” and “second”, and each choice once")
        if not 1 <= self.seats <= 99:
            raise ValueError("seats must be between 1 and 99")
        if not 1 <= self.session_size <= MOST_COMPARISONS:
            raise ValueError(f"session_size must be between 1 and {MOST_COMPARISONS:,}")
        if not 1 <= self.lease_minutes <= MOST_MINUTES:
            raise ValueError(f"lease_minutes must be between 1 and {MOST_MINUTES:,}, which is a week")
        if self.rater_cap is not None and not 1 <= self.rater_cap <= MOST_COMPARISONS:
            raise ValueError(f"rater_cap must be between 1 and {MOST_COMPARISONS:,}, or left out for no limit")
        if len({question.key for question in self.questions}) < len(self.questions):
            raise ValueError("each further question needs its own key")
        if len({rule.kind for rule in self.exclusions}) < len(self.exclusions):
            raise ValueError("there is at most one exclusion rule of each kind")
        if self.split_fallback == SplitRule.EXTRA:
            raise ValueError("split_fallback says what happens after the extra seats, so it can't be “extra” itself")
        if self.split_rule == SplitRule.EXTRA and self.seats != EXTRA_AFTER:
            raise ValueError("the split rule “extra” opens two more seats after three, so seats must be 3")
        unknown = {one.right for one in self.journey.exercises} - {*choices, Reply.CANT_JUDGE}
        if unknown and not (unknown == {Reply.TIE} and Choice.BOTH_BAD in choices):
            raise ValueError("an exercise expects a tie, but the options offer raters none")

    @property
    def seats_launched(self) -> int:
        """Seats of each comparison that a launch makes: with the rule `extra` two more than open at first."""
        return self.seats + EXTRA_SEATS if self.split_rule == SplitRule.EXTRA else self.seats

    def to_json(self) -> dict[str, object]:
        """Plain data that `from_json` reads back. Rules at their default stay out: a new rule changes no old hash."""
        silent = {rule.name for rule in fields(self) if rule.name in RULES and getattr(self, rule.name) == rule.default}
        plain: dict[str, object] = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in plain.items() if name not in silent}

    @property
    def content_hash(self) -> str:
        """The sha256 of the canonical JSON: equal settings, equal hash."""
        return content_hash(self.to_json())

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
    if missing := sorted(known - set(plain) - {"questions", "rater_cap"} - RULES):
        raise ValueError(f"missing setting {', '.join(missing)}")
    return StudySettings(
        preset=text(plain, "preset"),
        title=text(plain, "title"),
        question=text(plain, "question"),
        instructions=text(plain, "instructions"),
        options=tuple(Option(word(row, "choice", Choice), text(row, "label")) for row in rows(plain, "options")),
        seats=number(plain, "seats"),
        split_rule=word(plain, "split_rule", SplitRule),
        session_size=number(plain, "session_size"),
        rater_cap=None if plain.get("rater_cap") is None else number(plain, "rater_cap"),
        lease_minutes=number(plain, "lease_minutes"),
        questions=tuple(
            Question(text(row, "key"), text(row, "text"), words(row, "answers")) for row in rows(plain, "questions")
        ),
        split_fallback=word({"split_fallback": SplitRule.TIE, **plain}, "split_fallback", SplitRule),
        checks=check_rates(table(plain, "checks")),
        exclusions=tuple(exclusion(row) for row in rows(plain, "exclusions")),
        stopping=stop_rule(plain, "stopping"),
        analysis=analysis(table(plain, "analysis")),
        journey=journey(table(plain, "journey")),
        qualifying=qualifying(table(plain, "qualifying")),
    )
