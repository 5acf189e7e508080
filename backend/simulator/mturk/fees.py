"""What MTurk adds to a reward and to a bonus, in cents.

Its price page (as of October 2026): 20 % of the reward and of bonuses, 20 % more of the reward where a HIT has ten or
more assignments, 5 % of the reward for Masters, and at least one cent. It does not say how parts of a cent are rounded;
here they count as a whole one,
so that a budget which is enough here is enough anywhere.
"""

SHARE = 20
SHARE_FROM_TEN = 20
SHARE_OF_MASTERS = 5
MANY = 10


def of_reward(cents: int, *, assignments: int, masters: bool) -> int:
    """The fee for one approved assignment of a HIT that was made with so many."""
    share = SHARE + SHARE_FROM_TEN * (assignments >= MANY) + SHARE_OF_MASTERS * masters
    return max(1, rounded(cents * share))


def of_bonus(cents: int) -> int:
    """The fee for one bonus."""
    return max(1, rounded(cents * SHARE))


def rounded(hundredths: int) -> int:
    return -(-hundredths // 100)
