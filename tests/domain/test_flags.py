"""Flags of raters: exact tests by hand, planted raters, and what must not be flagged."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from backend.domain.statistics import flag_tests
from backend.domain.statistics.copied import copied, sharing, tail
from backend.domain.statistics.flag_rates import (
    CLICKER,
    COPIED,
    COPYCAT,
    HASTY,
    ONE_SIDED,
    OTHER_CLICKER,
    Design,
    flag_rates,
    simulated,
)
from backend.domain.statistics.flag_tests import looks_random, one_sided, prompts_a_vote, too_fast
from backend.domain.statistics.flags import Flag, Kind, RaterReport, Rules, rater_reports
from backend.domain.statistics.rater_agreement import rest_of
from backend.domain.statistics.votes import Floats, Votes

# (rater, comparison, preference, flipped, seconds)
Row = tuple[int, int, int, int, float]


def votes_of(rows: list[Row]) -> Votes:
    """One comparison a prompt."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    rater, comparison, preference, flipped = table[:, :4].astype(np.int64).T
    return Votes(
        prompt=comparison,
        rater=rater,
        comparison=comparison,
        seat=np.ones(len(rater), dtype=np.int64),
        candidate=np.zeros(len(rater), dtype=np.int64),
        preference=preference,
        flipped=flipped,
        both_bad=np.zeros(len(rater), dtype=np.bool_),
        seconds=table[:, 4],
    )


def sides(*shares: tuple[int, int]) -> Votes:
    """Each rater's (votes for the first side, decisive votes), orders alternating, on comparisons of their own."""
    rows = [
        (rater, 1_000 * rater + number, (1 if number < first else -1) * (1 - 2 * (number % 2)), number % 2, 30.0)
        for rater, (first, decisive) in enumerate(shares)
        for number in range(decisive)
    ]
    return votes_of(rows)


def flag_of(report: RaterReport, kind: Kind) -> Flag | None:
    return next((flag for flag in report.flags if flag.kind == kind), None)


def test_one_side_is_tested_exactly_against_a_half_and_against_the_others() -> None:
    """Rater 0: 40 of 50 first. Others: 150 of 300. SciPy's binomtest and Fisher's exact test give the same tails."""
    votes = sides((40, 50), (75, 150), (75, 150))
    found = one_sided(votes, votes.rater, 3)
    half = stats.binomtest(40, 50, alternative="greater").pvalue
    fisher = stats.fisher_exact(np.array([[40, 10], [150, 150]]), alternative="greater").pvalue
    assert found.p_value[0] == pytest.approx(2 * max(half, fisher))
    assert (found.statistic[0], found.expected[0], found.n[0]) == (0.8, 0.5, 50)


def test_a_rater_who_leans_as_all_do_is_not_one_sided() -> None:
    """Where everybody says first 60 % of the time it is the layout; one who never leans there is not odd either."""
    votes = sides((360, 600), (360, 600), (360, 600), (300, 600))
    p_value = one_sided(votes, votes.rater, 4).p_value
    assert p_value.min() > 0.05


def test_between_a_half_and_the_others_nobody_is_odd() -> None:
    """By hand: .55 lies between ½ and the others' .6, significantly away from both on opposite sides."""
    votes = sides((1_100, 2_000), (1_200, 2_000), (1_200, 2_000))
    found = one_sided(votes, votes.rater, 3)
    assert found.p_value[0] > 0.9
    assert found.expected[0] == found.statistic[0] == 0.55


def test_ties_and_unknown_orders_say_nothing_of_sides() -> None:
    rows: list[Row] = [(0, number, 0, 0, 30.0) for number in range(50)]
    rows += [(0, 50 + number, 1, -1, 30.0) for number in range(50)]
    (report,) = rater_reports(votes_of(rows), np.full(100, 100))
    assert (report.votes, report.decisive, report.first_share, report.flags) == (100, 0, None, ())
    assert Kind.ONE_SIDED in report.too_few


def test_with_eight_decisive_votes_nothing_can_be_said_of_sides() -> None:
    """A 60/40 rater with eight votes is found 8 % of the time: Φ(.2 √8 - 1.96); half are found with (1.96 / .2)²."""
    assert stats.norm.cdf(0.2 * np.sqrt(8) - 1.96) == pytest.approx(0.08, abs=0.005)
    for n, too_few in ((8, True), (96, True), (97, False)):
        votes = sides((n // 2, n))
        assert one_sided(votes, votes.rater, 1).too_few.tolist() == [too_few]


def test_the_more_raters_are_tested_the_more_votes_it_takes() -> None:
    """By hand, three raters with six votes or more: 1.6667 % two-sided is z = 2.394, and (2.394 / .2)² = 143.3."""
    votes = sides((71, 143), (72, 144), (4, 8), (5, 5))
    found = one_sided(votes, votes.rater, 4)
    assert found.too_few.tolist() == [True, False, True, True]
    assert np.isnan(found.p_value).tolist() == [False, False, False, True]


def timed(*shares: tuple[int, int]) -> Votes:
    """Each rater's (votes in 5 s, votes): 100 words a vote, so 1,200 words a minute; else in 60 s."""
    return votes_of(
        [
            (rater, 1_000 * rater + number, 1, 0, 5.0 if number < fast else 60.0)
            for rater, (fast, n) in enumerate(shares)
            for number in range(n)
        ]
    )


def test_haste_is_tested_exactly_against_the_tolerated_share() -> None:
    votes = timed((18, 20), (10, 20))
    found = too_fast(votes, np.full(40, 100), votes.rater, 2, fastest=600, tolerated=0.5)
    assert found.p_value.tolist() == pytest.approx(
        [stats.binomtest(k, 20, 0.5, alternative="greater").pvalue for k in (18, 10)]
    )
    assert found.statistic.tolist() == [0.9, 0.5]
    assert found.too_few.tolist() == [False, False]


def test_unknown_times_say_nothing_of_haste() -> None:
    votes = timed((12, 20), (3, 3))
    found = too_fast(
        replace(votes, seconds=np.where(votes.rater == 1, np.nan, votes.seconds)),
        np.full(23, 100), votes.rater, 2, fastest=600, tolerated=0.5,
    )  # fmt: skip
    assert found.n.tolist() == [20, 0]
    assert np.isnan(found.p_value).tolist() == [False, True]
    assert found.too_few.tolist() == [False, True]


def test_no_time_at_all_for_a_text_is_too_fast_and_has_no_pace() -> None:
    votes = replace(timed((12, 12)), seconds=np.zeros(12))
    (report,) = rater_reports(votes, np.full(12, 100))
    flag = flag_of(report, Kind.TOO_FAST)
    assert flag is not None
    assert (flag.statistic, flag.expected, flag.n) == (1.0, 0.5, 12)
    assert (report.median_seconds, report.words_a_minute) == (0.0, None)


def test_habits_are_medians() -> None:
    """By hand: 30, 60 and 90 s for 100 words: 200, 100 and 67 words a minute; the unknown time is left out."""
    votes = votes_of([(0, 0, 1, 0, 30.0), (0, 1, 1, 0, 60.0), (0, 2, 1, 1, 90.0), (0, 3, 1, 1, np.nan)])
    (report,) = rater_reports(votes, np.full(4, 100))
    assert (report.median_seconds, report.words_a_minute, report.decisive, report.first_share) == (60, 100, 4, 0.5)
    assert report.too_few == (Kind.ONE_SIDED, Kind.RANDOM, Kind.TOO_FAST, Kind.COPIED)


def panel(raters: int, comparisons: int, seed: int, *, skill: float = 0.8) -> Votes:
    """Everybody rates every comparison and sees the true preference with one skill."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(-1, 2, comparisons)
    other = (truth + 1 + generator.integers(1, 3, (raters, comparisons))) % 3 - 1
    said = np.where(generator.random((raters, comparisons)) < skill, truth, other)
    flipped = generator.integers(0, 2, (raters, comparisons))
    cells = product(range(raters), range(comparisons))
    return votes_of([(rater, one, int(said[rater, one]), int(flipped[rater, one]), 60.0) for rater, one in cells])


def test_one_who_always_says_the_same_looks_random() -> None:
    votes = panel(6, 150, 1)
    constant = replace(votes, preference=np.where(votes.rater == 0, 0, votes.preference))
    reports = rater_reports(constant, np.full(len(votes), 100))
    flag = flag_of(reports[0], Kind.RANDOM)
    assert flag is not None
    assert flag.statistic == pytest.approx(0)
    assert flag.expected > 0.2
    assert all(not report.flags for report in reports[1:])


def test_ten_equal_votes_are_no_proof_of_clicking() -> None:
    votes = panel(6, 150, 1)
    kept = votes.where((votes.rater != 0) | (votes.comparison < 10))
    constant = replace(kept, preference=np.where(kept.rater == 0, 0, kept.preference))
    report = rater_reports(constant, np.full(len(kept), 100))[0]
    assert flag_of(report, Kind.RANDOM) is None
    assert Kind.RANDOM in report.too_few


def test_agreement_beyond_chance_is_the_corrected_agreement_before_division() -> None:
    votes = panel(4, 60, 2)
    reports = rater_reports(votes, np.full(len(votes), 100))
    label = votes.preference + 1
    rest = rest_of(votes.comparison, votes.rater, label, categories=3)
    found = looks_random(rest, label, prompts_a_vote(votes, rest.rater, 4))
    for report, beyond in zip(reports, found.statistic, strict=True):
        rest = report.with_rest
        assert rest.agreement is not None
        assert rest.chance is not None
        assert beyond == pytest.approx((rest.agreement - rest.chance) * 60 / 59)


@pytest.mark.parametrize("raters", [1, 2])
def test_of_two_raters_nobody_can_say_who_is_random(raters: int) -> None:
    reports = rater_reports(panel(raters, 100, 3), np.full(100 * raters, 100))
    assert all(Kind.RANDOM in report.too_few for report in reports)
    assert all(not report.flags for report in reports)


def test_where_nobody_agrees_nobody_is_called_random() -> None:
    votes = panel(6, 200, 4, skill=1 / 3)
    reports = rater_reports(votes, np.full(len(votes), 100))
    assert all(not report.flags and Kind.RANDOM in report.too_few for report in reports)


def test_votes_that_share_a_prompt_count_as_their_prompts() -> None:
    """Two hundred comparisons of ten prompts say no more than ten comparisons would: too few for any verdict."""
    votes = panel(6, 200, 5)
    clicked = np.random.default_rng(0).integers(-1, 2, len(votes))
    alone = replace(votes, preference=np.where(votes.rater == 0, clicked, votes.preference))
    together = replace(alone, prompt=alone.comparison % 10)
    words = np.full(len(votes), 100)
    assert flag_of(rater_reports(alone, words)[0], Kind.RANDOM) is not None
    assert rater_reports(together, words)[0].flags == ()
    assert {Kind.RANDOM, Kind.COPIED} <= set(rater_reports(together, words)[0].too_few)


def test_the_tail_of_a_known_share_is_the_binomial_s() -> None:
    agreed, n = np.array([60.0, 50.0, 30.0]), np.full(3, 60.0)
    found = tail(agreed, n, np.full(3, 0.6), np.full(3, 1e-11))
    assert found[:2] == pytest.approx(stats.binom.sf(agreed[:2] - 1, 60, 0.6), rel=1e-4)
    assert found[2] == 1.0


def test_an_uncertain_share_has_the_beta_binomial_s_tail() -> None:
    """Mean .6 and variance .012: beta(11.4, 7.6)."""
    found = tail(np.array([55.0]), np.array([60.0]), np.array([0.6]), np.array([0.012]))
    assert found[0] == pytest.approx(stats.betabinom.sf(54, 60, 0.6 * 19, 0.4 * 19))


def test_two_good_raters_among_poor_ones_are_no_copies() -> None:
    """They agree far more often than the pool does, as their agreement with everybody says they will."""
    good, noise = panel(8, 300, 6, skill=0.9), np.random.default_rng(8)
    blurred = np.where(noise.random(len(good)) < 0.5, noise.integers(-1, 2, len(good)), good.preference)
    votes = replace(good, preference=np.where(good.rater < 2, good.preference, blurred))
    reports = rater_reports(votes, np.full(len(votes), 100))
    assert all(not report.flags for report in reports)


def test_pairs_are_the_same_however_many_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    votes, _ = simulated(np.random.default_rng(3), Design(crews=2, planted=True))
    thin = prompts_a_vote(votes, votes.rater, 16)
    whole = copied(votes, thin, fewest=20, tolerated=0.25)
    monkeypatch.setattr("backend.domain.statistics.copied.CELLS_AT_ONCE", 40)
    parts = copied(votes, thin, fewest=20, tolerated=0.25)
    assert whole.first.tolist() == parts.first.tolist() == [COPYCAT]
    assert whole.q_value == pytest.approx(parts.q_value)
    assert whole.tested.tolist() == parts.tested.tolist() == [7] * 16


def test_pairs_of_a_few_comparisons_are_counted_as_by_hand() -> None:
    """Raters 0, 1 and 2 on three comparisons, 1 and 2 alone on a fourth; rows in no order."""
    unit, rater = np.array([2, 0, 1, 3, 0, 2, 1, 0, 2, 1, 3]), np.array([2, 0, 1, 2, 1, 0, 0, 2, 1, 2, 1])
    label = np.array([1, 0, 2, 1, 0, 1, 2, 1, 1, 0, 1])
    (found,) = sharing(unit, rater, label, 3, np.ones(3), 3)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert (found.shared.tolist(), found.agreed.tolist()) == ([3, 3, 4], [3, 1, 2])


def test_without_votes_there_are_no_raters() -> None:
    assert rater_reports(votes_of([]), np.zeros(0)) == ()


@pytest.mark.parametrize("words", [np.zeros(3), np.full(12, -1.0)])
def test_words_must_be_known_for_every_vote(words: Floats) -> None:
    with pytest.raises(ValueError, match="number of words"):
        rater_reports(timed((12, 12)), words)


def test_nothing_depends_on_the_order_of_votes_or_the_numbers_of_raters() -> None:
    votes, words = simulated(np.random.default_rng(12), Design(crews=2, planted=True))
    order = np.random.default_rng(0).permutation(len(votes))
    a = rater_reports(votes, words)
    b = rater_reports(replace(votes, rater=votes.rater * 10**9 + 5).where(order), words[order])
    assert [report.rater * 10**9 + 5 for report in a] == [report.rater for report in b]
    for one, other in zip(a, b, strict=True):
        assert [flag.kind for flag in one.flags] == [flag.kind for flag in other.flags]
        assert [flag.p_value for flag in one.flags] == pytest.approx([flag.p_value for flag in other.flags])
        assert one.too_few == other.too_few


def test_the_systems_chosen_never_matter() -> None:
    """Candidate and baseline change places, and so does what was shown first: every flag stays."""
    votes, words = simulated(np.random.default_rng(13), Design(planted=True))
    swapped = replace(votes, preference=-votes.preference, flipped=1 - votes.flipped)
    for one, other in zip(rater_reports(votes, words), rater_reports(swapped, words), strict=True):
        assert [flag.kind for flag in one.flags] == [flag.kind for flag in other.flags]
        assert [flag.p_value for flag in one.flags] == pytest.approx([flag.p_value for flag in other.flags])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_biased_rater_with_six_hundred_decisive_votes_is_named(seed: int) -> None:
    votes, words = simulated(np.random.default_rng(seed), Design(planted=True, prompts=2_400))
    report = rater_reports(votes, words)[ONE_SIDED]
    flag = flag_of(report, Kind.ONE_SIDED)
    assert flag is not None
    assert flag.n == report.decisive >= 600
    assert flag.statistic == pytest.approx(0.6, abs=0.05)
    assert flag.expected == pytest.approx(0.5, abs=0.02)
    assert flag.p_value <= flag.q_value <= 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_random_clickers_with_two_hundred_and_fifty_votes_are_named(seed: int) -> None:
    votes, words = simulated(np.random.default_rng(seed), Design(planted=True, prompts=760))
    reports = rater_reports(votes, words)
    for rater in (CLICKER, OTHER_CLICKER):
        flag = flag_of(reports[rater], Kind.RANDOM)
        assert flag is not None
        assert 250 <= flag.n <= 330
        assert flag.statistic < flag.expected / 2
        assert flag.q_value <= 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copycat_over_sixty_shared_prompts_is_named_with_the_one_copied(seed: int) -> None:
    votes, words = simulated(np.random.default_rng(seed), Design(planted=True, prompts=600))
    reports = rater_reports(votes, words)
    flag = flag_of(reports[COPYCAT], Kind.COPIED)
    assert flag is not None
    assert 45 <= flag.n <= 85
    assert (flag.statistic, flag.other) == (1.0, COPIED)
    assert flag.q_value <= 0.05
    back = flag_of(reports[COPIED], Kind.COPIED)
    assert back == replace(flag, other=COPYCAT)


def test_a_hasty_rater_is_named_with_the_pace() -> None:
    votes, words = simulated(np.random.default_rng(4), Design(planted=True))
    report = rater_reports(votes, words)[HASTY]
    assert flag_of(report, Kind.TOO_FAST) is not None
    assert report.words_a_minute == pytest.approx(1_200, rel=0.1)
    assert flag_of(rater_reports(votes, words, rules=Rules(fastest=3_000))[HASTY], Kind.TOO_FAST) is None


@pytest.mark.parametrize(
    "design",
    [
        Design(),
        Design(lean=0.02),
        Design(crews=1, crew=3, prompts=255),
        Design(crews=12, crew=6, prompts=60),
        Design(skills=(0.55, 0.6)),
    ],
)
def test_of_honest_raters_hardly_any_is_flagged(design: Design) -> None:
    """Skills of .55 to .85, forty studies each; measured at most .02 of raters. The gate is what was promised."""
    rates = flag_rates(np.random.default_rng(2), design, studies=40)
    assert rates.honest == 40 * design.crews * design.crew
    assert rates.false_by_any <= 0.05
    assert max(rates.false_by_kind.values()) <= rates.false_by_any
    assert rates.found == {}


def test_a_laxer_rate_takes_effect_in_every_test() -> None:
    """A p-value of .08 on one rater, above .05: the same exact test, at another level."""
    votes = sides((59, 100))
    p_value = one_sided(votes, votes.rater, 1, level=0.2).p_value[0]
    assert p_value == pytest.approx(stats.binomtest(59, 100).pvalue)
    words = np.full(100, 100)
    (strict,), (lax,) = (rater_reports(votes, words, rules=Rules(false_discovery_rate=rate)) for rate in (0.05, 0.2))
    assert flag_of(strict, Kind.ONE_SIDED) is None
    assert flag_of(lax, Kind.ONE_SIDED) is not None


def test_planted_raters_are_found_and_the_honest_beside_them_are_left_alone() -> None:
    rates = flag_rates(np.random.default_rng(5), Design(planted=True, prompts=2_400), studies=20)
    assert rates.honest == 20 * (40 - 6)
    assert rates.false_by_any <= 0.05
    assert rates.false_studies <= 0.5
    assert min(rates.found.values()) >= 0.8
    assert rates.found[Kind.COPIED] == 1.0


def test_the_level_holds_where_every_rater_is_honest_and_one_kind_is_tested() -> None:
    """One-sided p-values of raters without a lean are below .05 at most that often."""
    generator = np.random.default_rng(6)
    p_values = np.concatenate(
        [one_sided(votes, votes.rater, 40).p_value for votes, _ in (simulated(generator, Design()) for _ in range(40))]
    )
    assert len(p_values) == 1_600
    assert (p_values <= flag_tests.LEVEL).mean() <= 0.055
