"""Proposes how a foreign file of ratings may be read, each part with its reason and examples. Decides nothing.

What a column holds counts for more than what it is called: prompts, systems and outputs are looked for by content.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backend.domain.foreign.cells import Cells
from backend.domain.foreign.choosing import which_choice
from backend.domain.foreign.ordering import which_candidate, which_order, which_systems
from backend.domain.foreign.recognition import Known, plain, word_set
from backend.domain.foreign.sheet import Part, Sheet, Step, sheet, words_of
from backend.domain.foreign.submissions import Submissions
from backend.domain.mapping import ColumnMapping, Meaning, OrderBy, PromptBy

RATERS = (
    *("workerid", "prolificpid", "prolificid", "participantid", "raterid", "rater", "annotatorid", "annotator"),
    *("evaluatorid", "evaluator", "judge", "participant", "userid", "user", "worker", "turker"),
)
SECONDS = ("worktimeinseconds", "seconds", "durationseconds", "durationinseconds", "duration", "timetaken", "time")
STATUSES = ("assignmentstatus", "status", "submissionstatus")
ASSIGNMENTS = ("assignmentid", "responseid", "ratingid")
SESSIONS = ("sessionid", "submissionid", "prolificsessionid")
COUNTED = frozenset({"approved", "submitted", "accepted", "awaiting review", "completed", "complete"})
NOT_COUNTED = frozenset({"rejected", "returned", "timed-out", "screened out", "active", "reserved"})
PROMPT_WORDS = word_set("prompt item question task instruction input example instance query id idx key")
MOST_STATUSES = 12
ENOUGH, SOME = 0.5, 0.1  # a file may hold more prompts than the batch


@dataclass(frozen=True)
class Proposal:
    """A mapping, its parts, and in sentences what was not found or is only guessed."""

    mapping: ColumnMapping
    parts: tuple[Part, ...]
    unsure: tuple[str, ...]


def propose(
    header: Iterable[str], rows: Sequence[Cells], known: Known, submissions: Submissions | None = None
) -> Proposal:
    """A mapping of this file onto this batch, from its header and its first rows."""
    table = sheet(header, rows, known)
    step = Step(ColumnMapping())
    parts, unsure = list(step.parts), list(step.unsure)
    for look in (who, which_prompt, which_order, which_choice, which_side, which_candidate, which_systems, how_long):
        step = look(table, step.mapping)
        parts += step.parts
        unsure += step.unsure
    step = which_count(table, step.mapping, submissions)
    return Proposal(step.mapping, (*parts, *step.parts), (*unsure, *step.unsure))


def who(table: Sheet, mapping: ColumnMapping) -> Step:
    """The rater, and the numbers of assignment and session that tell rows apart."""
    rater = table.named(RATERS)
    found = replace(mapping, rater=rater, assignment=table.named(ASSIGNMENTS), session=table.named(SESSIONS))
    parts = [Part("Rater", (rater,), "by its name", table.examples(rater))] if rater else []
    if found.assignment:
        parts.append(Part("Assignment", (found.assignment,), "by its name; one that stands twice counts once"))
    return Step(
        found, tuple(parts), () if rater else ("No column is called as raters are; choose the one that names them.",)
    )


def which_prompt(table: Sheet, mapping: ColumnMapping) -> Step:
    """The column of this batch’s prompts: by their text, else by their id, for another file may count otherwise."""
    known = table.known
    free = table.free(mapping)
    shares = {(name, PromptBy.TEXT): table.share(name, lambda text: known.prompt_of(text) is not None) for name in free}
    shares |= {
        (name, PromptBy.ID): table.share(name, known.prompts.__contains__)
        for name in free
        if is_prompt_name(table, name)
    }
    if not shares or max(shares.values()) < SOME:
        return Step(mapping, (), ("No column holds this batch’s prompts, neither their ids nor their texts.",))
    best, by = max(shares, key=lambda one: (shares[one], one[1] == PromptBy.TEXT, "prompt" in words_of(one[0])))
    reason = f"{shares[best, by]:.0%} of its values are {by}s of this batch’s prompts"
    return Step(replace(mapping, prompt=best, prompt_by=by), (Part("Prompt", (best,), reason, table.examples(best)),))


def is_prompt_name(table: Sheet, column: str) -> bool:
    """Other columns hold small numbers too, so the name must speak of a prompt, or the ids be no numbers."""
    if column.startswith("Answer."):
        return False
    return bool(PROMPT_WORDS & set(words_of(column))) or not any(map(str.isdecimal, table.values[column]))


def which_side(table: Sheet, mapping: ColumnMapping) -> Step:
    """Says so where choices are sides and nobody knows what stood there."""
    if mapping.order != OrderBy.UNKNOWN or not {Meaning.FIRST, Meaning.SECOND} & set(mapping.meanings.values()):
        return Step(mapping)
    return Step(mapping, (), ("The choices are sides, so say what stood on which: choose how the order is known.",))


def how_long(table: Sheet, mapping: ColumnMapping) -> Step:
    """The seconds of a rating."""
    column = table.named(SECONDS)
    if not column or table.share(column, is_number) < ENOUGH:
        return Step(mapping)
    return Step(replace(mapping, seconds=column), (Part("Seconds", (column,), "by its name", table.examples(column)),))


def is_number(value: str) -> bool:
    return value.replace(".", "", 1).isdecimal()


def which_count(table: Sheet, mapping: ColumnMapping, submissions: Submissions | None) -> Step:
    """The status, the statuses that count, and the time of a submission where rows have none of their own."""
    column = table.named(STATUSES)
    if column and len(table.values[column]) > MOST_STATUSES:
        column = ""
    statuses = [*(table.values[column] if column else ()), *(submissions.statuses if submissions else ())]
    counted = tuple(dict.fromkeys(status for status in statuses if plain(status) in COUNTED))
    strange = [status for status in dict.fromkeys(statuses) if plain(status) not in COUNTED | NOT_COUNTED]
    parts = []
    if column:
        parts.append(
            Part(
                "Status",
                (column,),
                f"by its name; {' and '.join(counted) or 'nothing'} counts",
                statuses_in(table, column),
            )
        )
    share = submissions is not None and not mapping.seconds and mapping.rater != ""
    if submissions:
        join = mapping.session or mapping.rater
        time = "; a submission’s time is shared equally among its rows" if share else ""
        parts.append(Part("Submissions", (join,), f"joined on it with {submissions.label}{time}"))
    unsure = [
        f"Whether rows whose status is {status!r} count is for you to say; they are kept out." for status in strange
    ]
    return Step(replace(mapping, status=column, counted=counted, share_time=share), tuple(parts), tuple(unsure))


def statuses_in(table: Sheet, column: str) -> tuple[str, ...]:
    return tuple(f"{status} ×{count:,}" for status, count in table.values[column].most_common())
