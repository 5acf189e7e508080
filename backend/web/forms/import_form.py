"""Reads the form that imports verdicts which were given elsewhere, and takes them in. Knows no page and no format."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from backend.db.judges import Judge
from backend.domain.judging.orders import Rule
from backend.domain.judging.pack import Pack
from backend.domain.judging.published import Format
from backend.errors import Invalid
from backend.services.judging import pack_files, packs, published, unpacking
from backend.services.judging.published import Imported, Read, Wish
from backend.services.studies.files import Source
from backend.web.forms.fields import text, word_or_none

# Messages of the service name the terminal's options; here the same things have other names.
IN_THE_PAGE = {
    "--answers FILE": "a file of Vicuna’s answers",
    "with --answers": "with the verdicts",
    "Say so with --first NAME": "Choose it under “Stood first”",
    "choose one with --model": "name one under “Judge meant”",
    "use --read replies": "count “what is read in the replies”",
}
FIELDS = ("name", "candidate", "baseline", "form", "read", "rule", "first", "names", "model")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in, or would. imported: how files were understood; None for a pack, which says all of that itself."""

    judge: Judge
    added: int
    already: int
    imported: Imported | None


def pack_of(sources: Sequence[Source], data_dir: Path) -> Pack | None:
    """The pack in a zip; None where these are files of verdicts. A large one takes seconds, so no transaction is open.

    Invalid where it can't be read, in words of its reader, who knows the zip and no folder of ours.
    """
    if not any(pack_files.is_pack(one) for one in sources):
        return None
    if len(sources) > 1:
        raise Invalid("One pack at a time: each has a judge of its own.")
    with tempfile.TemporaryDirectory(prefix="upload-", dir=data_dir) as folder:
        try:
            return packs.load(pack_files.unzipped(sources[0], Path(folder)))
        except Invalid as error:
            raise Invalid(str(error).replace(folder, sources[0].label)) from None


def take(
    session: Session,
    study_id: int,
    verdicts: Pack | Sequence[Source],
    answers: Sequence[Source],
    form: FormData,
    *,
    now: datetime,
) -> Taken:
    """The verdicts of a pack, under its own name or another, or of files. Invalid or Conflict where they can't be."""
    if isinstance(verdicts, Pack):
        name = text(form, "name") or None
        return Taken(*unpacking.import_pack(session, study_id, verdicts, name=name, now=now), None)
    found = published.import_verdicts(session, study_id, verdicts, wish(form, answers), now=now)
    return Taken(found.judge, found.added, found.already, found)


def typed(form: FormData) -> dict[str, str]:
    """The texts of the form."""
    return {name: text(form, name) for name in FIELDS}


def wish(form: FormData, answers: Sequence[Source]) -> Wish:
    """How the files are to be understood. Invalid, in a sentence, for what can't be."""
    said = typed(form)
    if missing := [name for name in ("name", "candidate", "baseline") if not said[name]]:
        raise Invalid(f"Files of verdicts need a {missing[0]}: say whose verdicts these are, and on which systems.")
    return Wish(
        name=said["name"],
        candidate=said["candidate"],
        baseline=said["baseline"],
        form=word_or_none(form, "form", Format),
        read=word_or_none(form, "read", Read),
        rule=word_or_none(form, "rule", Rule),
        first=said["first"] or None,
        answers=answers,
        names=names(said["names"]),
        model=said["model"] or None,
    )


def names(given: str) -> dict[str, str]:
    """Lines such as “mine = gpt-4”, as gpt-4 -> mine."""
    found = {}
    for line in filter(None, map(str.strip, given.splitlines())):
        system, _, name = (part.strip() for part in line.partition("="))
        if not system or not name:
            raise Invalid(f"The line {line[:60]!r} can't be read; write SYSTEM = NAME IN THE FILES.")
        found[name] = system
    return found


def in_the_pages_words(message: str) -> str:
    """A message of the service for somebody who has a page before them."""
    for option, words in IN_THE_PAGE.items():
        message = message.replace(option, words)
    return message
