"""Exact BLEU neighbours of 50,000 real-length queries and leakage of 300 prompts, beside sacrebleu's brute force.

    python -m benchmarks.bench_bleu [queries]                  50,000 by default

Texts are made here, of a language of 20,000 words with common ones and habitual sequences: a diverse set, recombined
from clauses, and one of forty templates. Each core runs in a process of its own, so that its peak memory is its own.
Answers are held to looking at every pair of 200 queries without any bound, and those scores to sacrebleu.
"""

import json
import os
import random
import subprocess
import sys
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from time import monotonic, process_time

import numpy as np
from sacrebleu.metrics import BLEU

from backend.domain.bleu.grams import Numbers
from backend.domain.bleu.leakage import leakage
from backend.domain.bleu.scoring import DEFAULT, Counts, Smoothing, score
from backend.domain.bleu.search import neighbours
from backend.domain.bleu.texts import indexed
from backend.domain.queries import Query
from backend.fast.cores import CoreKind, core

QUERIES, PROMPTS, CHECKED, SAMPLED = 50_000, 300, 200, 2_000
SETS = ("diverse", "templates")
SECONDS = {("diverse", "scipy"): 60, ("diverse", "numba"): 20, ("templates", "scipy"): 150, ("templates", "numba"): 150}
LEAKAGE_SECONDS, MEMORY, TIMES_FASTER = 5, 1000, 2_000
CONSONANTS, VOWELS, WORDS = "bcdfghjklmnprstvwz", "aeiou", 20_000


class Language:
    """Words of which few are common (Zipf's law), and after each word some that follow it in half of all cases."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        words: set[str] = set()
        while len(words) < WORDS:
            syllables = range(self.random.randint(1, 4))
            words.add("".join(self.random.choice(CONSONANTS) + self.random.choice(VOWELS) for _ in syllables))
        self.words = sorted(words, key=lambda word: (len(word), word))
        self.shares = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
        self.followers: dict[int, list[int]] = {}

    def word(self) -> int:
        return min(bisect(self.shares, self.random.random() * self.shares[-1]), WORDS - 1)

    def clause(self, length: int) -> str:
        words = [self.word()]
        while len(words) < length:
            words.append(self.after(words[-1]) if self.random.random() < 0.5 else self.word())
        return " ".join(self.words[word] for word in words)

    def after(self, word: int) -> int:
        if word not in self.followers:
            self.followers[word] = [self.word() for _ in range(12)]
        return self.followers[word][min(int(self.random.expovariate(0.4)), 11)]


def diverse(queries: int) -> list[str]:
    """Queries of clauses, a fifth of which come again and again."""
    language = Language(1)
    known = [language.clause(language.random.randint(3, 9)) for _ in range(2_000)]
    shares = list(accumulate(1 / (rank + 5) for rank in range(len(known))))

    def clause() -> str:
        if language.random.random() < 0.2:
            return known[min(bisect(shares, language.random.random() * shares[-1]), len(known) - 1)]
        return language.clause(language.random.randint(4, 14))

    return [
        ", ".join(clause() for _ in range(max(1, int(language.random.lognormvariate(1.9, 0.6))))) + "?"
        for _ in range(queries)
    ]


def templates(queries: int) -> list[str]:
    """Queries of one of forty templates, five fixed clauses with something else after each."""
    language = Language(2)
    fixed = [[language.clause(language.random.randint(5, 14)) for _ in range(5)] for _ in range(40)]
    return [
        ": ".join(
            f"{clause}: {language.clause(language.random.randint(2, 9))}"
            for clause in fixed[min(int(language.random.expovariate(0.1)), 39)]
        )
        for _ in range(queries)
    ]


MAKE = {"diverse": diverse, "templates": templates}


@dataclass(frozen=True)
class Run:
    """What one process measured. nearest, scores: of the first CHECKED queries."""

    seconds: float
    cpu: float
    memory: float
    mean: float
    nearest: list[int]
    scores: list[float]


def search(name: str, kind: str, queries: int) -> Run:
    """All pairs with one core, in this process; compiling is done before, as it is once an installation."""
    texts = MAKE[name](queries)
    chosen = core(CoreKind(kind))
    neighbours(texts[:CHECKED], chosen)
    start, cpu = monotonic(), process_time()
    found = neighbours(texts, chosen)
    seconds, cpu = monotonic() - start, process_time() - cpu
    rows = slice(CHECKED)
    return Run(seconds, cpu, peak(), float(found.score.mean()), found.text[rows].tolist(), found.score[rows].tolist())


def leak(name: str, kind: str, queries: int) -> Run:
    """The first prompts against the rest."""
    texts = MAKE[name](queries + PROMPTS)
    prompts, train = texts[:PROMPTS], [Query(text, "train", line) for line, text in enumerate(texts[PROMPTS:])]
    chosen = core(CoreKind(kind))
    leakage(prompts[:20], [train[:20]], chosen)
    start, cpu = monotonic(), process_time()
    found = leakage(prompts, (train[at : at + 5_000] for at in range(0, queries, 5_000)), chosen)
    seconds, cpu = monotonic() - start, process_time() - cpu
    nearest = [one.nearest.line if one.nearest else -1 for one in found.found]
    scores = [one.bleu for one in found.found]
    return Run(seconds, cpu, peak(), float(np.mean(scores)), nearest, scores)


def peak() -> float:
    """Megabytes; what getrusage says would include the process that started this one."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def elsewhere(what: str, name: str, kind: str, queries: int) -> Run:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_bleu", what, name, kind, str(queries)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    return Run(**json.loads(done.stdout))


def every_pair(texts: Sequence[str]) -> list[list[float]]:
    """The scores of CHECKED queries with all texts, from the counts of every pair; no bound, no level, no core."""
    numbers = Numbers()
    made = indexed(numbers.words(texts), numbers, lonely=False)
    wide = [one.astype(np.int32) for one in made.orders]
    scores = []
    for row in range(CHECKED):
        counts = np.stack([(one @ one[[row]].T).toarray().ravel() for one in wide], axis=1).tolist()
        length = int(made.lengths[row])
        scores.append(
            [
                0.0 if other == row else score(Counts(length, size, tuple(found)), Smoothing.EXP)
                for other, (size, found) in enumerate(zip(made.lengths.tolist(), counts, strict=True))
            ]
        )
    return scores


def main() -> None:
    queries = int(sys.argv[1]) if len(sys.argv) > 1 else QUERIES
    bleu = BLEU(lowercase=True, effective_order=True)
    print(f"{DEFAULT.signature}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in SETS:
        one_set(name, queries, bleu)


def one_set(name: str, queries: int, bleu: BLEU) -> None:
    """Everything about one set of queries."""
    texts = MAKE[name](queries)
    words = float(np.mean(Numbers().words(texts).lengths))
    picks = random.Random(3)
    pairs = [(picks.randrange(CHECKED), picks.randrange(queries)) for _ in range(SAMPLED)]
    start = process_time()
    theirs = [bleu.sentence_score(texts[one], [texts[other]]).score for one, other in pairs]
    each = (process_time() - start) / SAMPLED
    hours = each * queries * (queries - 1) / 3600
    print(
        f"\n{name}: {queries:,} queries of {words:.0f} words; sacrebleu {1e6 * each:.0f} µs a pair: {hours:.0f} hours"
    )
    all_scores = every_pair(texts)
    off = max(abs(all_scores[one][two] - its) for (one, two), its in zip(pairs, theirs, strict=True) if one != two)
    print(f"  largest difference to sacrebleu on {SAMPLED:,} pairs: {off:.1e} {verdict(off < 1e-9)}")
    for kind in ("numba", "scipy"):
        run = elsewhere("search", name, kind, queries)
        wrong = sum(
            nearest != int(np.argmax(np.round(scores, 9))) or abs(found - max(scores)) > 1e-9
            for nearest, found, scores in zip(run.nearest, run.scores, all_scores, strict=True)
        )
        ratio = hours * 3600 / run.cpu
        goal = SECONDS[name, kind]
        print(
            f"  {kind}: {run.seconds:.1f} s (goal {goal}) {verdict(run.seconds <= goal)}, {run.cpu:.1f} s of CPU, "
            f"{run.memory:.0f} MB (goal {MEMORY}) {verdict(run.memory <= MEMORY)}, mean {run.mean:.2f}"
        )
        print(
            f"    {ratio:,.0f} times sacrebleu (goal {TIMES_FASTER:,}) {verdict(ratio >= TIMES_FASTER)}, "
            f"{wrong} of {CHECKED} differ from looking at every pair {verdict(not wrong)}"
        )
        run = elsewhere("leak", name, kind, queries)
        print(
            f"    leakage of {PROMPTS}: {run.seconds:.1f} s (goal {LEAKAGE_SECONDS}) "
            f"{verdict(run.seconds <= LEAKAGE_SECONDS)}, {run.cpu:.1f} s of CPU, {run.memory:.0f} MB"
        )


def verdict(is_met: bool) -> str:
    return "ok" if is_met else "MISSED"


if __name__ == "__main__":
    if len(sys.argv) > 3:
        measured = {"search": search, "leak": leak}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
        print(json.dumps(measured.__dict__))
    else:
        main()
