"""Plans a launch: the order of comparisons and the side of every seat. Knows no rater and no database.

Sides are balanced by construction, not by coin flips: within a comparison, for each candidate and over the whole
batch, candidate-first and candidate-second differ by at most one. Extra seats, which may never open, come behind those
and are half and half in each comparison, so that the balance is the same whether they open or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class PlannedComparison:
    """A candidate at a prompt; `flips[i]` is true where seat i+1 shows the candidate second."""

    position: int
    prompt: int
    candidate: int
    flips: tuple[bool, ...]


def plan(
    prompts: Mapping[int, Sequence[int]],
    *,
    seats: int,
    seed: int,
    extra: int = 0,
    first_position: int = 0,
    imbalance: Mapping[int, int] | None = None,
) -> list[PlannedComparison]:
    """Order the comparisons and seat the sides.

    prompts: candidate id -> ids of the prompts it is compared at, at most once each.
    seats: seats of a comparison that are open at first, at least 1.
    extra: further seats behind those, an even number; they change nothing of the order and sides of the first.
    imbalance: candidate id -> (seats with the candidate second) - (seats with it first) of what was launched before
        in the same batch; an extension continues from there.
    Returns comparisons in launch order, candidates interleaved so that neighbours differ in prompt where they can.
    Raises ValueError when there is no seat, a prompt is repeated or the extra seats can't be half and half.
    """
    if seats < 1:
        raise ValueError("a comparison needs at least one seat")
    if any(len(set(of)) < len(of) for of in prompts.values()):
        raise ValueError("a candidate meets each prompt at most once in a batch")
    if extra < 0 or extra % 2:
        raise ValueError("extra seats come in pairs, one on either side")
    random, random_of_extra = Random(seed), Random(f"extra seats of {seed}")
    leans = {
        candidate: iter(signs)
        for candidate, signs in leanings(
            {candidate: len(of) for candidate, of in prompts.items()},
            imbalance or {},
            odd=seats % 2 == 1,
            random=random,
        ).items()
    }
    ordered = interleave(prompts, random)
    return [
        PlannedComparison(
            position,
            prompt,
            candidate,
            sides(seats, next(leans[candidate]), random) + sides(extra, 0, random_of_extra),
        )
        for position, (prompt, candidate) in enumerate(ordered, start=first_position)
    ]


def interleave(prompts: Mapping[int, Sequence[int]], random: Random) -> list[tuple[int, int]]:
    """(prompt, candidate) pairs: one random order of prompts, candidates taking turns at different places of it."""
    everything = sorted({prompt for of in prompts.values() for prompt in of})
    random.shuffle(everything)
    rank = {prompt: at for at, prompt in enumerate(everything)}
    turns = []
    for number, (candidate, of) in enumerate(sorted(prompts.items())):
        queue = sorted(of, key=rank.__getitem__)
        start = number * len(queue) // max(len(prompts), 1)
        turns += [
            (at / len(queue), number, prompt, candidate) for at, prompt in enumerate(queue[start:] + queue[:start])
        ]
    return [(prompt, candidate) for _, _, prompt, candidate in sorted(turns)]


def leanings(
    counts: Mapping[int, int], imbalance: Mapping[int, int], *, odd: bool, random: Random
) -> dict[int, list[int]]:
    """For each candidate, which side each of its comparisons gives the odd seat to: +1 second, -1 first, 0 neither.

    A candidate's running sum stays within one of zero; the candidates that must end at +1 or -1 (an odd number of
    odd seats) take turns, so that the batch's sum does too.
    """
    if not odd:
        return {candidate: [0] * count for candidate, count in counts.items()}
    total = sum(imbalance.get(candidate, 0) for candidate, count in counts.items() if not count)
    total += sum(value for candidate, value in imbalance.items() if candidate not in counts)
    result = {}
    for candidate, count in sorted(counts.items()):
        before = imbalance.get(candidate, 0)
        ends_even = (before + count) % 2 == 0
        end = 0 if ends_even else -1 if total > 0 else 1 if total < 0 else random.choice((-1, 1))
        result[candidate] = alternation(before, end, count, random)
        total += end if count else 0
    return result


def alternation(before: int, end: int, count: int, random: Random) -> list[int]:
    """`count` signs that lead from an imbalance of -1, 0 or 1 to `end`, never further than one from zero."""
    signs, now = [], before
    for left in range(count, 0, -1):
        free = end if left % 2 else random.choice((-1, 1))
        signs.append(-now if now else free)
        now += signs[-1]
    return signs


def sides(seats: int, lean: int, random: Random) -> tuple[bool, ...]:
    """The flips of one comparison's seats, in random order: half and half, the odd one as `lean` says."""
    second = (seats + lean) // 2 if seats % 2 else seats // 2
    flips = [True] * second + [False] * (seats - second)
    random.shuffle(flips)
    return tuple(flips)
