"""One question to an engine, unless its answer is stored; paid from the job's purse. Knows no kind of job.

The purse stands nearest to the engine: whoever asks again after trouble pays again.
"""

from dataclasses import dataclass, replace
from time import monotonic

from backend.db.session import Database
from backend.domain.asking import Reply, Request
from backend.domain.prices import Price, worst_of
from backend.services.asking import replies
from backend.services.asking.replies import Answered
from worker.engines.protocol import Engine, Hopeless, Identity, TooFast
from worker.purse import Purse


@dataclass(frozen=True, slots=True)
class Paid:
    """An engine whose every call is paid. What surely was not answered costs nothing."""

    engine: Engine
    purse: Purse
    price: Price

    def ask(self, request: Request) -> Reply:
        """Set the worst case aside, ask, and put back what it did not take."""
        worst = worst_of(request, self.price)
        self.purse.take(worst)
        try:
            reply = self.engine.ask(request)
        except (TooFast, Hopeless):
            self.purse.put_back(worst)  # refused; after any other trouble it may have been answered, and billed
            raise
        self.purse.put_back(worst - cost_of(request, reply, self.price))
        return reply

    def identity(self) -> Identity:
        """Who answers."""
        return self.engine.identity()

    def close(self) -> None:
        """Nothing more is asked."""
        self.engine.close()


def cost_of(request: Request, reply: Reply, price: Price) -> int:
    """By the tokens that the server counted; what it did not count may have cost the most that it can."""
    if not reply.prompt_tokens or (reply.text and not reply.completion_tokens):
        return worst_of(request, price)
    return price.of(reply.prompt_tokens, reply.completion_tokens)


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks what was not asked before."""

    database: Database
    engine: Engine
    identity: Identity
    price: Price

    def ask(self, request: Request) -> Answered:
        """The stored answer, or the engine's."""
        request = replace(request, revision=self.identity.model_revision)
        with self.database.reading() as session:
            if (found := replies.find(session, request)) is not None:
                return found
        begun = monotonic()
        reply = replies.storable(self.engine.ask(request))
        return Answered(
            request=request,
            reply=reply,
            engine_version=f"{self.identity.engine} {self.identity.engine_version}".strip(),
            revision=self.identity.model_revision,
            cost=cost_of(request, reply, self.price),
            seconds=monotonic() - begun,
        )
