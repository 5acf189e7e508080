"""A rater's way to the task: consent, a training with feedback, an entry test. Knows no rater, table or page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from backend.domain.gold import gold_record, output_at, side
from backend.domain.plain import no_others, number, rows, text, word
from backend.domain.records import Row, RowProblem, Turn, as_text, dialogue_of, found

MOST_EXERCISES = 40
KEYS = {"prompt", "dialogue", "first", "second", "right", "explanation"}


class Reply(StrEnum):
    """What a rater presses at an exercise: a choice, or that it can't be judged."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    CANT_JUDGE = "cant_judge"


@dataclass(frozen=True, slots=True)
class Exercise:
    """A comparison whose right reply is known, and why it is right."""

    dialogue: tuple[Turn, ...]
    first: str
    second: str
    right: Reply
    explanation: str = ""

    def __post_init__(self) -> None:
        if self.right == Reply.BOTH_BAD:
            raise ValueError("the right reply to an exercise can't be both_bad; say tie, which both_bad answers too")

    def is_right(self, reply: Reply) -> bool:
        """Whether this is the reply that is expected; both bad counts as a tie, as it does in results."""
        return self.right == (Reply.TIE if reply == Reply.BOTH_BAD else reply)


@dataclass(frozen=True, slots=True)
class Journey:
    """What comes before the task, as a launch freezes it; nothing by default.

    consent: a text that a rater must agree to, in Markdown. training: exercises with feedback, which nobody fails.
    test: exercises without; whoever has fewer than `pass_mark` of them right does not go on, and is paid for it.
    """

    consent: str | None = None
    training: tuple[Exercise, ...] = ()
    test: tuple[Exercise, ...] = ()
    pass_mark: int = 0

    def __post_init__(self) -> None:
        if max(len(self.training), len(self.test)) > MOST_EXERCISES:
            raise ValueError(f"a training or a test has at most {MOST_EXERCISES} exercises")
        if self.test and not 1 <= self.pass_mark <= len(self.test):
            raise ValueError(
                f"the pass mark says how many exercises of the test must be right, so it must be between 1 and "
                f"{len(self.test)}, not {self.pass_mark}"
            )
        if not self.test and self.pass_mark:
            raise ValueError("there is a pass mark, but no test")

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """Those of the training, then those of the test."""
        return self.training + self.test

    def score(self, replies: Sequence[Reply]) -> int:
        """How many exercises of the test are right. replies: one an exercise, in their order."""
        return sum(one.is_right(reply) for one, reply in zip(self.test, replies, strict=True))


NO_JOURNEY = Journey()


class Step(StrEnum):
    """Where a rater stands: before one of the steps, at the task, or turned back for good."""

    CONSENT = "consent"
    TRAINING = "training"
    TEST = "test"
    TASK = "task"
    TURNED_AWAY = "turned_away"
    NO_CONSENT = "no_consent"
    SCREENED_OUT = "screened_out"


class JourneyEnd(StrEnum):
    """How a rater's way ended, and so which code they hand over."""

    COMPLETED = "completed"
    NO_CONSENT = "no_consent"
    SCREENED_OUT = "screened_out"


@dataclass(frozen=True, slots=True)
class Passed:
    """What a rater has behind them. agreed, passed: None while nothing was said or taken. practised: exercises."""

    agreed: bool | None = None
    practised: Collection[int] = ()
    passed: bool | None = None


def next_step(journey: Journey, behind: Passed) -> Step:
    """The first step that is not behind this rater. Nothing but what is stored decides it."""
    if journey.consent is not None and not behind.agreed:
        return Step.CONSENT if behind.agreed is None else Step.NO_CONSENT
    if journey.test and behind.passed is False:
        return Step.SCREENED_OUT
    if next_exercise(journey, behind) is not None:
        return Step.TRAINING
    return Step.TEST if journey.test and behind.passed is None else Step.TASK


def next_exercise(journey: Journey, behind: Passed) -> int | None:
    """The first exercise of the training that this rater has not answered; None after the last one."""
    return next((place for place in range(len(journey.training)) if place not in behind.practised), None)


def journey(plain: Mapping[str, object]) -> Journey:
    """The journey from plain data; what is left out is not asked."""
    no_others(plain, {"consent", "training", "test", "pass_mark"}, "key of the journey")
    return Journey(
        consent=None if plain.get("consent") is None else text(plain, "consent"),
        training=tuple(exercise(row) for row in rows(plain, "training")),
        test=tuple(exercise(row) for row in rows(plain, "test")),
        pass_mark=number(plain, "pass_mark") if "pass_mark" in plain else 0,
    )


def exercise(plain: Mapping[str, object]) -> Exercise:
    """One exercise from plain data: a prompt, or a dialogue of turns; two outputs, also empty ones; what is right."""
    no_others(plain, KEYS, "key of an exercise")
    if ("prompt" in plain) == ("dialogue" in plain):
        raise ValueError("an exercise needs a prompt, or a dialogue instead of it")
    turns = tuple(Turn(text(turn, "role"), text(turn, "text")) for turn in rows(plain, "dialogue"))
    return Exercise(
        dialogue=turns or (Turn("user", text(plain, "prompt")),),
        first=any_text(plain, "first"),
        second=any_text(plain, "second"),
        right=word(plain, "right", Reply),
        explanation=any_text({"explanation": "", **plain}, "explanation"),
    )


def any_text(plain: Mapping[str, object], key: str) -> str:
    """A text, which may be blank."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text")
    return value


def exercises(given: Sequence[Row], *, seed: int) -> tuple[Exercise, ...]:
    """Exercises from the rows of a file, in their order. Raises RowProblem for a row that is none.

    A row is a gold comparison (better, worse, tie), whose sides are drawn by the seed, half of the better ones first;
    or it says itself what stands `first` and `second` and which reply is `right`. Either may have an `explanation`.
    """
    random = Random(f"exercises {seed}")
    firsts = [place % 2 == 0 for place in range(len(given))]
    random.shuffle(firsts)
    return tuple(exercise_record(row, better_first=first) for row, first in zip(given, firsts, strict=True))


def exercise_record(row: Row, *, better_first: bool) -> Exercise:
    """A row of a file of exercises."""
    explanation = row.fields.get("explanation")
    if not isinstance(explanation, str | None):
        raise RowProblem("has an explanation that is not text")
    if "right" in row.fields:
        return replace(written(row), explanation=explanation or "")
    known = side(gold_record(row), better_first=better_first)
    return Exercise(known.dialogue, known.first, known.second, Reply(known.expected), explanation or "")


def written(row: Row) -> Exercise:
    """A row that says which output stands where."""
    dialogue = dialogue_of(row.fields, skip=None)
    if dialogue is None:
        raise RowProblem(f"has no prompt; {found(row)}")
    said = row.fields["right"]
    right = as_text(said) if isinstance(said, str | float | int | None) else "?"
    if right not in set(Reply) - {Reply.BOTH_BAD}:
        raise RowProblem(f"has {right!r} as right; it must be first, second, tie or cant_judge")
    return Exercise(dialogue, output_at(row, ("first",)), output_at(row, ("second",)), Reply(right))
