"""Whether the intervals hold the true value as often as they say, for new prompts and new raters.

    python -m benchmarks.coverage [--runs 2000] [--cells raters=5,load=skewed] [--out docs/coverage.md]

Each run draws prompts, raters and votes, and asks every method of the comparison table for its interval. A cell that
was run before, with this seed and this code, is read from the cache. Without --cells the whole grid is written to
docs/coverage.md, between its marks; a part of the grid is printed.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import numpy as np

from backend.domain.statistics import ids, intervals, two_way, variance
from backend.domain.statistics.votes import Floats, Integers
from benchmarks import coverage_grid, coverage_report
from benchmarks.coverage_grid import LATENT_MEAN, LEVEL, METHODS, SEATS, TIE_BAND, Cell, Found, grid, truth

ROUNDS = 200
PAGE = Path("docs/coverage.md")
CACHE = Path("assay-data/coverage.jsonl")


def seated(generator: np.random.Generator, cell: Cell, runs: int) -> Integers:
    """Who sits where, (runs, prompts, 3): the raters with the fewest votes so far, or heavy raters more often.

    Skewed: each seat goes to rater k = 1, 2, … with odds 1 / k among those who don't sit at the prompt yet.
    """
    seats = np.empty((runs, cell.prompts, SEATS), dtype=np.int64)
    loads = np.zeros((runs, cell.raters))
    odds = np.log(np.arange(1, cell.raters + 1))
    for prompt in range(cell.prompts):
        if cell.load == "skewed":
            queue = odds - generator.gumbel(size=loads.shape)
        else:
            queue = loads + generator.random(loads.shape)
        seats[:, prompt] = np.argpartition(queue, SEATS, axis=1)[:, :SEATS]
        np.put_along_axis(loads, seats[:, prompt], np.take_along_axis(loads, seats[:, prompt], 1) + 1, 1)
    return seats


def voted(generator: np.random.Generator, cell: Cell, seats: Integers) -> Floats:
    """Scores 0, ½ or 1 of every seat, cut from a latent normal score at ± the tie band; shape of seats."""
    runs = len(seats)
    of_prompts = generator.normal(0, np.sqrt(cell.prompt_icc), (runs, cell.prompts, 1))
    of_raters = generator.normal(0, np.sqrt(cell.rater_icc), (runs, cell.raters))
    rest = generator.normal(LATENT_MEAN, np.sqrt(1 - cell.prompt_icc - cell.rater_icc), seats.shape)
    latent = of_prompts + of_raters[np.arange(runs)[:, None, None], seats] + rest
    return ((latent > TIE_BAND) + 1.0 * (latent > -TIE_BAND)) / 2


def run(cell: Cell, runs: int, seed: int) -> Found:
    generator = np.random.default_rng(cell.seed(seed))
    seats = seated(generator, cell, runs)
    scores = voted(generator, cell, seats)
    prompt = np.repeat(np.arange(cell.prompts), SEATS)
    held, width, right = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0.0), truth()
    effective = 0.0
    for at in range(runs):
        rater = seats[at].ravel()
        table = two_way.comparison_table(scores[at].ravel(), prompt, rater, level=LEVEL, seed=at, rounds=ROUNDS)
        for method, found in table.items():
            if found.low is None or found.high is None:
                raise ValueError(f"{method} gave no interval in run {at} of {cell}")
            held[method] += found.low <= right <= found.high
            width[method] += found.high - found.low
        effective += len(rater) ** 2 / float((np.bincount(rater) ** 2).sum())
    shares = {method: held[method] / runs for method in METHODS}
    return Found(cell, runs, effective / runs, shares, {method: width[method] / runs for method in METHODS})


def cache_key(cell: Cell, runs: int, seed: int) -> str:
    """Changes with the cell, the runs, the seed, the settings, and the code of the statistics and of the simulation."""
    files = (ids.__file__, intervals.__file__, two_way.__file__, variance.__file__, coverage_grid.__file__, __file__)
    sources = [Path(file) for file in files]
    code = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    return json.dumps([asdict(cell), runs, seed, ROUNDS, code])


def read_cache(cache: Path) -> dict[str, Found]:
    if not cache.exists():
        return {}
    lines = [json.loads(line) for line in cache.read_text("utf-8").splitlines()]
    return {line["key"]: Found(**{**line["found"], "cell": Cell(**line["found"]["cell"])}) for line in lines}


def all_found(cells: Sequence[Cell], runs: int, seed: int, cache: Path, cores: int) -> list[Found]:
    """Every cell, from the cache or run now, the longest first; each is written down as soon as it is done."""
    known = read_cache(cache)
    keys = {cell: cache_key(cell, runs, seed) for cell in cells}
    missing = sorted((cell for cell in cells if keys[cell] not in known), key=lambda cell: -cell.prompts)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(cores) as pool, cache.open("a", encoding="utf-8") as written:
        jobs = [pool.submit(run, cell, runs, seed) for cell in missing]
        for job in progress(as_completed(jobs), len(jobs)):
            found = job.result()
            known[keys[found.cell]] = found
            print(json.dumps({"key": keys[found.cell], "found": asdict(found)}), file=written, flush=True)
    return [known[keys[cell]] for cell in cells]


def progress(steps: Iterable[Future[Found]], total: int) -> Iterator[Future[Found]]:
    """The steps as they come, with a bar on standard error."""
    start = monotonic()
    for done, step in enumerate(steps, start=1):
        yield step
        left = (monotonic() - start) / done * (total - done)
        bar = "█" * (20 * done // total)
        print(f"\r{bar:░<20} {done}/{total} cells, {left / 60:.1f} min left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def chosen(conditions: str | None) -> list[Cell]:
    """The cells that meet every condition, such as raters=5,load=skewed."""
    wanted = dict(one.split("=") for one in conditions.split(",")) if conditions else {}
    return [cell for cell in grid() if all(str(asdict(cell)[name]) == value for name, value in wanted.items())]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", help="conditions on load, raters, prompts, rater_icc and prompt_icc")
    parser.add_argument("--out", type=Path, help=f"the page to write; {PAGE} for the whole grid")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--cores", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    asked = options()
    found = all_found(chosen(asked.cells), asked.runs, asked.seed, asked.cache, asked.cores)
    text = coverage_report.section(found, seed=asked.seed, rounds=ROUNDS)
    out = asked.out or (None if asked.cells else PAGE)
    if out is None:
        print(text)
    else:
        coverage_report.write(text, out)


if __name__ == "__main__":
    main()
