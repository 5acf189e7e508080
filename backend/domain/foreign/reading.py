"""A row of a foreign file, read through a mapping: a rating, a row that is kept out, or a problem. Knows no file."""

from backend.domain.choices import Choice, Preference, choice
from backend.domain.collected import Collected, seconds_of
from backend.domain.foreign.cells import Cells
from backend.domain.foreign.lens import KeptOut, Lens, Problem, cell, short
from backend.domain.foreign.pairs import Pair, pair_of, system_named
from backend.domain.foreign.recognition import plain
from backend.domain.foreign.submissions import Submissions
from backend.domain.mapping import ANY, Meaning, PromptBy
from backend.domain.records import storable

SIDES = {Meaning.FIRST: Choice.FIRST, Meaning.SECOND: Choice.SECOND}
EVEN = {Meaning.TIE: Choice.TIE, Meaning.BOTH_BAD: Choice.BOTH_BAD}


def collected(lens: Lens, line: int, row: Cells) -> Collected:
    """The rating that a row says. Raises KeptOut where it does not count, and Problem where nobody can tell."""
    mapping = lens.mapping
    check_status(lens, row.get(mapping.status, "") if mapping.status else None)
    rater = cell(row, mapping.rater, "rater")
    seconds = row.get(mapping.seconds, "") if mapping.seconds else ""
    if lens.submissions:
        seconds = joined(lens, lens.submissions, rater, row) or seconds
    meant, value = chosen(lens, row)
    prompt = prompt_of(lens, row)
    pair = pair_of(lens, row, prompt)
    if meant == Meaning.SYSTEM:
        meant, pair = preferred_system(lens, pair, value)
    try:
        return Collected(
            line=line,
            rater=storable(rater, "rater"),
            prompt=prompt,
            candidate=pair.candidate,
            choice=clicked(meant, value, pair.flipped),
            flipped=pair.flipped,
            seconds=seconds_of(seconds),
        )
    except ValueError as error:
        raise Problem("A value can't be used", str(error)) from None


def check_status(lens: Lens, status: str | None) -> None:
    if status is not None and plain(status) not in lens.counted:
        raise KeptOut(f"the status is {status or 'empty'}")


def joined(lens: Lens, submissions: Submissions, rater: str, row: Cells) -> str:
    """The time that the submission of this row gives it, as a cell; empty where it gives none."""
    session = row.get(lens.mapping.session, "") if lens.mapping.session else ""
    found = submissions.of(session, rater, lens.counted)
    if found is None:
        raise Problem("A rater is not among the submissions", f"{rater} is not in {submissions.label}")
    if plain(found.status) not in lens.counted:
        raise KeptOut(f"the submission’s status is {found.status or 'empty'}")
    if not lens.mapping.share_time or lens.mapping.seconds or not found.seconds:
        return ""
    return str(found.seconds / lens.rows_of.get(session or rater, 1))


def prompt_of(lens: Lens, row: Cells) -> str:
    """The key of the prompt that the row is about."""
    given = cell(row, lens.mapping.prompt, "prompt")
    if lens.mapping.prompt_by == PromptBy.ID:
        if given not in lens.known.prompts:
            raise Problem("The prompt is not in this batch", f"prompt {short(given)} is not in this batch")
        return given
    key = lens.known.prompt_of(given)
    if key is None:
        why = f"the text {short(given)} is no prompt’s of this batch, or that of several"
        raise Problem("The prompt is not in this batch", why)
    return key


def chosen(lens: Lens, row: Cells) -> tuple[Meaning, str]:
    """(what the choice means, the value that says it). Several columns of true and false say it by their names."""
    column = lens.mapping.choice
    if column in row or ANY not in column:
        said = [row.get(column, "")] if row.get(column) else []
    else:
        said = [name for name, value in spread(column, row).items() if is_true(value) and plain(name) in lens.meanings]
    if not said:
        raise Problem("Nothing was chosen", f"has no choice ({column})")
    if len(said) > 1:
        raise Problem("Several things were chosen", f"has several choices: {', '.join(said)}")
    meaning = lens.meanings.get(plain(said[0]))
    if meaning is None:
        raise Problem("A choice has no meaning", f"choice {short(said[0])} has no meaning in the mapping")
    if meaning == Meaning.NONE:
        raise KeptOut(f"{short(said[0])} is no vote")
    return meaning, said[0]


def spread(pattern: str, row: Cells) -> dict[str, str]:
    """What stands for the star in the columns of this pattern -> the cell."""
    head, _, tail = pattern.partition(ANY)
    return {
        name[len(head) : len(name) - len(tail)]: value
        for name, value in row.items()
        if name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)
    }


def is_true(value: str) -> bool:
    return plain(value) in ("true", "1", "on", "yes")


def preferred_system(lens: Lens, pair: Pair, value: str) -> tuple[Meaning, Pair]:
    """The preference for a system that is named, and the pair, which the name of a candidate may complete."""
    system = system_named(lens, value)
    if system == lens.known.baseline:
        return Meaning.BASELINE, pair
    if pair.candidate not in (None, system):
        raise Problem(
            "The systems are not a pair of this batch", f"{system} was chosen, but {pair.candidate} was shown"
        )
    return Meaning.CANDIDATE, Pair(system, pair.flipped)


def clicked(meant: Meaning, value: str, flipped: bool | None) -> Choice:
    """The click. An unknown order is stored as candidate first, so a preference keeps its meaning."""
    if meant in EVEN:
        return EVEN[meant]
    if meant in SIDES:
        if flipped is None:
            raise Problem(
                "Nobody can tell which system a choice means", f"chose {short(value)}, a side, and the order is unknown"
            )
        return SIDES[meant]
    return choice(Preference(meant), flipped=bool(flipped))
