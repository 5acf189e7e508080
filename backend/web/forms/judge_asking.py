"""What the form that asks a judge offers, what it would cost, and putting its jobs in their queue. Knows no page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.jobs import Queue
from backend.domain.judging.templates import Template
from backend.errors import Conflict
from backend.services.asking.estimates import Estimate
from backend.services.judging import judge_estimates, judge_templates, judges, judgings
from backend.web.forms.judge_form import Asks, declared

WORDS = {
    "rater-instructions": "what your raters read: this study’s own instructions and choices",
    "vicuna": "the paper’s: two scores up to 10, in words that the prompt’s category chooses",
    "vicuna-general": "Vicuna’s for any prompt, with two scores up to 10",
    "vicuna-coding": "Vicuna’s for code, with two scores up to 10",
    "vicuna-math": "Vicuna’s for maths, with two scores up to 10",
    "mtbench-pair-v2": "MT-bench’s: it explains, then names A, B or C for a tie",
    "alpaca": "AlpacaEval 2’s: one token, read with its chances; no ties",
    "arena-hard": "Arena-Hard’s: it answers first, then says how clearly one is better",
    "authoritative-tone": "which one sounds more authoritative, right or not",
}


@dataclass(frozen=True, slots=True)
class Costs:
    """What a form asks, by candidate, and together."""

    asks: Asks
    by_candidate: Mapping[str, Estimate]

    @property
    def whole(self) -> Estimate:
        """Of all candidates."""
        return sum(self.by_candidate.values(), Estimate())

    def allowed(self, candidate: str) -> int | None:
        """The most that this candidate's job may cost: the budget, or else what it can cost; None without prices."""
        found = self.by_candidate[candidate]
        return self.asks.budget if self.asks.budget is not None else found.worst + found.again or None


def templates_to_choose() -> dict[str, tuple[str, Sequence[Template]]]:
    """name -> (a line of what it is, its texts), the raters' own first."""
    known = judge_templates.templates()
    names = sorted(judges.known_templates(), key=lambda name: list(WORDS).index(name) if name in WORDS else len(WORDS))
    families = {name: [known[one] for one in judges.FAMILIES.get(name, (name,))] for name in names}
    return {name: (WORDS.get(name, texts[0].source), texts) for name, texts in families.items()}


def usual_baseline(study: Study, systems: Collection[str]) -> str:
    """The baseline that the import named, or else the first system; nothing where there is none."""
    named = str(study.import_report.get("baseline") or "")
    return named if named in systems else next(iter(systems), "")


def costs(database: Database, study_id: int, asks: Asks, *, now: datetime) -> Costs:
    """What each candidate's verdicts would ask and cost; the judge is rehearsed, and nothing of it is kept.

    The estimate reads every output, which may take seconds: raters' votes do not wait for that.
    """
    with database.rehearsal() as session:
        judge, compared = declared(session, study_id, asks, now=now)
    with database.reading() as session:
        found = [judge_estimates.of_judging(session, judge, one, asks.manner) for one in compared]
    return Costs(asks, dict(zip(asks.candidates, found, strict=True)))


def enqueue(session: Session, study_id: int, asks: Asks, found: Costs, *, now: datetime) -> list[tuple[int, Queue]]:
    """(job, its queue) of each candidate with verdicts missing. Conflict where none is."""
    judge, compared = declared(session, study_id, asks, now=now)
    queued = []
    for candidate, judging in zip(asks.candidates, compared, strict=True):
        done, total = judgings.counts(session, judge, judging)
        if done < total:
            job = judgings.enqueue(session, judging, asks.manner, allowed=found.allowed(candidate), now=now)
            queued.append((job.id, Queue(job.queue)))
    if not queued:
        raise Conflict(f"Every verdict of {judge.name} is there already, or these systems share no prompt.")
    return queued
