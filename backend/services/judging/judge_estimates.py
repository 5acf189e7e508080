"""What a judge's missing verdicts would cost, before they are asked for. Asks nothing."""

from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging
from backend.domain.jobs import Manner
from backend.domain.prices import Price
from backend.services.asking.estimates import Estimate, is_stored
from backend.services.judging import judges, judgings


def of_judging(session: Session, judge: Judge, judging: Judging, manner: Manner) -> Estimate:
    """A judge's missing verdicts; a reply that can't be read, which is asked for again, counts in `again` alone."""
    recipe, price, found = judges.recipe_of(judge), Price(manner.price_in, manner.price_out), Estimate()
    for first, second in judgings.sides(judge, judging):
        rows = judgings.pairs(first, second).where(~judgings.has_verdict(judge.id))
        for pair in (judgings.pair_of(*row) for row in session.execute(rows).all()):
            request = judgings.request(judge, recipe, pair)
            if is_stored(session, request, recipe.revision):
                found = found.with_stored()
                continue
            template = judges.template_for(judge, pair.category)
            found = found.with_question(request, price).with_reminder(template, request, price)
    return found
