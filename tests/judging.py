"""A judge on a real socket that fails in every way there is, by the number of its prompt. Knows no test.

Whoever asks about prompt 1 is told to come later, about prompt 2 hears of an error, and so on, the same every ten
prompts; see `FAULTS`. It prefers the lively output wherever it stands, and keeps a bill of everything that it may have
answered, whether or not that was heard.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from backend.domain.prices import Price
from tests.openai import Step, breaks, cut_off, hangs, hangs_up, says, too_fast, truncated
from tests.openai_socket import Answer, Asked

MODEL, OTHER_MODEL = "judge-70b", "judge-8b"
PRICE = Price(2_500_000, 10_000_000)
RETRY_AFTER = 7
# By the last digit of a prompt's number. `once`: before the first answer; `always`: what is said instead of a verdict.
ONCE: dict[int, list[Step]] = {
    1: [too_fast(str(RETRY_AFTER))],
    2: [breaks(500), breaks(503)],
    3: [breaks(502)],
    4: [truncated(), hangs_up(), cut_off()],
}
EMPTY, REFUSES, WRONG, PROSE, RENAMED = 5, 6, 7, 8, 9
REFUSAL = "I'm sorry, but I can't compare these two."
IN_PROSE = "I would give Assistant 1 a 9/10 for its tone and Assistant 2 an 8/10."
NO_VERDICT = "Both of them have their merits."
REMINDERS = ("Please end with a line", "Please give your evaluation again")
FREE = (429,)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: about which prompt, with the lively output first or second, and whether it is a reminder."""

    number: int
    lively_first: bool
    is_scored: bool
    is_reminder: bool

    @classmethod
    def of(cls, asked: Asked) -> "Question":
        words = asked.prompt
        found = re.search(r"Question (\d+)\?", words)
        assert found is not None
        return cls(
            number=int(found[1]),
            lively_first=words.index("A lively") < words.index("A sober"),
            is_scored="[The Start of Assistant 1's Answer]" in words,
            is_reminder=any(reminder in str(asked.body["messages"][-1]["content"])[-200:] for reminder in REMINDERS),
        )


@dataclass
class Judge:
    """is_well: it has no faults at all. silent: prompts at which it hangs the first time, so that whoever asks loses
    patience. dead: prompts about which nothing is ever answered. on_question: called at each with the bill so far,
    before the answer leaves. heard: good answers.
    """

    is_well: bool = False
    silent: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    on_question: Callable[[int], None] = lambda billed: None
    billed: int = 0
    asked: Counter[Question] = field(default_factory=Counter)
    heard: Counter[Question] = field(default_factory=Counter)
    guard: Lock = field(default_factory=Lock)

    def answer(self, asked: Asked) -> Answer:
        question = Question.of(asked)
        with self.guard:
            self.asked[question] += 1
            step, is_heard = self.step(question, self.asked[question])
            answer = step(asked)
            self.billed += 0 if answer.status in FREE else bill(asked)
            self.heard[question] += is_heard
            billed = self.billed
        self.on_question(billed)
        return answer

    def step(self, question: Question, time: int) -> tuple[Step, bool]:
        """How it answers, asked this question for the so-manieth time; and whether that is a good answer."""
        if self.is_well:
            return verdict(replace(question, number=0)), True
        faults = ONCE.get(question.number % 10, [])
        if question.number in self.silent and time == 1:
            return hangs(), False
        if question.number in self.dead:
            return breaks(500), False
        if time <= len(faults) and not question.is_reminder:
            return faults[time - 1], False
        return verdict(question), True


def verdict(question: Question) -> Step:
    """A good answer, with what it took."""
    model = OTHER_MODEL if question.number % 10 == RENAMED else MODEL
    return lambda asked: says(words(question), model=model, usage=usage(asked))(asked)


def words(question: Question) -> str:
    """What is said about a prompt."""
    kind = question.number % 10
    if kind == EMPTY and not question.is_reminder:
        return ""
    if kind in (REFUSES, WRONG, PROSE):
        return {REFUSES: REFUSAL, WRONG: NO_VERDICT, PROSE: IN_PROSE}[kind]
    if question.is_scored:
        return "9 7\nThe first." if question.lively_first else "7 9\nThe second."
    return "The livelier one.\n[[1]]" if question.lively_first else "The livelier one.\n[[2]]"


def usage(asked: Asked) -> dict[str, int]:
    return {"prompt_tokens": len(asked.prompt.encode()) // 4 + 20, "completion_tokens": 100}


def bill(asked: Asked) -> int:
    """What a vendor takes for an answer to this, in millionths."""
    return PRICE.of(*usage(asked).values())
