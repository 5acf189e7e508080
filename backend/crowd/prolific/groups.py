"""Participant groups: our own qualifications, and the one group that no study is shown to."""

from dataclasses import dataclass
from urllib.parse import urlencode

from backend.crowd.prolific.calls import Calls, at
from backend.crowd.protocol import Refused

BLOCKED = "Blocked in Assay"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a project."""

    calls: Calls
    project: str

    def named(self, name: str) -> list[str]:
        """The groups of a name; more than one if two processes made it at once."""
        found = self.calls.pages(f"/participant-groups/?{urlencode({'project_id': self.project})}")
        return [group.text("id") for group in found if group.text("name") == name]

    def create(self, name: str, *, description: str) -> str:
        """The group of this name, made if there is none; so a lost answer makes no second one."""
        if existing := self.named(name):
            return existing[0]
        body = {"name": name, "description": description, "project_id": self.project}
        return self.calls.post("/participant-groups/", body).text("id")

    def blocked(self) -> list[str]:
        """Every group of blocked raters, at least one."""
        return self.named(BLOCKED) or [self.create(BLOCKED, description="Raters whom no study of Assay is shown to.")]

    def add(self, group_id: str, rater_id: str) -> None:
        self.calls.post(at("participant-groups", group_id, "participants/"), {"participant_ids": [rater_id]})

    def remove(self, group_id: str, rater_id: str) -> None:
        """Take a rater out; if the vendor refuses because they are not in it, all is well."""
        path = at("participant-groups", group_id, "participants/")
        try:
            self.calls.ask("DELETE", path, {"participant_ids": [rater_id]})
        except Refused:
            if rater_id in {one.text_or_none("participant_id") for one in self.calls.get(path).records("results")}:
                raise
