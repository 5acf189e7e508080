"""Self-Instruct (Wang et al. 2022): eight tasks shown, two of them made before, for more. Knows no engine.

Numbers and filters are those of yizhongw/self-instruct, bootstrap_instructions.py. One thing is otherwise: there every
letter but a task's first becomes small, names too; here a task keeps its letters.
"""

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from backend.domain.synthesis.methods import Asked, Entry, Kept, Seed

SHOWN, MACHINES = 8, 2
CALLS_AT_ONCE = 5
FEWEST_WORDS, MOST_WORDS = 4, 150
BLACKLIST = (
    "image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw", "plot",
    "go to",
)  # fmt: skip
UNFIT = re.compile(rf"\b({'|'.join(BLACKLIST)})\b", re.IGNORECASE)
NUMBERED = re.compile(r"\n\d+\s?\. ")
FIRST_NUMBER = re.compile(r"^\s*\d+\s?\.\s+")
TASKS = "{tasks}"


class Unfit(StrEnum):
    """Why a task is left out, whatever others there are."""

    CUT_OFF = "in a reply that was cut off by its limit, which counts as none"
    LENGTH = f"fewer than {FEWEST_WORDS} words, or more than {MOST_WORDS}"
    WORDS = "a word that asks for more than text, such as image, file or plot"
    PROGRAM = "begins with “Write a program”"
    PUNCTUATION = "begins with punctuation"
    LETTER = "begins with a letter that is not English"


@dataclass(frozen=True, slots=True)
class SelfInstruct:
    """template: with {tasks}, where numbered tasks and the next number go. random_seed: of which tasks are shown.

    Raises ValueError where there are fewer than eight seeds.
    """

    template: str
    seeds: tuple[Seed, ...]
    random_seed: int = 0

    def __post_init__(self) -> None:
        if self.template.count(TASKS) != 1:
            raise ValueError(f"the template must have {TASKS} once")
        if len(self.seeds) < SHOWN:
            raise ValueError(f"{len(self.seeds)} seeds are left, and the first calls show {SHOWN} different ones")

    @property
    def calls_at_once(self) -> int | None:
        """Five calls are asked before what they bring is shown to others."""
        return CALLS_AT_ONCE

    def ask(self, call: int, kept: Sequence[Kept]) -> Asked:
        """Two tasks that were made before, where there are, and six seeds, in random order."""
        random = Random(f"{self.random_seed}/{call}")
        made = random.sample(kept, min(MACHINES, len(kept)))
        shown = [(f"made-{one.number}", one.entry.text) for one in made]
        shown += [(one.key, one.text) for one in random.sample(self.seeds, SHOWN - len(made))]
        random.shuffle(shown)
        lines = [f"{number}. {' '.join(text.split()).rstrip(':')}" for number, (_, text) in enumerate(shown, start=1)]
        text = self.template.replace(TASKS, "\n".join([*lines, f"{SHOWN + 1}."]))
        return Asked(text, tuple(key for key, _ in shown))

    def read(self, reply: str, *, is_cut: bool) -> Iterator[Entry | str]:
        """Its tasks; and in words why others are left out."""
        if is_cut:
            yield str(Unfit.CUT_OFF)
            return
        for part in NUMBERED.split(FIRST_NUMBER.sub("", reply)):
            task = " ".join(part.split())
            if task:
                why = unfit(task)
                yield str(why) if why else Entry(task[0].upper() + task[1:])

    def key_of(self, entry: Entry) -> str:
        """Two tasks with one key are the same task."""
        return entry.text.casefold()


def unfit(task: str) -> Unfit | None:
    """Why a task is left out, or None; the first reason of several."""
    rules = (
        (Unfit.LENGTH, not FEWEST_WORDS <= len(task.split()) <= MOST_WORDS),
        (Unfit.WORDS, UNFIT.search(task) is not None),
        (Unfit.PROGRAM, task.casefold().startswith("write a program")),
        (Unfit.PUNCTUATION, task[0] in string.punctuation),
        (Unfit.LETTER, not task[0].isascii()),
    )
    return next((why for why, is_so in rules if is_so), None)
