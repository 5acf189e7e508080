"""What a report on training data holds, as `assay data` writes it and a page shows it. Knows no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """What was done with the data."""

    CLEANING = "cleaning"
    DIVERSITY = "diversity"
    LEAKAGE = "leakage"
    MIXTURE = "mixture"


@dataclass(frozen=True, slots=True)
class CleanedFile:
    """A file that was read. problems: lines that are no dialogue; the first of them in words."""

    file: str
    kind: str
    dialogues: int
    problems: int
    first_problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleanedSample:
    """One dialogue that a step dropped or changed, and what it was dropped for."""

    id: str
    what: str


@dataclass(frozen=True, slots=True)
class CleaningStep:
    """came = left - split + all dropped. dropped, changed: reason -> dialogues."""

    step: str
    came: int
    left: int
    split: int
    dropped: Mapping[str, int]
    changed: Mapping[str, int]
    samples: Mapping[str, Sequence[CleanedSample]]

    @property
    def gone(self) -> int:
        """Dialogues that were dropped, each once."""
        return sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """What a preset's steps made of some files."""

    preset: str
    files: tuple[CleanedFile, ...]
    steps: tuple[CleaningStep, ...]
    came: int
    left: int
    sha256: str


@dataclass(frozen=True, slots=True)
class MixedStages:
    """Dialogues of a source, stage by stage."""

    read: int
    left_out_as_doubled: int
    left_out_as_in_an_earlier_source: int
    left: int


@dataclass(frozen=True, slots=True)
class MixedSource:
    """weight: as declared, None where all there is was taken. tokens_left: counter -> tokens."""

    name: str
    file: str
    sha256: str
    licence: str
    origin: str
    weight: float | None
    dialogues: MixedStages
    tokens_left: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MixedPart:
    """What a file has of one source."""

    dialogues: int
    tokens: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MixedFile:
    """A subset, or the whole. tokens_at_most: None for the whole."""

    file: str
    tokens_at_most: int | None
    dialogues: int
    tokens: Mapping[str, int]
    assistant_tokens: Mapping[str, int]
    by_source: Mapping[str, MixedPart]
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class MixtureReport:
    """A mixture's manifest. measure: the counter that subsets are measured with."""

    name: str
    seed: int
    measure: str
    sources: tuple[MixedSource, ...]
    files: tuple[MixedFile, ...]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two queries that are near but not the same. score: their BLEU, 0 to 100."""

    score: float
    text: str
    place: str
    nearest: str
    nearest_place: str


@dataclass(frozen=True, slots=True)
class DiversityReport:
    """How alike queries are. mean, median: of each one's BLEU with its nearest other one; same: equal to another one.

    histogram: queries in equal ranges of BLEU from 0 to 100.
    """

    files: tuple[str, ...]
    queries: int
    signature: str
    mean: float
    median: float
    same: int
    histogram: tuple[int, ...]
    pairs: tuple[NearPair, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """A marked evaluation prompt, and what is nearest to it.

    contained: the share of its sequences of `sequence` words that stand in one training text, None for a short prompt;
    container: that text, "" where none holds any. cosine, likest: by an embedding model, where one was asked.
    """

    text: str
    place: str
    bleu: float
    nearest: str
    nearest_place: str
    sequence: int
    contained: float | None
    container: str
    container_place: str
    cosine: float | None = None
    likest: str = ""
    likest_place: str = ""


@dataclass(frozen=True, slots=True)
class LeakageReport:
    """Evaluation prompts that training data gives away. near: above the threshold; contained: by their sequences;
    meant: by an embedding model, from the cosine `alike` on.

    histogram: prompts in equal ranges of BLEU from 0 to 100, none where only those above the threshold were looked for.
    """

    evaluation: tuple[str, ...]
    files: tuple[str, ...]
    prompts: int
    texts: int
    signature: str
    threshold: float
    near: int
    contained: int
    histogram: tuple[int, ...]
    marked: tuple[Leak, ...]
    embedding: str = ""
    alike: float | None = None
    meant: int = 0
