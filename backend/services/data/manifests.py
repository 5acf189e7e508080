"""What a mixture's manifest says: what is in each file, where it is from, and what was left out. Writes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.data.reports import ReportKind
from backend.domain.records import Json
from backend.services.data.surveys import Surveyed


@dataclass
class Written:
    """What was written into a file. target: its tokens at most, None for the whole.

    of_source: dialogues of each source; tokens, answered: per counter, of all turns and of the assistant's;
    source_tokens: by the measure, of each source.
    """

    target: int | None
    of_source: list[int]
    source_tokens: list[list[int]]
    tokens: list[int]
    answered: list[int]
    size: int = 0
    is_full: bool = False
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @classmethod
    def empty(cls, target: int | None, sources: int, counters: int) -> "Written":
        """Nothing yet."""
        return cls(target, [0] * sources, [[0] * counters for _ in range(sources)], [0] * counters, [0] * counters)

    @property
    def dialogues(self) -> int:
        """Of all sources."""
        return sum(self.of_source)

    def has_room(self, tokens: int, *, measure: int) -> bool:
        """Whether a dialogue of so many tokens fits. Once one did not, none does: this is a beginning of the whole."""
        if self.target is not None and self.tokens[measure] + tokens > self.target:
            self.is_full = True
        return not self.is_full

    def add(self, source: int, line: bytes, tokens: Sequence[int], answered: Sequence[int]) -> None:
        """One dialogue more."""
        self.of_source[source] += 1
        self.size += len(line)
        self.sha256.update(line)
        for counter, (all_turns, assistants) in enumerate(zip(tokens, answered, strict=True)):
            self.tokens[counter] += all_turns
            self.answered[counter] += assistants
            self.source_tokens[source][counter] += all_turns


def manifest(found: Surveyed, written: Mapping[str, Written]) -> str:
    """The whole of it, as JSON."""
    names = [one.name for one in found.counters]
    told: dict[str, Json] = {
        "report": str(ReportKind.MIXTURE),
        "name": found.mixture.name,
        "seed": found.mixture.seed,
        "declaration_sha256": hashlib.sha256(found.declared).hexdigest(),
        "measure": found.mixture.measure,
        "tokenizers": {one.name: one.about for one in found.counters},
        "counted": "tokens of each turn's text by itself, without roles, templates and special tokens",
        "sources": [source(found, number) for number in range(len(found.sources))],
        "files": [
            {
                "file": file,
                "tokens_at_most": one.target,
                "dialogues": one.dialogues,
                "tokens": dict(zip(names, one.tokens, strict=True)),
                "assistant_tokens": dict(zip(names, one.answered, strict=True)),
                "by_source": {
                    declared.name: {"dialogues": number, "tokens": dict(zip(names, tokens, strict=True))}
                    for declared, number, tokens in zip(
                        found.mixture.sources, one.of_source, one.source_tokens, strict=True
                    )
                },
                "bytes": one.size,
                "sha256": one.sha256.hexdigest(),
            }
            for file, one in written.items()
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def source(found: Surveyed, number: int) -> dict[str, Json]:
    """Where dialogues are from, and how many of them are left after each stage."""
    declared, known, stages = found.mixture.sources[number], found.sources[number], found.stages[number]
    return {
        "name": declared.name,
        "file": declared.file,
        "sha256": known.sha256,
        "bytes": known.size,
        "licence": declared.licence,
        "origin": declared.origin,
        "weight": declared.weight,
        "cleaning": found.cleaned[number],
        "dialogues": {
            "read": stages.read,
            "left_out_as_doubled": stages.doubled,
            "left_out_as_in_an_earlier_source": stages.doubled_elsewhere,
            "left": len(found.rows[number]),
        },
        "tokens_left": {
            counter.name: sum(known.tokens[place][row] for row in found.rows[number])
            for place, counter in enumerate(found.counters)
        },
    }
