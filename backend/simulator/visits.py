"""How simulated people come to our pages: by a link, from a panel, from Prolific's simulator, from MTurk's.

Each function is one person's whole part in a study, over real HTTP; it returns when nothing is left for them.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from backend.simulator.prolific.participants import Participants, TooLate, Unwelcome
from backend.simulator.rating import Sitting
from backend.simulator.surfing import Form, Seen

CODE = "completion-code"


def by_link(sitting: Sitting, url: str) -> int:
    """Rate through a personal or open link, or a panel's address; how many comparisons that were."""
    before = len(sitting.diary.answers_of(sitting.name))
    seen = sitting.surfer.open(url)
    entrance = next((one for one in seen.forms if urlsplit(one.action).path == urlsplit(url).path), None)
    sitting.walk(seen if entrance is None else sitting.surfer.send(entrance))
    return len(sitting.diary.answers_of(sitting.name)) - before


def from_prolific(sitting: Sitting, participants: Participants, study_id: str) -> bool:
    """Take a place, do the study, bring back the code; whether there was a place. Who does nothing gives it back."""
    try:
        work = participants.reserve(sitting.name, study_id)
        address = participants.start(work.id)
    except Unwelcome:
        return False
    before = len(sitting.diary.answers_of(sitting.name))
    seen = sitting.surfer.open(address)
    entrance = next((one for one in seen.forms if urlsplit(one.action).path.startswith("/in/")), None)
    last = sitting.walk(seen if entrance is None else sitting.surfer.send(entrance), until="/completion")
    if finish := last.form("/completion"):
        last = sitting.surfer.send(finish)
    try:
        if len(sitting.diary.answers_of(sitting.name)) == before and CODE not in last.codes:
            participants.give_back(work.id)
        else:
            participants.submit(work.id, last.codes.get(CODE))
    except TooLate:
        return False
    return True


@dataclass
class Turker:
    """Somebody at MTurk's site. site: its address. refused: HITs that this person can't or won't do."""

    sitting: Sitting
    site: str
    refused: set[str]

    def run(self, *, most: int) -> int:
        """Accept HITs in an order of their own until none is left or `most` are done; how many were handed in."""
        done = 0
        while done < most and (url := self.next_offer()):
            self.refused.add(hit_of(url))
            done += self.do(url)
        return done

    def next_offer(self) -> str | None:
        """A HIT that this person may accept and has not looked at yet; drawn, so that not all take the same."""
        seen = self.sitting.surfer.open(f"{self.site}/?{urlencode({'workerId': self.sitting.name})}")
        offers = [link for link in seen.links if "/mturk/preview" in link and hit_of(link) not in self.refused]
        return self.sitting.random.choice(offers) if offers else None

    def do(self, url: str) -> bool:
        """Look at one HIT, accept it, and hand it in or give it back."""
        surfer, random = self.sitting.surfer, self.sitting.random
        accept = surfer.open(url).form("/mturk/accept")
        if accept is None:
            return False
        site_page = surfer.send(accept)
        if not site_page.frames:
            return False
        if random.random() < self.sitting.who.leaves:
            return self.give_back(site_page)
        framed = surfer.open(site_page.frames[0])
        if begin := framed.form("/begin"):
            framed = surfer.send(begin)
        last = self.sitting.walk(framed)
        hand_in = last.form("/mturk/externalSubmit")
        if hand_in is None:
            return self.give_back(site_page)
        return surfer.send(hand_in).status < 400

    def give_back(self, site_page: Seen) -> bool:
        """Return it: it is not done."""
        if (form := site_page.form("/mturk/return")) is not None:
            self.sitting.surfer.send(Form(form.action, form.fields))
        return False


def hit_of(url: str) -> str:
    """The HIT that a link is about."""
    return dict(parse_qsl(urlsplit(url).query)).get("hitId", "")
