"""How the code stands: files, functions, imports inside functions, commits, annotations; writes docs/architecture.md.

    python -m benchmarks.house                      counts, and writes the table
    python -m benchmarks.house --junit FILE         and where the tests' time goes: pytest --junitxml=FILE

Reads source text and runs none of it. A function's lines are those from `def` to its end, with its docstring.
Annotations are counted of arguments and returns; docstrings of modules, public classes, and public functions in neither
another function nor a private class.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

HOUSE = Path(__file__).parents[1]
PAGE = HOUSE / "docs" / "architecture.md"
BEGIN, END = "<!-- begin: figures -->", "<!-- end: figures -->"
BEGIN_TIMES, END_TIMES = "<!-- begin: test times -->", "<!-- end: test times -->"
PARTS = {
    "backend/domain": "backend/domain/**/*.py",
    "backend/db": "backend/db/**/*.py",
    "backend/services": "backend/services/**/*.py",
    "backend/crowd": "backend/crowd/**/*.py",
    "backend/simulator": "backend/simulator/**/*.py",
    "backend/web": "backend/web/**/*.py",
    "backend/cli": "backend/cli/**/*.py",
    "backend, the rest": "backend/*.py",
    "worker": "worker/**/*.py",
    "trainer": "trainer/**/*.py",
    "migrations": "migrations/**/*.py",
    "benchmarks": "benchmarks/**/*.py",
    "tests": "tests/**/*.py",
}
PAGES = {"templates": "frontend/templates/**/*.html", "styles and scripts": "frontend/static/*.[cj]s*"}
PRODUCT = frozenset(PARTS) - {"tests", "benchmarks", "migrations"}
OTHERS = """| *starlette* | | | 142 | 876 | | 5 | | 0 | – | 98 % | |
| *warehouse* | | | 82 | 1,586 | | 8 | | 34 | 5 | 23 % | |
| *nanochat* | | | 262 | 555 | | 12 | | – | – | 9 % | |
"""
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of Python, read."""

    path: Path
    lines: int
    tree: ast.Module

    @property
    def functions(self) -> list[Function]:
        """Every function, also those in classes and in other functions."""
        return [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a part comes to. hidden_imports: inside functions. Shares are of 1."""

    files: int
    lines: int
    median_file: float
    longest_file: tuple[int, str]
    functions: int
    median_function: float
    longest_function: tuple[int, str]
    hidden_imports: int
    commits: int
    annotated: float
    documented: float


def sources(pattern: str) -> list[Source]:
    """The files of a part that hold anything, in order."""
    found = ((path, path.read_text("utf-8")) for path in sorted(HOUSE.glob(pattern)))
    return [Source(path, text.count("\n"), ast.parse(text)) for path, text in found if text.strip()]


def figures(files: Sequence[Source]) -> Figures:
    """The figures of these files, at least one."""
    spans = [(node.end_lineno - node.lineno + 1, node.name) for node in functions_of(files) if node.end_lineno]
    notes = [note for file in files for node in file.functions for note in annotations(node)]
    documented = [ast.get_docstring(node) is not None for file in files for node in public(file.tree)]
    sizes = [(file.lines, file.path.name) for file in files]
    return Figures(
        files=len(files),
        lines=sum(file.lines for file in files),
        median_file=median(size for size, _ in sizes),
        longest_file=max(sizes),
        functions=len(spans),
        median_function=median([size for size, _ in spans] or [0]),
        longest_function=max(spans, default=(0, "–")),
        hidden_imports=sum(hidden_imports(node) for node in functions_of(files)),
        commits=len(commits(files)),
        annotated=share(notes),
        documented=share(documented),
    )


def functions_of(files: Sequence[Source]) -> Iterator[Function]:
    return chain.from_iterable(file.functions for file in files)


def share(claims: Sequence[bool]) -> float:
    """How many of the claims hold; all of none."""
    return sum(claims) / len(claims) if claims else 1.0


def annotations(function: Function) -> list[bool]:
    """Whether each argument, but for self and cls, and the return say their type."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *(one for one in (given.vararg, given.kwarg) if one)]
    arguments = [one.annotation is not None for one in named if one.arg not in ("self", "cls")]
    return [*arguments, function.returns is not None]


def public(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """The module, its public classes and functions, and those classes' public methods."""
    yield tree
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (one for one in node.body if isinstance(one, FUNCTIONS) and not one.name.startswith("_"))


def hidden_imports(function: Function) -> int:
    """Imports that stand in this function itself."""
    return sum(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))


def commits(files: Sequence[Source]) -> list[str]:
    """Where `.commit()` is called, by file."""
    return [
        str(file.path.relative_to(HOUSE))
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def product() -> list[Source]:
    """What runs at a user's: everything but tests, benchmarks and migrations."""
    return [file for part, pattern in PARTS.items() if part in PRODUCT for file in sources(pattern)]


def table() -> str:
    """The figures of every part, and beside them the figures of code that is admired."""
    parts = {part: sources(pattern) for part, pattern in PARTS.items()}
    rows = [row(part, figures(files)) for part, files in parts.items() if files]
    whole = [row("**what runs**", figures(product())), row("**all Python**", figures([*chain(*parts.values())]))]
    return HEAD + "".join([*rows, *whole]) + OTHERS + "".join(row_of_pages(name) for name in PAGES)


TITLES = ["part", "files", "lines", "median file", "longest", "functions", "median", "longest", "imports inside"]
TITLES += ["`commit()`", "annotated", "docstrings"]
HEAD = f"| {' | '.join(TITLES)} |\n|---|--:|--:|--:|---|--:|--:|---|--:|--:|--:|--:|\n"


def row(part: str, found: Figures) -> str:
    cells = [
        part,
        f"{found.files:,}",
        f"{found.lines:,}",
        f"{found.median_file:.0f}",
        f"{found.longest_file[0]} `{found.longest_file[1]}`",
        f"{found.functions:,}",
        f"{found.median_function:.0f}",
        f"{found.longest_function[0]} `{found.longest_function[1]}`",
        str(found.hidden_imports),
        str(found.commits),
        percent(found.annotated),
        percent(found.documented),
    ]
    return f"| {' | '.join(cells)} |\n"


def row_of_pages(name: str) -> str:
    """Files that are not Python: only how many and how long."""
    sizes = [(path.read_text("utf-8").count("\n"), path.name) for path in HOUSE.glob(PAGES[name])]
    longest, of = max(sizes)
    middle = median(size for size, _ in sizes)
    total = sum(size for size, _ in sizes)
    return f"| {name} | {len(sizes):,} | {total:,} | {middle:.0f} | {longest} `{of}` | | | | | | | |\n"


def percent(part: float) -> str:
    """Rounded down, so that 100 % are all."""
    return f"{int(100 * part)} %"


def times(junit: Path) -> str:
    """Where the tests' time goes: by folder of tests, and the files that take longest."""
    spent: dict[str, float] = defaultdict(float)
    cases: dict[str, int] = defaultdict(int)
    for case in ElementTree.parse(junit).iter("testcase"):
        file = case.get("classname", "").removeprefix("tests.")
        spent[file] += float(case.get("time", 0))
        cases[file] += 1
    folders: dict[str, list[str]] = defaultdict(list)
    for file in sorted(spent):
        folders["/".join(["tests", *file.split(".")[:-1]][:2])].append(file)
    rows = [times_row(folder, files, spent, cases) for folder, files in sorted(folders.items())]
    return TIMES_HEAD + "".join([*rows, times_row("**all**", list(spent), spent, cases)])


TIMES_HEAD = "| tests | tests | seconds | longest file |\n|---|--:|--:|---|\n"


def times_row(name: str, files: Sequence[str], spent: dict[str, float], cases: dict[str, int]) -> str:
    longest = max(files, key=spent.__getitem__)
    total, most = sum(spent[file] for file in files), spent[longest]
    return f"| {name} | {sum(cases[file] for file in files):,} | {total:,.0f} | `{longest}` {most:,.0f} s |\n"


def write(text: str, begin: str, end: str) -> None:
    """Put a table between its marks."""
    page = PAGE.read_text("utf-8")
    assert begin in page
    PAGE.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{text}{end}", page, flags=re.S), "utf-8")


def main() -> None:
    write(table(), BEGIN, END)
    if "--junit" in sys.argv:
        write(times(Path(sys.argv[sys.argv.index("--junit") + 1])), BEGIN_TIMES, END_TIMES)
    print(PAGE.read_text("utf-8").partition(BEGIN)[2])


if __name__ == "__main__":
    main()
