"""What is remembered of a row of somebody’s file while systems are joined: no text, but digests and what stands out."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.records import Record, prompt_text, text_hash

SENTENCE_ENDS = tuple(".!?…。！？:;\"'”’»)]}>`*_|~$")
LONG_ENOUGH_TO_BE_CUT = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of a row."""

    line: int
    key: str | None
    prompt: bytes | None
    output: bytes
    empty: bool
    looks_truncated: bool
    extra_turns: int
    first_words: str


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """A system's rows, and the file that they are from."""

    name: str
    file: str
    rows: Sequence[Facts]


def facts(record: Record) -> Facts:
    """The little that is remembered of a record."""
    output = record.output or ""
    prompt = prompt_text(record.dialogue) if record.dialogue else None
    return Facts(
        line=record.line,
        key=record.key,
        prompt=None if prompt is None else bytes.fromhex(text_hash(prompt))[:16],
        output=bytes.fromhex(text_hash(output))[:16],
        empty=not output.strip(),
        looks_truncated=looks_truncated(output),
        extra_turns=record.extra_turns,
        first_words=" ".join((output if record.output is not None else prompt or "")[:120].split())[:60],
    )


def looks_truncated(output: str) -> bool:
    """Whether a long output seems to stop in the middle: no sentence's end, or a code fence left open."""
    text = output.rstrip()
    if text.count("```") % 2:
        return True
    return len(text) > LONG_ENOUGH_TO_BE_CUT and not text.endswith(SENTENCE_ENDS)
