"""Which prompt and outputs of a study a verdict that was given elsewhere is about. Stores nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.outputs import Output, System
from backend.db.studies import Prompt
from backend.domain.judging.published import Named, Published
from backend.domain.records import text_hash
from backend.errors import Invalid
from backend.services.judging import judgings
from backend.services.judging.judgings import Pair
from backend.services.studies import studies
from backend.services.studies.files import Source, rows
from backend.services.studies.imports import clean

NO_PROMPT = "of a prompt that is not in the study"
NO_OUTPUT = "of a prompt to which a system has no output"
OTHER_SYSTEMS = "of other systems"
LATER_TURN = "of a second turn, which the study does not have"


@dataclass(frozen=True, slots=True)
class Placed:
    """A verdict with its pair in the study; flipped: the candidate was shown second."""

    label: str
    published: Published
    pair: Pair
    flipped: bool

    @property
    def key(self) -> str:
        """Of its prompt."""
        return self.pair.key


@dataclass(frozen=True, slots=True)
class Answers:
    """Vicuna's answers by their id: whose, and what."""

    known: Mapping[str, Named]

    def __bool__(self) -> bool:
        return bool(self.known)

    @classmethod
    def of(cls, sources: Sequence[Source]) -> "Answers":
        """Read from answer files. Invalid, with file and line, for a row without id or text."""
        found = {}
        for source in sources:
            for row in rows(source):
                name, text = row.fields.get("answer_id"), row.fields.get("text")
                if not isinstance(name, str) or not isinstance(text, str):
                    raise Invalid(f"{source.label}, line {row.line}: an answer needs answer_id and text.")
                found[name] = Named(str(row.fields.get("model_id") or name), text)
        return cls(found)

    def look(self, named: Named) -> Named:
        """The answer with its text, where it is known."""
        return self.known.get(named.name, named)


@dataclass(frozen=True, slots=True)
class Desk:
    """The prompts of a study with the outputs of two systems, by key and by the hash of their text.

    names: in the files -> "candidate" or "baseline".
    """

    candidate: str
    baseline: str
    names: Mapping[str, str]
    by_key: Mapping[str, Prompt]
    by_text: Mapping[str, Prompt]
    outputs: Mapping[tuple[int, str], Output]


def desk_of(session: Session, study_id: int, *, candidate: str, baseline: str, names: Mapping[str, str]) -> Desk:
    """What rows are looked up in. names: in the files -> in the study. Invalid for a system that is not there."""
    studies.get(session, study_id)
    systems = dict(session.execute(select(System.name, System.id).where(System.study_id == study_id)).all())
    for name in (candidate, baseline, *names.values()):
        if name not in systems:
            raise Invalid(f"This study has no system {name!r}; it has {', '.join(systems)}.")
    sides = {systems[candidate]: candidate, systems[baseline]: baseline}
    prompts = session.scalars(select(Prompt).where(Prompt.study_id == study_id)).all()
    outputs = session.scalars(select(Output).where(Output.system_id.in_(sides)))
    return Desk(
        candidate=candidate,
        baseline=baseline,
        names={candidate: candidate, baseline: baseline, **names},
        by_key={prompt.key: prompt for prompt in prompts},
        by_text={prompt.text_hash: prompt for prompt in prompts},
        outputs={(one.prompt_id, sides[one.system_id]): one for one in outputs},
    )


def place(desk: Desk, source: Source, one: Published, *, first: str | None) -> Placed | str:
    """The verdict in its place, or why it is left out. Invalid, with file and line, where its outputs are others."""
    prompt = desk.by_text.get(text_hash(clean(one.prompt))) if one.is_text else desk.by_key.get(one.prompt)
    if one.turn != 1:
        return LATER_TURN
    if prompt is None:
        return NO_PROMPT
    ours = {name: desk.outputs.get((prompt.id, name)) for name in (desk.candidate, desk.baseline)}
    present = {name: output for name, output in ours.items() if output is not None}
    if len(present) < 2:
        return NO_OUTPUT
    name = first_of(desk, source, one, present, first=first)
    if name is None:
        return OTHER_SYSTEMS
    second = desk.baseline if name == desk.candidate else desk.candidate
    refuse_other_texts(source, one, present[name], present[second], prompt.key)
    pair = judgings.pair_of(prompt, present[name], present[second])
    return Placed(source.label, one, pair, flipped=name == desk.baseline)


def first_of(
    desk: Desk, source: Source, one: Published, present: Mapping[str, Output], *, first: str | None
) -> str | None:
    """The system that stood first: by the names in the row, by what was said, by the text, or by the file's name."""
    pair = (desk.names.get(one.first.name), desk.names.get(one.second.name))
    if set(pair) == set(present):
        return pair[0]
    if not one.by_answer:
        return None
    if first is not None:
        return first
    return by_text(desk, one, present) or named_by_file(desk, source, one)


def by_text(desk: Desk, one: Published, present: Mapping[str, Output]) -> str | None:
    """The system whose output the first answer is, or of which the second is not; None where texts tell nothing."""
    exchanged = {desk.candidate: desk.baseline, desk.baseline: desk.candidate}
    for named, name_of in ((one.first, {}), (one.second, exchanged)):
        matching = [
            name for name, output in present.items() if named.text is not None and same(output.text, named.text)
        ]
        if len(matching) == 1:
            return name_of.get(matching[0], matching[0])
    return None


def named_by_file(desk: Desk, source: Source, one: Published) -> str:
    """Vicuna's review files are called review_FIRST_SECOND."""
    for name, ours in desk.names.items():
        for other, theirs in desk.names.items():
            if ours != theirs and source.stem == f"review_{name}_{other}":
                return ours
    raise Invalid(
        f"{source.label}, line {one.line}: nothing says which system stood first. Say so with --first NAME, give the "
        "files of the answers with --answers, or call the file review_FIRST_SECOND.jsonl."
    )


def refuse_other_texts(source: Source, one: Published, first: Output, second: Output, key: str) -> None:
    """Invalid where a row shows that its judge saw other texts than the study has."""
    for output, named in ((first, one.first), (second, one.second)):
        differs = named.text is not None and not same(output.text, named.text)
        if differs or (one.asked is not None and normal(output.text) not in normal(one.asked)):
            raise Invalid(
                f"{source.label}, line {one.line}: at prompt {key} the judge saw another text of {named.name} than "
                "this study has, so this is no verdict on it."
            )


def same(one: str, other: str) -> bool:
    """Whether two texts are one, whatever their line ends and outer white space."""
    return text_hash(one) == text_hash(clean(other))


def normal(text: str) -> str:
    """Without what line ends and outer white space make of it."""
    return clean(text).replace("\r\n", "\n").strip()
