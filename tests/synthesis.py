"""A server's untidy lists of questions and answers, always the same for the same call, and a synthesis to ask it for.

The list depends on what is asked alone, as an engine's with a seed does; so a synthesis that is interrupted has to
come to what one that is not comes to.
"""

import hashlib
from random import Random

from sqlalchemy.orm import Session

from backend.db.session import Database
from backend.db.syntheses import Synthesis
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import Manner
from backend.domain.recipes import Recipe
from backend.domain.synthesis.line import Line
from backend.domain.synthesis.methods import Way
from backend.domain.synthesis.nq import NaturalQuestions
from backend.services.asking import syntheses, synthesis_templates
from backend.services.asking.syntheses import Plan
from tests.factories import NOW
from tests.openai import says
from tests.openai_socket import Answer, Asked

SUBJECTS = ("river", "king", "song", "moon", "treaty", "city", "novel", "bridge", "film", "planet")
STYLES = (
    "Q: {q}\nA: {a}\n",
    "{n}. **Q:** {q}\n   **A:** {a}\n\n",
    "- Q: {q}? A: {a}\n",
    "Question {n}: {q}\nAnswer {n}: {a}\n",
    "{n}) Q: {q}\nA:\n  {a}\n",
)


def untidy(asked: Asked) -> Answer:
    """A reply by the hash of its question and seed: ten pairs in some style, one of them in doubt, one cut off."""
    told = f"{asked.prompt}/{asked.body.get('seed')}"
    random = Random(hashlib.sha256(told.encode()).hexdigest())
    style = random.choice(STYLES)
    parts = ["Sure! Here are some more:\n\n"]
    for number in range(1, 11):
        subject, which = random.choice(SUBJECTS), random.randrange(90)
        parts.append(style.format(n=number, q=f"what is the name of {subject} number {which}", a=f"{subject} {which}"))
    parts.insert(3, "Q: who is never answered\n")
    parts.insert(7, "Q: name of the bird in the lion king\nA: Zazu\n")
    is_cut = random.random() < 0.3
    parts.append("Q: what was cut\nA: off in the mid" if is_cut else "\nI hope that helps!")
    return says("".join(parts), finish="length" if is_cut else "stop")(asked)


def lessons(number: int) -> list[tuple[str, str]]:
    """What a tiny model is taught: questions as a call asks them, each with a list of made-up pairs."""
    preset = synthesis_templates.preset(Way.NQ)
    method = NaturalQuestions(preset.prompt, preset.seeds)
    return [(method.ask(call, []).text, listed(Random(call))) for call in range(1, number + 1)]


def listed(random: Random) -> str:
    """Four pairs; of some thousands that there may be."""
    return "\n".join(pair(random.choice(SUBJECTS), random.randrange(90)) for _ in range(4))


def pair(subject: str, which: int) -> str:
    return f"Q: what is the name of {subject} number {which}?\nA: {subject} {which}"


def plan(url: str, **changes: object) -> Plan:
    """NQ-synthetic from this address."""
    recipe = Recipe(EngineKind.OPENAI, "a-model", url, sampling=Sampling(1.0, max_tokens=256, seed=1))
    usual = {"way": Way.NQ, "recipe": recipe, "seeds": synthesis_templates.preset(Way.NQ).seeds}
    return Plan(**{**usual, "wanted": 60, "most_calls": 60, **changes})


def queued(database: Database, name: str, plan: Plan, **changes: object) -> int:
    """Its job."""
    with database.transaction() as session:
        one = syntheses.declare(session, name, plan, now=NOW)
        return syntheses.enqueue(session, one, Manner(concurrency=4, **changes), allowed=None, now=NOW).id


def named(session: Session, name: str) -> Synthesis:
    """A synthesis by its name."""
    return session.query(Synthesis).filter_by(name=name).one()


def line(database: Database, name: str) -> Line:
    """What it has come to."""
    with database.reading() as session:
        return syntheses.line_of(session, named(session, name))


def pairs(database: Database, name: str) -> list[tuple[str, str | None]]:
    """Its questions and answers."""
    return [(one.entry.text, one.entry.answer) for one in line(database, name).pool.kept]


def tasked(asked: Asked) -> Answer:
    """A reply of numbered tasks by the hash of its question and seed: some too similar, one unfit."""
    told = f"{asked.prompt}/{asked.body.get('seed')}"
    random = Random(hashlib.sha256(told.encode()).hexdigest())
    words = [f"{subject} {random.choice(SUBJECTS)}" for subject in random.sample(SUBJECTS, 4)]
    tasks = [f"Explain how a {one} became number {random.randrange(99)} in {random.choice(SUBJECTS)}s" for one in words]
    return says(" " + "\n10. ".join([*tasks, "Draw it."]))(asked)
