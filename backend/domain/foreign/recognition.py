"""Recognises what cells of a foreign file speak of: a study's prompts, systems and outputs. Knows no column.

Texts travel through HTML forms and spreadsheets, so they are compared by their words: line ends, white space, `<br>`
and character references make no difference.
"""

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

BREAK = re.compile(r"</?(?:br|p|div)\s*/?>", re.IGNORECASE)
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Known:
    """What a batch has. texts: fingerprint -> prompts with this text. outputs: (prompt, fingerprint) -> systems."""

    baseline: str
    candidates: tuple[str, ...]
    prompts: frozenset[str]
    texts: Mapping[bytes, frozenset[str]]
    outputs: Mapping[tuple[str, bytes], frozenset[str]]

    @property
    def systems(self) -> tuple[str, ...]:
        return (self.baseline, *self.candidates)

    def prompt_of(self, text: str) -> str | None:
        """The only prompt of this text; None where none has it, or several."""
        keys = self.texts.get(fingerprint(text), frozenset())
        return next(iter(keys)) if len(keys) == 1 else None


def known(
    *,
    baseline: str,
    candidates: Iterable[str],
    prompts: Iterable[tuple[str, str]],
    outputs: Iterable[tuple[str, str, str]],
) -> Known:
    """What a batch has. prompts: (key, text), for each text a prompt goes by. outputs: (key, system, text)."""
    asked = list(prompts)
    texts, answered = defaultdict(set), defaultdict(set)
    for key, text in asked:
        texts[fingerprint(text)].add(key)
    for key, system, text in outputs:
        answered[key, fingerprint(text)].add(system)
    return Known(
        baseline=baseline,
        candidates=tuple(candidates),
        prompts=frozenset(key for key, _ in asked),
        texts={digest: frozenset(keys) for digest, keys in texts.items()},
        outputs={place: frozenset(systems) for place, systems in answered.items()},
    )


def word_set(words: str) -> frozenset[str]:
    """The words of a text, to look others up in."""
    return frozenset(words.split())


def fingerprint(text: str) -> bytes:
    """16 bytes of the text's words in their order."""
    if "<" in text:
        text = BREAK.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    words = " ".join(unicodedata.normalize("NFC", text).split())
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def words_in(text: str) -> list[str]:
    """The words and numbers of a text in lower case, also where only capitals part them: optionA → option, a."""
    return [word.lower() for word in WORD.findall(text)]


def plain(value: str) -> str:
    """A short value as it is looked up: without case and outer or double white space."""
    return " ".join(value.split()).casefold()


def bare(name: str) -> str:
    """A name's letters and digits only, so that “Vicuna 13B” and “vicuna-13b” are the same."""
    return NOT_ALPHANUMERIC.sub("", name.casefold())


def system_of(name: str, known: Known) -> str | None:
    """The study's system that is meant: its name but for case and signs, or the only one whose name holds this one."""
    given = bare(name)
    if not given:
        return None
    same = [system for system in known.systems if bare(system) == given]
    alike = [system for system in known.systems if len(given) >= 4 and (given in bare(system) or bare(system) in given)]
    found = same or alike
    return found[0] if len(found) == 1 else None
