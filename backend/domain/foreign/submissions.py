"""A panel's list of submissions (Prolific's export): whose work was accepted, and how long it took. Holds no vote."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from backend.domain.foreign.recognition import bare, plain

IDS = ("submissionid", "sessionid")
PARTICIPANTS = ("participantid", "prolificpid", "prolificid")
TIMES = ("timetaken", "timetakenseconds", "durationseconds")


@dataclass(frozen=True)
class Submission:
    """One person's visit. `seconds` is the time of the whole visit, None where it is not known."""

    id: str
    participant: str
    status: str
    seconds: float | None


@dataclass(frozen=True)
class Submissions:
    """All of them, by their id and by who made them; `label` is what the file is called."""

    label: str
    by_id: Mapping[str, Submission]
    by_participant: Mapping[str, tuple[Submission, ...]]

    def of(self, session: str, participant: str, counted: Collection[str]) -> Submission | None:
        """The submission of this id, else this person's: one whose status counts, if there is one."""
        if session in self.by_id:
            return self.by_id[session]
        theirs = self.by_participant.get(participant, ())
        return next((one for one in theirs if plain(one.status) in counted), theirs[0] if theirs else None)

    @property
    def statuses(self) -> list[str]:
        """Every status there is, in the order in which they are met."""
        return list(dict.fromkeys(one.status for one in self.by_id.values()))


def submissions(label: str, rows: Iterable[Mapping[str, str]]) -> Submissions:
    """From the rows of an export. Raises ValueError, in words that follow the file's name, where it is none."""
    found = [submission(row) for row in rows]
    theirs: dict[str, list[Submission]] = defaultdict(list)
    for one in found:
        theirs[one.participant].append(one)
    return Submissions(label, {one.id: one for one in found}, {who: tuple(ones) for who, ones in theirs.items()})


def submission(row: Mapping[str, str]) -> Submission:
    named = {bare(name): value for name, value in row.items()}
    missing = [
        words
        for words, names in (("Submission id", IDS), ("Participant id", PARTICIPANTS), ("Status", ("status",)))
        if not any(name in named for name in names)
    ]
    if missing:
        raise ValueError(f"has no column {' and no '.join(missing)}; its columns are {', '.join(row)}")
    return Submission(
        id=next(named[name] for name in IDS if name in named),
        participant=next(named[name] for name in PARTICIPANTS if name in named),
        status=named["status"],
        seconds=time_taken(next((named[name] for name in TIMES if name in named), "")),
    )


def time_taken(given: str) -> float | None:
    """Seconds; None for what is no time, as of a visit that was not completed."""
    try:
        seconds = float(given)
    except ValueError:
        return None
    return seconds if 0 < seconds < 1e6 else None
