"""What a synthesis would ask and cost at most, before it does. Asks nothing."""

from sqlalchemy.orm import Session

from backend.db.syntheses import Synthesis
from backend.domain import prompting
from backend.domain.jobs import Manner
from backend.domain.prices import Price
from backend.domain.records import Turn
from backend.services.asking import estimates, syntheses
from backend.services.asking.estimates import Estimate


def of_synthesis(session: Session, one: Synthesis, manner: Manner) -> Estimate:
    """Every call that is missing; where it depends on earlier answers, one like the first that is."""
    line = syntheses.line_of(session, one)
    found, price = Estimate(stored=len(line.waiting) + line.pool.calls), Price(manner.price_in, manner.price_out)
    if line.is_over:
        return found
    target, first = estimates.target_of(syntheses.recipe_of(one)), line.pool.calls + 1
    for number in range(first, one.most_calls + 1):
        if number not in line.waiting:
            asked = line.asked(number if line.pool.method.calls_at_once is None else first)
            found = found.with_question(prompting.request((Turn("user", asked.text),), target, sample=number), price)
    return found
