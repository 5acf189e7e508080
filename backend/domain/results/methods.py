"""The methods paragraph: what was asked, of whom, and how the numbers were made, as a paper would say it.

It states every choice that a reader needs to judge the numbers, and nothing that was not done.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from backend.domain.choices import Choice
from backend.domain.declared import checks, offence, split_in_words, systems
from backend.domain.results.candidates import CandidateResult
from backend.domain.results.exclusions import ExcludedRater
from backend.domain.results.material import Material
from backend.domain.results.prefix import Prefix
from backend.domain.statistics.ids import dense


def paragraph(
    material: Material,
    candidates: tuple[CandidateResult, ...],
    excluded: tuple[ExcludedRater, ...],
    beginning: Prefix,
    ratings: int,
) -> str:
    """The paragraph, sentence after sentence. ratings: those that count."""
    parts = (
        design(material),
        rating(material, ratings),
        left_out(material, excluded, beginning),
        scores(material, candidates),
        together(material),
        frozen(material),
    )
    return " ".join(sentence for part in parts for sentence in part)


def design(material: Material) -> Iterator[str]:
    """What was compared, and how the sides were given."""
    names = listing(material.candidates)
    yield (
        f"The outputs of {names} were compared with those of {material.baseline} to the same prompts "
        f"({len(material.launched):,} comparisons on {len(dense(material.launched.prompt)[0]):,} prompts)."
    )
    yield f"Each comparison was to be rated by {material.opening} raters, none of whom met a prompt twice."
    yield from order(material)


def order(material: Material) -> Iterator[str]:
    """How the two outputs were shown: balanced by design here, as it happened where votes come from elsewhere."""
    known, votes = int((material.votes.flipped >= 0).sum()), len(material.votes)
    if known or not votes:
        yield (
            "They saw two outputs without names, in an order that was balanced by design within each comparison, for "
            "each candidate and over the batch."
        )
    if known < votes:
        yield f"Of {votes - known:,} votes, collected elsewhere, the order in which outputs were shown is not known."


def rating(material: Material, ratings: int) -> Iterator[str]:
    """What raters chose from, how many there were, and which checks they met."""
    settings = material.settings
    labels = listing([f"“{option.label}”" for option in settings.options])
    people = dense(material.votes.rater)[0].tolist()
    yield f"Raters chose between {labels}; {len(people):,} raters gave {ratings:,} votes that count."
    of_channels = Counter(material.channels[rater] for rater in people)
    if len(of_channels) > 1:
        yield f"They came through {listing([f'{one} ({count:,})' for one, count in sorted(of_channels.items())])}."
    if any(option.choice == Choice.BOTH_BAD for option in settings.options):
        yield "A vote that both are bad counts as a tie."
    if settings.checks.any:
        yield from checks(settings.checks)
        yield "Checks count in no result but their own."


def left_out(material: Material, excluded: tuple[ExcludedRater, ...], beginning: Prefix) -> Iterator[str]:
    """Exclusions, and a batch that was closed early."""
    rules = material.settings.exclusions
    if rules:
        who = ", or ".join(offence(rule) for rule in rules)
        count = len({one.rater for one in excluded})
        yield f"As declared before the launch, raters were to be left out who {who}; this removed {count:,} of them."
        yield "Their seats were not filled again."
    if beginning.comparisons < beginning.launched:
        yield (
            f"The batch was closed early: the first {beginning.comparisons:,} of {beginning.launched:,} comparisons in "
            f"launch order are analysed, and {beginning.votes_beyond:,} votes beyond them are not."
        )


def scores(material: Material, candidates: tuple[CandidateResult, ...]) -> Iterator[str]:
    """The estimand, its interval, and the majority with its split rule."""
    yield (
        "The win rate counts a vote for the candidate as 1, a tie as ½ and a vote for the baseline as 0, and is the "
        "mean over prompts of the mean over raters; “equal or better” counts a tie as 1."
    )
    if methods := sorted({one.win_rate.method for one in candidates if one.win_rate.low is not None}):
        yield (
            f"Intervals are 95 % ({listing(methods)}): prompt, rater and residual variances by moments with "
            "Satterthwaite’s degrees of freedom where five or more raters allow it, for these raters alone otherwise."
        )
    split = split_in_words(material.settings)
    yield f"The majority is more than half of a comparison’s votes; a comparison without one counts {split}."


def together(material: Material) -> Iterator[str]:
    """What holds for several candidates, what was asked of them, and a stop rule."""
    declared = material.settings.analysis
    yield from systems(declared)
    if len(material.candidates) > 1:
        yield (
            "Differences between candidates are paired by prompt, with simultaneous (max-|t|) intervals over the "
            f"declared family; differences within {100 * declared.margin:g} points count as none (two one-sided tests)."
        )
    if stopping := material.settings.stopping:
        yield (
            "A stop rule was declared before the launch: betting confidence sequences at an error of "
            f"{stopping.error:g} over all candidates, from {stopping.least_prompts} prompts on, for the mean over "
            "prompts of the raters who took part."
        )
    if material.was_stopped:
        yield "That rule ended the batch."
    if material.settings.stopping or declared.sealed:
        early = ", but they were opened before" if material.was_unsealed else ""
        yield f"Results were to stay sealed until the batch had ended{early}."


def frozen(material: Material) -> Iterator[str]:
    """What names the settings for ever."""
    yield (
        f"The settings were frozen at the launch (preset {material.settings.preset}, sha256 "
        f"{material.settings.content_hash[:16]}, seed {material.seed})."
    )


def listing(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
