"""Finds where an output says who wrote it, and takes that out: a blind vote must stay blind. Knows no page, no table.

Two kinds are told apart. `self`: the writer speaks of itself (“As an AI language model trained by OpenAI, …”, “I am
ChatGPT”). `name`: a system of the study, or a known vendor or assistant, is named.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

VENDORS = "OpenAI|Open AI|Anthropic|Google(?: AI| DeepMind)?|DeepMind|Meta AI|LMSYS|Mistral AI|Cohere|Alibaba Cloud"
ASSISTANTS = (
    "ChatGPT|GPT-?[2345](?:\\.\\d)?(?:-turbo|-4o|o)?|InstructGPT|Claude|Bard|Gemini|LLaMA|Llama ?\\d?|Alpaca|"
    "Vicuna|Koala|Dolly|Open ?Assistant|Mistral|Mixtral|Qwen|Falcon|StableLM|Bing Chat|Copilot"
)
KIND = (
    "(?:an? )?(?:AI|artificial intelligence|large|machine|computer|virtual|digital)\\b"
    "[\\w -]{0,40}?\\b(?:model|assistant|program|AI|bot|chatbot)\\b"
)
MAKER = "(?:,? (?:which was |that was )?(?:(?:trained|developed|created|made|built|designed) )?by [\\w .-]{1,40}?)?"

# A clause that leads into a sentence: “As an AI language model trained by OpenAI, I can't …”
CLAUSE = re.compile(rf"\b[Aa]s (?:{KIND}|an AI|an artificial intelligence|(?:{ASSISTANTS})){MAKER}\s*,\s*", re.I)
# A sentence about itself: “I am ChatGPT, a large language model trained by OpenAI.”
SENTENCE = re.compile(
    rf"\b(?:(?:Hi|Hello)[,!]? )?(?:I am|I'm|I’m|My name is) (?:(?:{ASSISTANTS})\b|{KIND})[^.!?\n]{{0,200}}[.!?]?"
    rf"|\bI was (?:created|developed|trained|made|built) by (?:{VENDORS})\b[^.!?\n]{{0,120}}[.!?]?",
    re.I,
)
CLAIMED = re.compile(rf"\b(?:{ASSISTANTS}|{VENDORS})\b")
# Whatever CLAUSE or SENTENCE can match holds one of these, and most outputs hold none: looking for them first is cheap.
HINTS = (
    *(" ai", "-ai", "artificial intelligence", "model", "assistant", "program", "bot"),
    *("openai", "open ai", "anthropic", "google", "deepmind", "lmsys", "mistral", "cohere", "alibaba cloud"),
    *("gpt", "claude", "bard", "gemini", "llama", "alpaca", "vicuna", "koala", "dolly", "mixtral", "qwen", "falcon"),
    *("stablelm", "bing chat", "copilot"),
)
# A word with the space behind it: as words of their own, spaces would make comparing long texts quadratic.
WORD = re.compile(r"\S+\s*|\s+")
STAND_IN = "this assistant"


@dataclass(frozen=True, slots=True)
class Mention:
    """Where in the text, and what: kind is "clause", "sentence" (the writer speaks of itself) or "name"."""

    start: int
    end: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a comparison of two texts: kind is "same", "removed" or "added"."""

    kind: str
    text: str


def find(text: str, *, system_names: Sequence[str]) -> tuple[Mention, ...]:
    """Every place that gives the writer away, in order, without overlaps; the longer statement wins over the name."""
    found: list[Mention] = []
    lowered = text.lower()
    for kind, pattern in (("clause", CLAUSE), ("sentence", SENTENCE)) if has_any(HINTS, lowered) else ():
        found += [Mention(match.start(), match.end(), kind, match[0]) for match in pattern.finditer(text)]
    speaks_of_itself = bool(found)
    named = has_any([name.lower() for name in system_names], lowered)
    for pattern in name_patterns(tuple(system_names), speaks_of_itself) if named or speaks_of_itself else ():
        found += [Mention(match.start(), match.end(), "name", match[0]) for match in pattern.finditer(text)]
    return tuple(without_overlaps(found))


def has_any(words: Sequence[str], lowered: str) -> bool:
    return any(word in lowered for word in words)


@lru_cache(maxsize=64)
def name_patterns(system_names: tuple[str, ...], speaks_of_itself: bool) -> tuple[re.Pattern[str], ...]:
    """Names of the study's systems wherever they stand; well-known names only beside a statement about itself.

    An answer about history may name Google; an answer that says “I am …” and names Google tells whose it is.
    """
    own = [re.escape(name) for name in system_names if len(name) >= 4 and not is_common(name)]
    patterns = [re.compile(rf"(?<![\w-])(?:{'|'.join(own)})(?![\w-])", re.I)] if own else []
    return tuple([*patterns, CLAIMED] if speaks_of_itself else patterns)


def is_common(name: str) -> bool:
    """Whether a system's name is an ordinary word ("base", "mine"): such a name in a text says nothing."""
    if name.lower() in STAND_IN:
        return True  # else scrub would put in what it takes out
    return name.isalpha() and (name.islower() or name.istitle()) and not CLAIMED.fullmatch(name)


def without_overlaps(found: list[Mention]) -> Iterator[Mention]:
    end = 0
    for mention in sorted(found, key=lambda one: (one.start, -one.end)):
        if mention.start >= end:
            end = mention.end
            yield mention


def scrub(text: str, *, system_names: Sequence[str]) -> str:
    """The text without what gives its writer away; scrubbing twice changes nothing more.

    A clause goes and its sentence starts anew, a sentence goes, a name becomes “this assistant”.
    """
    while mentions := find(text, system_names=system_names):
        text = without(text, mentions)
    return text


def without(text: str, mentions: Sequence[Mention]) -> str:
    kept, starts_anew = [text[: mentions[0].start]], False
    for number, mention in enumerate(mentions):
        until = mentions[number + 1].start if number + 1 < len(mentions) else len(text)
        rest = text[mention.end : until]
        if mention.kind == "name":
            rest = STAND_IN + rest
        elif mention.kind == "clause":
            starts_anew = starts_anew or mention.text[:1].isupper()
        else:
            rest = rest.lstrip(" ")
        if starts_anew and rest:
            rest, starts_anew = rest[0].upper() + rest[1:], False
        kept.append(rest)
    return "".join(kept)


def diff(before: str, after: str, *, around: int = 12) -> tuple[Piece, ...]:
    """What changed, word by word, with `around` words on either side of each change and “…” between."""
    old, new = WORD.findall(before), WORD.findall(after)
    pieces: list[Piece] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", shortened(old[a:b], around)))
        if kind in ("delete", "replace"):
            pieces.append(Piece("removed", "".join(old[a:b])))
        if kind in ("insert", "replace"):
            pieces.append(Piece("added", "".join(new[c:d])))
    return tuple(pieces)


def shortened(words: list[str], around: int) -> str:
    if len(words) <= 2 * around:
        return "".join(words)
    return "".join([*words[:around], " … ", *words[-around:]])
