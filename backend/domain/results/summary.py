"""A batch in numbers: every section of the results, put together from the material.

Estimand first: the mean over prompts of the mean over raters. The paper's own figure, the mean over comparisons of
the majority outcome with its standard deviation, stands beside it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TypeVar

from backend.domain.results import agreement
from backend.domain.results.agreement import AgreementResult
from backend.domain.results.candidates import CandidateResult, candidates
from backend.domain.results.channels import Channels, channels
from backend.domain.results.counted import counted
from backend.domain.results.counts import median
from backend.domain.results.exclusions import ExcludedRater
from backend.domain.results.family import Family, family
from backend.domain.results.judges import JudgeResult, judges
from backend.domain.results.material import Material
from backend.domain.results.methods import paragraph
from backend.domain.results.models import Models, models
from backend.domain.results.position import Position, position
from backend.domain.results.prefix import Prefix
from backend.domain.results.raters import RaterResult, raters
from backend.domain.results.reading import WorthReading, reading
from backend.domain.results.sequence import Sequence, sequence
from backend.domain.results.style import Style, style
from backend.domain.statistics.ids import dense

SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Results:
    """A batch in numbers. ratings, raters: those that count, after exclusions and inside the prefix."""

    schema_version: int
    baseline: str
    seats: int
    opening: int
    split_rule: str
    split_fallback: str
    prefix: Prefix
    comparisons: int
    settled: int
    ratings: int
    late: int
    skips: dict[str, int]
    raters: int
    median_seconds: float | None
    excluded: tuple[ExcludedRater, ...]
    candidates: tuple[CandidateResult, ...]
    family: Family
    agreement: AgreementResult
    position: Position
    channels: Channels
    judges: tuple[JudgeResult, ...]
    style: Style
    models: Models
    reading: WorthReading
    each_rater: tuple[RaterResult, ...]
    sequence: Sequence | None
    methods: str

    def to_json(self) -> dict[str, object]:
        """Plain data as docs/results.schema.json describes it."""
        return asdict(self)


STEPS = ("candidates", "differences", "agreement", "position", "style", "models", "reading", "raters")
THREADS = 2  # sections don't know of each other, and most of their time is NumPy's, which lets others run
OnStep = Callable[[str], None]
Section = TypeVar("Section")


def quiet(step: str) -> None:
    """Tells nobody which step is done."""


def summarise(given: Material, *, on_step: OnStep = quiet) -> Results:
    """Every number of a batch. on_step is told each of STEPS, in their order, once it is done.

    Raises ValueError when counts don't add up.
    """
    rest = counted(given)
    material, everybody, excluded = rest.material, rest.everybody, rest.excluded

    def done(step: str, section: Future[Section]) -> Section:
        found = section.result()
        on_step(step)
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        of_candidates = pool.submit(candidates, material, everybody=everybody)
        of_models, of_style = pool.submit(models, material), pool.submit(style, material)
        of_raters = pool.submit(raters, everybody, excluded={one.rater for one in excluded})
        of_family, of_position = pool.submit(family, material), pool.submit(position, material)
        of_channels, of_judges = pool.submit(channels, material), pool.submit(judges, material)
        of_reading, of_agreement = pool.submit(reading, material), pool.submit(agreement.of, material)
        found = done("candidates", of_candidates)
        return Results(
            schema_version=SCHEMA_VERSION,
            baseline=material.baseline,
            seats=material.seats,
            opening=material.opening,
            split_rule=material.settings.split_rule,
            split_fallback=material.settings.split_fallback,
            prefix=rest.prefix,
            comparisons=sum(one.outcomes.comparisons for one in found),
            settled=sum(one.outcomes.comparisons - one.outcomes.unfinished for one in found),
            ratings=len(material.votes),
            late=material.late,
            skips=material.skips,
            raters=len(dense(material.votes.rater)[0]),
            median_seconds=median(material.votes.seconds),
            excluded=excluded,
            candidates=found,
            family=done("differences", of_family),
            agreement=done("agreement", of_agreement),
            position=done("position", of_position),
            channels=of_channels.result(),
            judges=of_judges.result(),
            style=done("style", of_style),
            models=done("models", of_models),
            reading=done("reading", of_reading),
            each_rater=done("raters", of_raters),
            sequence=sequence(given),
            methods=paragraph(material, found, excluded, rest.prefix, len(material.votes)),
        )
