"""A replay pack: a judge and its verdicts with all that they rest on, to be read again without it. Knows no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.domain.asking import EngineKind, Reply
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, read
from backend.domain.judging.published import Format
from backend.domain.judging.summary import Said
from backend.domain.judging.templates import Template, as_read, vicuna_for
from backend.domain.records import Json, Turn


@dataclass(frozen=True, slots=True)
class Shown:
    """An output as the judge saw it."""

    system: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer, as they were stored; hash: of the question."""

    hash: str
    request: Mapping[str, object]
    reply: Reply
    engine_version: str
    revision: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A verdict. asked: the questions that are kept, the last one being what it answers; none where it was imported."""

    prompt: str
    category: str | None
    dialogue: tuple[Turn, ...]
    first: Shown
    second: Shown
    asked: tuple[Asked, ...]
    raw: str
    finish: str
    model: str
    tries: int
    given_at: str | None
    reading: Reading

    @property
    def reply(self) -> Reply:
        """What was read."""
        if not self.asked:
            return Reply(self.raw, self.finish, self.model, 0, 0)
        return self.asked[-1].reply


@dataclass(frozen=True, slots=True)
class PackedJudge:
    """A judge, as it was declared. engine: None where its verdicts were given elsewhere."""

    name: str
    template: str
    templates: Mapping[str, Template]
    engine: EngineKind | None
    model: str
    url: str
    sampling: Mapping[str, Json]
    serving: Mapping[str, Json]
    orders: Orders
    rule: Rule
    created_at: str

    def template_for(self, category: str | None) -> Template | None:
        """By what it is asked about a prompt of this category; None where its words were not kept."""
        return self.templates.get(self.template) or self.templates.get(vicuna_for(category))


@dataclass(frozen=True, slots=True)
class Pack:
    """comparisons: (candidate, baseline), by name."""

    judge: PackedJudge
    comparisons: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that reads otherwise now; flipped: the candidate was shown second."""

    key: str
    flipped: bool
    stored: Reading
    now: Reading


def read_again(judge: PackedJudge, entry: Entry) -> Reading | None:
    """By the pack's template and the newest parser; None where its words, or which output stood first, are unknown."""
    template = judge.template_for(entry.category)
    if template is None or judge.serving.get("format") == Format.ALPACA_EVAL:
        return None
    return read(template, entry.reply, (as_read(entry.dialogue), entry.first.text, entry.second.text))


def entries_of(pack: Pack, candidate: str, baseline: str) -> list[tuple[Entry, bool]]:
    """(a verdict on these two systems, whether the candidate was shown second)."""
    wanted = {(candidate, baseline): False, (baseline, candidate): True}
    sides = [(one, wanted.get((one.first.system, one.second.system))) for one in pack.entries]
    return [(one, flipped) for one, flipped in sides if flipped is not None]


def said(readings: Sequence[tuple[str, bool, Reading]]) -> list[Said]:
    """Readings by prompt, in the order of their prompts; (key, whether the candidate was shown second, reading)."""
    by_side = {(key, flipped): reading for key, flipped, reading in readings}
    keys = dict.fromkeys(key for key, _, _ in readings)
    return [Said(key, by_side.get((key, False)), by_side.get((key, True))) for key in keys]


def rescored(pack: Pack, candidate: str, baseline: str) -> tuple[list[Said], list[Change], int]:
    """(what is read now, what changed against what was stored, verdicts that can't be read again and stay as such)."""
    found, changes, kept = [], [], 0
    for entry, flipped in entries_of(pack, candidate, baseline):
        again = read_again(pack.judge, entry)
        kept += again is None
        found.append((entry.prompt, flipped, again or entry.reading))
        if again is not None and again != entry.reading:
            changes.append(Change(entry.prompt, flipped, entry.reading, again))
    return said(found), changes, kept
