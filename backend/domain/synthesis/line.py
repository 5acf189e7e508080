"""Calls' replies, in whatever order they come, given to a pool in the order of their numbers. Knows no engine."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.domain.synthesis.methods import Asked
from backend.domain.synthesis.pool import Pool


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a call: its reply, cut off by the limit or not; or why it was refused for good."""

    text: str = ""
    is_cut: bool = False
    refusal: str = ""


@dataclass
class Line:
    """Replies wait until all before them are there. Calls are counted from 1; most: beyond it none is asked."""

    pool: Pool
    most: int
    waiting: dict[int, Heard] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.pool.is_full or self.pool.calls >= self.most

    def give(self, number: int, heard: Heard) -> None:
        """What became of this call."""
        self.waiting[number] = heard
        while not self.pool.is_full and (following := self.waiting.pop(self.pool.calls + 1, None)) is not None:
            if following.refusal:
                self.pool.refused(following.refusal)
            else:
                self.pool.take(following.text, is_cut=following.is_cut)

    def missing(self) -> Iterator[int]:
        """Calls that can be asked now and are not answered, in order."""
        for number in range(self.pool.calls + 1, self.last() + 1):
            if number not in self.waiting:
                yield number

    def last(self) -> int:
        """The last call of which is known what it asks."""
        at_once = self.pool.method.calls_at_once
        if at_once is None:
            return self.most
        return min((self.pool.calls // at_once + 1) * at_once, self.most)

    def asked(self, number: int) -> Asked:
        """What a call asks: by what was taken before its round, whenever it is asked."""
        at_once = self.pool.method.calls_at_once
        if at_once is None:
            return self.pool.method.ask(number, ())
        before = (number - 1) // at_once * at_once
        return self.pool.method.ask(number, [one for one in self.pool.kept if one.call <= before])
