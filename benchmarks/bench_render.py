"""Rendering outputs: two texts of 2 KB, new and seen before, and 20 KB of what makes parsers slow.

    python -m benchmarks.bench_render

The limit is the bare parser and sanitiser on the same texts in the same run; ours adds maths, hidden raw HTML, headings
in order and no invisible controls.
"""

from collections.abc import Callable
from statistics import median
from time import process_time

import nh3
from cmarkgfm import github_flavored_markdown_to_html

from backend.web import markdown

ROUNDS = 300
SENTENCE = "An **answer** with `code`, a [link](https://example.org) and words that make it long enough to read. "
AWKWARD = {
    "brackets": "[" * 20_000,
    "emphasis": "*a_" * 7_000,
    "quotes": "> " * 10_000,
    "dollars": "$a" * 10_000,
    "tags": "<div " * 4_000,
}


def text(number: int) -> str:
    """About 2 KB that were never seen before."""
    return f"# Answer {number}\n\n{SENTENCE * 17}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n"


def bare(text: str) -> str:
    """What it costs to parse and sanitise at all."""
    return nh3.clean(github_flavored_markdown_to_html(text))


def milliseconds(render: Callable[[str], str], texts: list[str]) -> float:
    """CPU for a pair of outputs, in the median."""
    times = []
    for first, second in zip(texts[::2], texts[1::2], strict=True):
        start = process_time()
        render(first)
        render(second)
        times.append(1000 * (process_time() - start))
    return median(times)


def main() -> None:
    texts = [text(number) for number in range(2 * ROUNDS)]
    limit, cold = milliseconds(bare, texts), milliseconds(markdown.made, texts)
    markdown.rendered(texts[0]), markdown.rendered(texts[1])
    warm = milliseconds(markdown.rendered, texts[:2] * ROUNDS)
    print(f"a pair of 2 KB outputs: {cold:.3f} ms new, {cold / limit:.1f} times the bare parser and sanitiser")
    print(f"a pair seen before:     {warm:.4f} ms, {warm / limit:.3f} times")
    for name, awkward in AWKWARD.items():
        ours, theirs = (milliseconds(render, [awkward] * 6) / 2 for render in (markdown.made, bare))
        print(f"20 KB of {name:10} {ours:8.2f} ms, {ours / theirs:.1f} times")


if __name__ == "__main__":
    main()
