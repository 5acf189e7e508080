"""A judge's verdicts to read, prompt by prompt under a filter, and one prompt opened with all that was said of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging
from backend.db.studies import Prompt
from backend.domain.judging.pack import Entry
from backend.domain.judging.templates import Template
from backend.errors import NotFound
from backend.services.judging import judge_reports, judgements, judges, packs
from backend.services.judging.judge_reports import Doubt, Report
from backend.services.judging.judgements import Judged
from backend.services.studies import comparisons, majorities
from backend.services.studies.majorities import Majorities, Majority

PROMPTS_A_PAGE = 25


class Only(StrEnum):
    """Which prompts are listed: all, or those where something deserves a look."""

    ALL = ""
    TORN = "torn"
    UNPARSED = "unparsed"
    FLAGGED = "flagged"
    MAJORITY = "majority"


@dataclass(frozen=True, slots=True)
class Line:
    """A prompt with a judge's verdicts, the doubts about them, and what most raters say."""

    judged: Judged
    is_whole: bool
    doubts: tuple[Doubt, ...]
    majority: Majority | None
    opening: str = ""
    category: str | None = None

    @property
    def kinds(self) -> frozenset[Only]:
        """The lists in which it stands."""
        said = self.judged.judgement.preference
        straight, flipped = self.judged.said_straight, self.judged.said_flipped
        unread = any(one is not None and one.choice is None for one in (self.judged.straight, self.judged.flipped))
        found = {
            Only.ALL: True,
            Only.TORN: straight is not None and flipped is not None and straight != flipped,
            Only.UNPARSED: unread or (self.is_whole and said is None),
            Only.FLAGGED: bool(self.doubts),
            Only.MAJORITY: said is not None and self.majority is not None and said != self.majority.preference,
        }
        return frozenset(kind for kind, is_one in found.items() if is_one)


@dataclass(frozen=True, slots=True)
class PromptsPage:
    """A page of prompts. sizes: how many prompts each list has."""

    lines: tuple[Line, ...]
    sizes: Mapping[Only, int]
    found: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.found // PROMPTS_A_PAGE))


@dataclass(frozen=True, slots=True)
class Overview:
    """All that a judge said of two systems. majorities: of raters on the same outputs, where they may be seen."""

    report: Report
    lines: tuple[Line, ...]
    majorities: Majorities

    def listed(self, only: Only) -> list[Line]:
        """The prompts of this list, in the order of the import."""
        return [line for line in self.lines if only in line.kinds]


@dataclass(frozen=True, slots=True)
class Opened:
    """A prompt. given: each verdict with all that it rests on, the candidate first. before, after: the neighbours."""

    line: Line
    template: Template | None
    given: Mapping[bool, Entry]
    before: int | None
    after: int | None


def judging_of(session: Session, judge: Judge, judging_id: int | None) -> Judging:
    """The two systems that are meant: the first that the judge compared where nothing is said. NotFound for others."""
    known = judge_reports.judgings_of(session, judge)
    found = next((one for one in known if judging_id in (None, one.id)), None)
    if found is None:
        raise NotFound(f"{judge.name} has not been asked to compare these systems.")
    return found


def overview(session: Session, judge: Judge, judging: Judging) -> Overview:
    """Every prompt with a verdict, and the report on all of them."""
    report = judge_reports.report(session, judge, judging)
    people = majorities.between(
        session, judge.study_id, candidate_id=judging.candidate_id, baseline_id=judging.baseline_id
    )
    doubts = defaultdict[str, list[Doubt]](list)
    for doubt in report.doubts or ():
        doubts[doubt.key].append(doubt)
    found = judgements.of(session, judge, judging)
    return Overview(
        report,
        tuple(
            Line(one, judgements.is_whole(judge, one), tuple(doubts[one.key]), people.by_prompt.get(one.prompt_id))
            for one in found
        ),
        people,
    )


def page_of(session: Session, found: Overview, only: Only, page: int) -> PromptsPage:
    """A page of a list, from 1; beyond the last one it is the last one."""
    wanted = found.listed(only)
    page = min(max(page, 1), max(1, -(-len(wanted) // PROMPTS_A_PAGE)))
    shown = wanted[(page - 1) * PROMPTS_A_PAGE : page * PROMPTS_A_PAGE]
    sizes = Counter(kind for one in found.lines for kind in one.kinds)
    return PromptsPage(tuple(with_words(session, shown)), sizes, len(wanted), page)


def with_words(session: Session, lines: Sequence[Line]) -> list[Line]:
    """The lines with how their prompts begin."""
    ids = [one.judged.prompt_id for one in lines]
    known = {one.id: one for one in session.scalars(select(Prompt).where(Prompt.id.in_(ids)))}
    return [
        replace(
            one,
            opening=comparisons.opening(known[one.judged.prompt_id].dialogue[-1]["text"]),
            category=known[one.judged.prompt_id].category,
        )
        for one in lines
    ]


def opened(session: Session, judge: Judge, found: Overview, prompt_id: int, *, only: Only) -> Opened:
    """One prompt, with its neighbours in a list. NotFound where the judge said nothing of it."""
    here = next((one for one in found.lines if one.judged.prompt_id == prompt_id), None)
    if here is None:
        raise NotFound(f"{judge.name} has said nothing of prompt {prompt_id} yet.")
    (whole,) = with_words(session, [here])
    entries = packs.entries(session, judge, packs.packed_judge(judge), prompt_id=prompt_id)
    sides = {found.report.candidate: False, found.report.baseline: True}
    given = {sides[one.first.system]: one for one in entries if {one.first.system, one.second.system} == set(sides)}
    ids = [one.judged.prompt_id for one in found.listed(only)]
    return Opened(
        line=whole,
        template=template_of(judge, whole.category),
        given=dict(sorted(given.items())),
        before=max((one for one in ids if one < prompt_id), default=None),
        after=min((one for one in ids if one > prompt_id), default=None),
    )


def template_of(judge: Judge, category: str | None) -> Template | None:
    """What it was asked about a prompt of this category; None where its words are not known here."""
    return judges.templates_of(judge).get(judges.template_name(judge.template, category))
