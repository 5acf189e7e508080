"""What verdicts that were given elsewhere say of their judge: what it was asked, in which orders, by which rule."""

from collections import Counter
from collections.abc import Sequence

from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.published import PAIR_V2, Format
from backend.errors import Invalid
from backend.services.judging.placing import Placed

ALPACA = {"weighted_alpaca_eval_gpt4_turbo": "alpaca", "alpaca_eval_clf_gpt4_turbo": "alpaca"}
RULES = {Format.VICUNA: Rule.MEAN_SCORE, Format.MT_BENCH: Rule.AGREE_ELSE_TIE, Format.ALPACA_EVAL: Rule.AGREE_ELSE_TIE}
UNKNOWN_ORDER = "AlpacaEval does not write down which output its judge saw first; output_1 stands for it here"


def default_rule(form: Format, placed: Sequence[Placed]) -> Rule:
    """The rule of its authors; chances are averaged where a file has any that are no verdicts."""
    chances = {one.published.stored.probability for one in placed if one.published.stored}
    if form == Format.ALPACA_EVAL and chances - {0.0, 0.5, 1.0, None}:
        return Rule.PROB_MEAN
    return RULES[form]


def template_of(form: Format, placed: Sequence[Placed]) -> str:
    """The name of what the judge was asked; as the file names it where its words did not come with Assay."""
    if form == Format.VICUNA:
        return "vicuna"
    if form == Format.MT_BENCH:
        return "mtbench-pair-v2"
    name = next(iter(sorted({one.published.template for one in placed}))) or form
    return ALPACA.get(name, name)


def orders_of(placed: Sequence[Placed]) -> Orders:
    """In which orders the judge saw the outputs. Invalid where that differs from prompt to prompt."""
    seen: dict[int, set[bool]] = {}
    for one in placed:
        seen.setdefault(one.pair.prompt_id, set()).add(one.flipped)
    ways = {frozenset(sides) for sides in seen.values()}
    if len(ways) > 1:
        raise Invalid(
            "The judge saw the candidate first at some prompts and second, or both, at others; Assay has judges of "
            "both orders or of one. Give the files of each order under a name of its own."
        )
    sides = ways.pop()
    if len(sides) == 2:
        return Orders.BOTH
    return Orders.BASELINE_FIRST if True in sides else Orders.CANDIDATE_FIRST


def notes(form: Format, placed: Sequence[Placed]) -> tuple[str, ...]:
    """What a reader of these verdicts has to know."""
    found = [UNKNOWN_ORDER + ", so nothing can be said of its position"] if form == Format.ALPACA_EVAL else []
    if form == Format.VICUNA and any(one.published.first.text is None for one in placed):
        found.append(
            "reviews hold no outputs: that these are the ones judged was not checked; --answers FILE checks it"
        )
    if form == Format.MT_BENCH and any(one.published.asked is None for one in placed):
        found.append("some rows do not hold what was asked, so it was not checked that these outputs were judged")
    asked = Counter(one.published.template for one in placed if form == Format.MT_BENCH)
    found += [
        f"{count} were asked for with {name or 'words without a name'}, which Assay does not keep"
        for name, count in asked.items()
        if name != PAIR_V2
    ]
    return tuple(found)
