"""A simulated person at our own pages: gives consent, practises, takes the test, rates, and brings back a code.

They know only what the pages show and act without a script. What they answered goes into the diary.
"""

from dataclasses import dataclass
from random import Random
from urllib.parse import parse_qs, urlsplit

from backend.simulator.people import Answer, Character, Diary, answers, takes_ms
from backend.simulator.raters import asked_for
from backend.simulator.surfing import Form, Seen, Surfer


class Lost(RuntimeError):
    """A page that this person can't go on from; a fault of ours, for the pages always say what is next."""


@dataclass
class Sitting:
    """One person before one browser. name: as the diary calls them."""

    name: str
    who: Character
    random: Random
    diary: Diary
    surfer: Surfer

    def walk(self, seen: Seen, *, until: str = "no such form") -> Seen:
        """Go on until there is nothing more to do now; the last page. Asking for more twice in vain is the end.

        until: how the address of a form ends at which this person stops, such as the one that hands over their work.
        """
        asked = 0
        while asked < 2 and not seen.form(until) and (following := self.step(seen)) is not None:
            asked = asked + 1 if seen.form("/next") else 0
            seen = following
        return seen

    def step(self, seen: Seen) -> Seen | None:
        """The page after this one, or None where this is the last."""
        if task := seen.form("/ratings"):
            return self.rate(seen, task)
        if on_the_way := self.step_before(seen):
            return on_the_way
        following = seen.form("/next")
        return None if following is None else self.surfer.send(following)

    def prepare(self, seen: Seen) -> Seen:
        """Go through everything that comes before the task; the page that follows."""
        while (following := self.step_before(seen)) is not None:
            seen = following
        return seen

    def step_before(self, seen: Seen) -> Seen | None:
        """The page after a consent, an exercise, its feedback or the entry test; None where this is none of them."""
        if consent := seen.form("/consent"):
            return self.surfer.send(consent, agreed="yes")
        if "practised" in parse_qs(urlsplit(seen.url).query):
            return self.surfer.open(urlsplit(seen.url)._replace(query="").geturl())
        if practice := seen.form("/practice"):
            return self.surfer.send(practice, choice=self.press(seen))
        if test := seen.form("/test"):
            return self.take(seen, test)
        return None

    def rate(self, seen: Seen, task: Form) -> Seen:
        """Press a button; what was pressed is in the diary once there is a receipt for it."""
        first, second = seen.outputs[:2]
        choice, active_ms = self.press(seen), takes_ms(self.who, self.random)
        after = self.surfer.send(task, choice=choice, active_ms=str(active_ms))
        if after.status >= 400:
            raise Lost(f"{task.action} answered {after.status}: {after.text[:200]}")
        self.diary.write(Answer(self.name, first, second, choice, active_ms))
        return after

    def press(self, seen: Seen, at: int = 0) -> str:
        """The button for the two outputs at this place of the page."""
        first, second = seen.outputs[2 * at : 2 * at + 2]
        return asked_for(first + second) or answers(self.who, first, second, self.random)

    def take(self, seen: Seen, test: Form) -> Seen:
        """Answer every exercise of the entry test."""
        names = [name for name in test.choices if name.startswith("choice.")]
        chosen = {name: self.press(seen, place) for place, name in enumerate(names)}
        return self.surfer.send(test, active_ms=str(takes_ms(self.who, self.random)), **chosen)
