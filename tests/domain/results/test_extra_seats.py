"""Extra seats decide splits; no mean, no model and no agreement rests on them."""

from dataclasses import asdict, replace

import numpy as np

from backend.domain.results.material import Material
from backend.domain.results.raters import raters
from backend.domain.results.summary import Results, summarise
from backend.domain.statistics.flags import Kind
from tests.material import Row, material


def split_often(seed: int = 5, prompts: int = 60) -> Material:
    """Votes drawn by a seed; two more raters, who both prefer the candidate, wherever three differ."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    for prompt in range(prompts):
        raters = draw.choice(25, 5, replace=False).tolist()
        given = draw.choice([-1, 0, 1], 3, p=[0.35, 0.25, 0.4]).tolist()
        given += [1, 1] if len(set(given)) == 3 else []
        sides = draw.permutation([0, 1, 0, 1, 0]).tolist()
        rows += [(prompt, raters[at], 0, one, sides[at], False, 9.0) for at, one in enumerate(given)]
    return material(rows, raters=25, seats=5, opening=3, split_rule="extra")


def sections(found: Results) -> dict[str, object]:
    (candidate,) = found.candidates
    return {
        "win rate": asdict(candidate.win_rate),
        "family": asdict(found.family),
        "agreement": asdict(found.agreement),
        "position": asdict(found.position),
        "style": asdict(found.style),
        "models": asdict(found.models),
    }


def test_only_outcomes_rest_on_extra_seats() -> None:
    given = split_often()
    asked, not_asked = given, replace(given, votes=given.votes.where(given.votes.seat <= 3))
    with_extra, without = summarise(asked), summarise(not_asked)
    assert with_extra.ratings > without.ratings
    assert sections(with_extra) == sections(without)
    (settled,), (open_still,) = with_extra.candidates, without.candidates
    assert settled.outcomes.candidate > open_still.outcomes.candidate
    assert open_still.outcomes.unfinished == settled.outcomes.candidate - open_still.outcomes.candidate


def test_agreement_of_raters_is_looked_for_where_seats_open_at_first() -> None:
    """Who sits only where three disagreed can agree with nobody, and is no random clicker for it."""
    given = split_often(prompts=200)
    extra = given.votes.seat > 3
    late = replace(given.votes, rater=np.where(extra, 25, given.votes.rater))
    asked = replace(given, votes=late, raters=[*given.raters, "R999"])
    not_asked = replace(given, votes=given.votes.where(~extra))
    found = {one.rater: one.report for one in raters(asked, excluded=())}
    assert found["R999"].votes == extra.sum() > 40
    assert (found["R999"].with_rest.shared, found["R999"].with_rest.too_few) == (0, True)
    assert Kind.RANDOM in found["R999"].too_few
    before = {one.rater: one.report for one in raters(not_asked, excluded=())}
    assert all(found[name].with_rest == one.with_rest for name, one in before.items())
