"""Reads what a mixture declares, once: what there is of each source, in which order, and whether it can be built."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.domain.data.mixing import BUILT_IN, Mixture, Undeclared, interleaved, mixture_of
from backend.domain.records import Json
from backend.errors import Invalid
from backend.services.data import counting, mixture_files
from backend.services.data.cleaning import report_of
from backend.services.data.counting import Counter
from backend.services.data.mixture_files import Known, OnBytes


@dataclass(frozen=True, slots=True)
class Stages:
    """How many dialogues a source had, and how many of them say what another one of it, or of an earlier one, says."""

    read: int
    doubled: int
    doubled_elsewhere: int


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A declaration with all that must be known before a line is written.

    rows: of each source, its dialogues that are left in their shuffled order. cleaned: what the report beside each
    source says of its cleaning, None where there is none of exactly this file.
    """

    mixture: Mixture
    declared: bytes
    counters: tuple[Counter, ...]
    sources: tuple[Known, ...]
    stages: tuple[Stages, ...]
    rows: tuple[Sequence[int], ...]
    cleaned: tuple[Json, ...]

    @property
    def measure(self) -> int:
        """Which of the counters subsets are measured with."""
        return [one.name for one in self.counters].index(self.mixture.measure)

    def tokens(self, source: int) -> list[int]:
        """Of a source's dialogues in their order, by that counter."""
        counted = self.sources[source].tokens[self.measure]
        return [counted[row] for row in self.rows[source]]

    def order(self) -> Iterator[tuple[int, int]]:
        """(source, row) in the one order."""
        tokens = [self.tokens(number) for number in range(len(self.sources))]
        weights = [
            one.weight if one.weight is not None else max(1, sum(counted))
            for one, counted in zip(self.mixture.sources, tokens, strict=True)
        ]
        for source, place in interleaved(tokens, weights, strict=self.mixture.is_weighted):
            yield source, self.rows[source][place]


def declaration(path: Path) -> tuple[Mixture, bytes]:
    """A mixture's file. Invalid with file and key."""
    try:
        raw = path.read_bytes()
        return mixture_of(tomllib.loads(raw.decode())), raw
    except OSError as error:
        raise Invalid(f"{path.name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is not UTF-8; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path.name} is no TOML: {error}.") from None
    except Undeclared as error:
        raise Invalid(f"{path.name}, {error}.") from None


def size_of(path: Path) -> int:
    """Bytes of all its sources. Invalid where one is missing."""
    mixture, _ = declaration(path)
    return sum(
        source_path(path, number, one.file).stat().st_size for number, one in enumerate(mixture.sources, start=1)
    )


def source_path(declared: Path, number: int, file: str) -> Path:
    """A source's file, beside its declaration unless it says otherwise."""
    found = declared.parent / file
    if not found.is_file():
        raise Invalid(f"{declared.name}, sources[{number}].file: there is no file {file}.")
    return found


def survey(path: Path, *, on_bytes: OnBytes | None = None) -> Surveyed:
    """Read everything once. Invalid, with file and key or line, for what can't be built."""
    mixture, raw = declaration(path)
    names = dict.fromkeys((mixture.measure, BUILT_IN[0], *mixture.tokenizers))
    counters = tuple(
        counting.built_in(name)
        if name in BUILT_IN
        else counting.from_file(name, path.parent / mixture.tokenizers[name])
        for name in names
    )
    sources = tuple(
        mixture_files.known(
            source_path(path, number, one.file), one.file, one.name, mixture.seed, counters, on_bytes=on_bytes
        )
        for number, one in enumerate(mixture.sources, start=1)
    )
    rows, stages = sifted(sources)
    cleaned = tuple(cleaning_of(source) for source in sources)
    found = Surveyed(mixture, raw, counters, sources, stages, rows, cleaned)
    refuse_unmet(found, path)
    return found


def cleaning_of(source: Known) -> Json:
    """How many dialogues each step of cleaning left of a file, and how many went why."""
    try:
        report = json.loads(report_of(source.path).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(report, dict) or report.get("sha256") != source.sha256:
        return None
    wanted = ("step", "came", "left", "split", "dropped", "changed")
    steps = [{name: step[name] for name in wanted if name in step} for step in report.get("steps", ())]
    return {"preset": report.get("preset"), "steps": steps}


def sifted(sources: Sequence[Known]) -> tuple[tuple[Sequence[int], ...], tuple[Stages, ...]]:
    """Of each source its rows in order, without those that say what another says, and how many those are."""
    seen: set[bytes] = set()
    rows, stages = [], []
    for source in sources:
        order = sorted(
            range(len(source)), key=lambda row: (source.hash_at(source.orders, row), lines_hash(source, row))
        )
        own: set[bytes] = set()
        left, elsewhere = [], 0
        for row in order:
            said = source.hash_at(source.said, row)
            if said in own:
                continue
            own.add(said)
            if said in seen:
                elsewhere += 1
            else:
                left.append(row)
        seen |= own
        rows.append(left)
        stages.append(Stages(len(source), len(source) - len(own), elsewhere))
    return tuple(rows), tuple(stages)


def lines_hash(source: Known, row: int) -> bytes:
    """Which of several dialogues that say the same comes first, wherever they stand in their file."""
    return source.hash_at(source.lines, row)


def refuse_unmet(found: Surveyed, path: Path) -> None:
    """Invalid where a subset is larger than the sources allow, or smaller than a dialogue."""
    subsets = found.mixture.subsets
    if not subsets:
        return
    tokens = [found.sources[source].tokens[found.measure][row] for source, row in found.order()]
    name, most = list(subsets.items())[-1]
    if sum(tokens) < most:
        raise Invalid(f"{path.name}, subsets: {name} can't be met: {why_not(found, most, sum(tokens))}")
    name, least = next(iter(subsets.items()))
    if tokens[0] > least:
        raise Invalid(
            f"{path.name}, subsets: {name} can't be met: the first dialogue alone has {tokens[0]:,} tokens by "
            f"{found.mixture.measure}."
        )


def why_not(found: Surveyed, most: int, reached: int) -> str:
    """Which source is too small for its share."""
    has = [sum(found.tokens(number)) for number in range(len(found.sources))]
    by = found.mixture.measure
    if not found.mixture.is_weighted:
        return f"all sources together have {sum(has):,} tokens by {by}."
    weights = [one.weight or 0.0 for one in found.mixture.sources]
    shares = [most * weight / sum(weights) for weight in weights]
    short = min(range(len(has)), key=lambda number: has[number] / shares[number])
    return (
        f"sources[{short + 1}].weight gives {found.mixture.sources[short].name} {shares[short]:,.0f} tokens of it by "
        f"{by}, and it has {has[short]:,}; the shares can be kept up to {reached:,}. Lower its weight, or give it more."
    )
