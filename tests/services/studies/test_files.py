"""Files as people have them, and what each bad one is told."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.domain.records import Record, output_record
from backend.errors import Invalid
from backend.services.studies.files import BOM, Source, rows
from backend.services.studies.imports import records
from backend.services.studies.json_window import CHUNK, LONGEST_ROW

ROWS = [
    {"id": "1", "prompt": "Naïve, or “wise”?", "output": "Wise."},
    {"id": "2", "prompt": "Why?", "output": ""},
    {"id": "3", "prompt": "[Really]", "output": "{yes} 🙂"},
]
GOOD = b'{"id": 1, "prompt": "a", "output": "b"}\n'
HEADER = b"id,prompt,output\n"
OUTPUTS = "output, response, answer, completion, text, choices[0].turns"
IDS, PROMPTS = "id, question_id, task_id, key", "prompt, instruction, question, text, messages"
NO_FORMAT = (
    " is neither JSONL, nor a JSON array, nor CSV with a header line such as id,prompt,output "
    "(with commas, semicolons or tabs between the columns)."
)
QUOTES = 'Is a quote opened in this row and not closed? A quote within a quoted cell is written twice: "".'
CUT_OFF = "the file ends before the closing “]”; it seems to be cut off, copy it again."
NO_GZIP = " is a damaged or incomplete gzip file "


def source(folder: Path, name: str, content: bytes) -> Source:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content)
    return Source(path, None, name)


def found(folder: Path, name: str, content: bytes) -> list[tuple[int, dict[str, object]]]:
    """(line, fields) of every row of a file with this content."""
    return [(row.line, dict(row.fields)) for row in rows(source(folder, name, content))]


def as_jsonl() -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def as_array() -> str:
    return json.dumps(ROWS)


def as_pretty_array() -> str:
    return json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n"


def as_csv() -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "prompt", "output"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("mark", [b"", BOM], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("written", [as_jsonl, as_array, as_pretty_array, as_csv])
def test_the_same_rows_are_read_from_every_format(
    tmp_path: Path, written: Callable[[], str], line_end: str, mark: bytes, packed: bool
) -> None:
    content = mark + written().replace("\n", line_end).encode()
    read = found(tmp_path, "outputs", gzip.compress(content) if packed else content)
    assert [fields for _, fields in read] == ROWS


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_excel_writes_between_columns_is_read(tmp_path: Path, separator: str) -> None:
    header = f'"an id, or; one"{separator}prompt{separator}output\r\n'
    content = header + f'7{separator}"Why, then?"{separator}"So; and, so.\nTwice."\r\n'
    read = [(2, {"an id, or; one": "7", "prompt": "Why, then?", "output": "So; and, so.\nTwice."})]
    assert found(tmp_path, "a.csv", BOM + content.encode()) == read


def test_the_content_tells_the_format_and_not_the_name(tmp_path: Path) -> None:
    assert found(tmp_path, "really.csv.gz", GOOD) == [(1, json.loads(GOOD))]


def test_blank_lines_of_jsonl_are_passed_over_and_counted(tmp_path: Path) -> None:
    read = found(tmp_path, "outputs.jsonl", b"\n" + GOOD + b"  \r\n\n" + GOOD)
    assert [line for line, _ in read] == [2, 5]


def test_the_last_line_of_jsonl_needs_no_end(tmp_path: Path) -> None:
    assert len(found(tmp_path, "outputs.jsonl", GOOD + GOOD.strip())) == 2


def test_a_row_of_a_pretty_array_is_on_the_line_where_it_starts(tmp_path: Path) -> None:
    read = found(tmp_path, "outputs.json", as_pretty_array().encode())
    assert [line for line, _ in read] == [2, 7, 12]


def test_an_array_longer_than_what_is_read_at_once_keeps_rows_and_lines(tmp_path: Path) -> None:
    texts = ["x" * size for size in (10, 3 * CHUNK, 0, CHUNK, *range(2_000))]
    content = "[\n" + ",\n".join(json.dumps({"output": text}) for text in texts) + "\n]"
    read = found(tmp_path, "outputs.json", content.encode())
    assert [fields["output"] for _, fields in read] == texts
    assert [line for line, _ in read] == list(range(2, len(texts) + 2))


def test_a_quoted_cell_may_go_over_several_lines(tmp_path: Path) -> None:
    read = found(tmp_path, "outputs.csv", HEADER + b'1,a,"one\ntwo, ""three""\n"\n\n2,b,c\n')
    assert read == [
        (2, {"id": "1", "prompt": "a", "output": 'one\ntwo, "three"\n'}),
        (6, {"id": "2", "prompt": "b", "output": "c"}),
    ]


def test_a_csv_header_may_come_after_blank_lines_and_have_spaces(tmp_path: Path) -> None:
    assert found(tmp_path, "outputs.csv", b"\n\nid, output \n1,a\n") == [(4, {"id": "1", "output": "a"})]


def test_a_nul_in_an_output_is_read(tmp_path: Path) -> None:
    assert found(tmp_path, "outputs.jsonl", b'{"output": "a\\u0000b"}') == [(1, {"output": "a\0b"})]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_all_bytes_of_the_file_are_reported_as_read(tmp_path: Path, packed: bool) -> None:
    content = GOOD * 2_000
    file = source(tmp_path, "outputs.jsonl", gzip.compress(content) if packed else content)
    told: list[int] = []
    assert len(list(rows(file, on_bytes=told.append))) == 2_000
    assert sum(told) == file.path.stat().st_size
    assert min(told) >= 0


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("tiny-7b.jsonl", "tiny-7b"), ("tiny-7b.jsonl.gz", "tiny-7b"), ("tiny.v1.5.json", "tiny.v1.5"),
        ("tiny.csv.gz", "tiny"), ("tiny.ndjson", "tiny"), ("tiny", "tiny"), (".jsonl", ".jsonl"),
    ],
)  # fmt: skip
def test_a_systems_name_is_the_files_without_its_endings(label: str, stem: str) -> None:
    assert Source(Path(label), None, label).stem == stem


def utf16(text: str, encoding: str = "utf-16") -> bytes:
    return text.encode(encoding)


# What is wrong: (file, its content, what is said after the file's name).
BAD_FILES = {
    # Not what it should be at all.
    "empty": ("a.jsonl", b"", " is empty."),
    "only a BOM": ("a.jsonl", BOM, " is empty."),
    "only blank lines": ("a.jsonl", b"\n \r\n\n", " is empty."),
    "empty gzip": ("a.jsonl.gz", gzip.compress(b""), " is empty."),
    "an array of nothing": ("a.json", b"[ ]", " holds no rows."),
    "only a header": ("a.csv", HEADER, " holds no rows."),
    "a comma behind a row": ("a.jsonl", GOOD + b'{"id": 2},\n',
                             ", line 2: not valid JSON (Extra data at column 10). The comma behind it is too many: "
                             "JSONL has none between rows. Or put all rows in one [array]."),
    "UTF-16": ("a.csv", utf16("id,output\n"), " is UTF-16; save it as UTF-8."),
    "UTF-16, other order": ("a.csv", b"\xfe\xff" + utf16("id", "utf-16-be"), " is UTF-16; save it as UTF-8."),
    "UTF-16 in gzip": ("a.csv.gz", gzip.compress(utf16("id")), " is UTF-16; save it as UTF-8."),
    "UTF-16, no BOM": ("a.csv", utf16("id,output\n", "utf-16-le"),
                       " is not a text file (it holds NUL bytes); give JSONL, JSON or CSV in UTF-8."),
    "NUL byte": ("a.jsonl", b'{"id": 1, "output": "\0"}',
                 " is not a text file (it holds NUL bytes); give JSONL, JSON or CSV in UTF-8."),
    "NUL byte far on": ("a.jsonl", GOOD * 40 + b'{"id": "\0"}',
                        ", line 41: not valid JSON (Invalid control character at column 9)."),
    "Excel": ("a.xlsx", b"PK\x03\x04", " looks like an Excel or zip file; export it as CSV or JSONL."),
    "Parquet": ("a.parquet", b"PAR1", " looks like a Parquet file; export it as JSONL."),
    "PDF": ("a.pdf", b"%PDF-1.7", " is a PDF; export the outputs as CSV or JSONL."),
    "zstd": ("a.jsonl.zst", b"\x28\xb5\x2f\xfd", " is compressed with zstd; decompress it, or use gzip."),
    "bzip2": ("a.jsonl.bz2", b"BZh9", " is compressed with bzip2; decompress it, or use gzip."),
    "prose": ("a.txt", b"hello\nworld\n", NO_FORMAT),
    "bars": ("a.csv", b"id|prompt|output\n1|a|b\n", NO_FORMAT),
    "a semicolon too many": ("a.csv", b"id;prompt;output\n1;a;b;c\n", ", line 2: 4 cells, but the header has 3."),
    "a name that promises gzip": ("a.gz", b"no gzip\n", NO_FORMAT),
    # gzip
    "gzip that is none": ("a.gz", b"\x1f\x8bno gzip at all", f"{NO_GZIP}(Unknown compression method); copy it again."),
    "truncated gzip": ("a.gz", gzip.compress(GOOD * 99)[:-20],
                       f"{NO_GZIP}(Compressed file ended before the end-of-stream marker was reached); copy it again."),
    "gzip cut in its head": ("a.gz", gzip.compress(GOOD)[:5],
                             f"{NO_GZIP}(Compressed file ended before the end-of-stream marker was reached); "
                             "copy it again."),
    "text after gzip": ("a.gz", gzip.compress(GOOD) + b"more",
                        f"{NO_GZIP}(Not a gzipped file (b'mo')); copy it again."),
    # Not UTF-8
    "Latin-1 JSONL": ("a.jsonl", GOOD + '{"id": "é"}'.encode("latin-1"),
                      ", line 2: not UTF-8; save the file as UTF-8."),
    "Latin-1 array": ("a.json", b"[\n" + GOOD + ',\n{"id": "é"}]'.encode("latin-1"),
                      ", line 4: not UTF-8; save the file as UTF-8."),
    "Latin-1 CSV": ("a.csv", HEADER + b"1,a,b\n" + "2,é,b\n".encode("latin-1"),
                    ", line 3: not UTF-8; save the file as UTF-8."),
    "Latin-1 in gzip": ("a.gz", gzip.compress(GOOD + '{"id": "é"}'.encode("latin-1")),
                        ", line 2: not UTF-8; save the file as UTF-8."),
    # JSONL
    "broken JSON on line 3": ("a.jsonl", GOOD * 2 + b'{"id": 3, output: "b"}\n' + GOOD,
                              ", line 3: not valid JSON (Expecting property name enclosed in double quotes "
                              "at column 11)."),
    "cut off": ("a.jsonl", GOOD * 2 + GOOD[:-4],
                ", line 3: not valid JSON (Unterminated string starting at column 36). The line seems to be cut off."),
    "words between the rows": ("a.jsonl", GOOD + b"not json at all\n" + GOOD,
                               ", line 2: not valid JSON (Expecting value at column 1)."),
    "an object over lines": ("a.json", b'{\n  "id": 1\n}\n',
                             ", line 1: not valid JSON (Expecting property name enclosed in double quotes "
                             "at column 2). A JSON object over several lines is not JSONL: put each row on one line, "
                             "or all in one [array]."),
    "rows within an object": ("a.json", b'{"data": [\n' + GOOD + b"]}",
                              ", line 1: not valid JSON (Expecting value at column 11). A JSON object over several "
                              "lines is not JSONL: put each row on one line, or all in one [array]."),
    "a list where an object belongs": ("a.jsonl", GOOD + b"[1, 2]",
                                       ', line 2: a row must be an object like {"id": 1, "output": "…"}.'),
    "a number with 5,000 digits": ("a.jsonl", b'{"id": ' + b"1" * 5_000 + b"}",
                                   ", line 1: not valid JSON (a number has too many digits)."),
    "deep nesting": ("a.jsonl", GOOD + b'{"id": ' + b"[" * 99_999 + b"]" * 99_999 + b"}",
                     ", line 2: not valid JSON (nested too deeply)."),
    "a row that is too long": ("a.jsonl", GOOD + b'{"output": "' + b"x" * LONGEST_ROW + b'"}',
                               ", line 2: longer than 16 MB."),
    # JSON array
    "a list in an array": ("a.json", b"[\n" + GOOD + b",\n[1]]",
                           ', line 4: a row must be an object like {"id": 1, "output": "…"}.'),
    "broken JSON in an array": ("a.json", b"[\n" + GOOD + b',{"id": 2,\n"output": b},\n' + GOOD + b"," + GOOD + b"]",
                                ", line 4: not valid JSON (Expecting value)."),
    "broken JSON far into an array": ("a.json", b"[\n" + (GOOD.strip() + b",\n") * 9_999 + b"{id: 2},\n{}]",
                                      ", line 10001: not valid JSON (Expecting property name enclosed in double "
                                      "quotes)."),
    "a comma before the end": ("a.json", b"[\n" + GOOD + b",\n]", ", line 4: not valid JSON (Expecting value)."),
    "no comma": ("a.json", b"[" + GOOD + GOOD + b"]", ", line 2: expected “,” or “]” after a row."),
    "text after an array": ("a.json", b"[" + GOOD + b"]\n[" + GOOD + b"]",
                            ", line 3: there is text after the closing “]”."),
    "an array cut off in a row": ("a.json", b"[\n" + GOOD + b',{"id": 2, "pro', f", line 3: {CUT_OFF}"),
    "an array cut off after a row": ("a.json", b"[\n" + GOOD, f", line 3: {CUT_OFF}"),
    "an array cut off after a comma": ("a.json", b"[" + GOOD + b",", f", line 2: {CUT_OFF}"),
    "digits in an array": ("a.json", b'[\n{"id": ' + b"1" * 5_000 + b"}]",
                           ", line 2: not valid JSON (a number has too many digits)."),
    "deep nesting in an array": ("a.json", b'[\n{"id": ' + b"[" * 99_999 + b"]" * 99_999 + b"}]",
                                 ", line 2: not valid JSON (nested too deeply)."),
    "a long row in an array": ("a.json", b'[\n{"output": "' + b"x" * LONGEST_ROW + b'"}]',
                               ", line 2: longer than 16 MB."),
    "a string without an end": ("a.json", b'[\n{"output": "' + b"x" * 3 * LONGEST_ROW,
                                ", line 2: longer than 16 MB."),
    # CSV
    "too many cells": ("a.csv", HEADER + b'1,a,"b\nb"\n2,a,b,c\n', ", line 4: 4 cells, but the header has 3."),
    "too few cells": ("a.csv", HEADER + b"1,a,b\n2,a\n", ", line 3: 2 cells, but the header has 3."),
    "a column twice": ("a.csv", b"id,output,output\n1,a,b\n",
                       ", line 1: the column 'output' stands twice in the header."),
    "an open quote": ("a.csv", HEADER + b'1,a,b\n2,a,"b\n3,a,b\n',
                      f", line 3: not valid CSV (unexpected end of data). {QUOTES}"),
    "a quote too many": ("a.csv", HEADER + b'1,"a"b",c\n',
                         f""", line 2: not valid CSV (',' expected after '"'). {QUOTES}"""),
    "a cell that is too long": ("a.csv", HEADER + b"1,a,b\n2,a," + b"x" * (LONGEST_ROW + 1),
                                f", line 3: not valid CSV (a cell is longer than 16 MB). {QUOTES}"),
    # Rows that can be read and not be used
    "no output": ("a.jsonl", GOOD + b'{"id": 2, "prompt": "a"}',
                  f", line 2: this row has no output; looked for {OUTPUTS}; its fields are id, prompt."),
    "no output in CSV": ("a.csv", b"id,reply\n1,a\n",
                         f", line 2: this row has no output; looked for {OUTPUTS}; its fields are id, reply."),
    "no prompt and no id": ("a.jsonl", GOOD + b'{"output": "a"}',
                            f", line 2: this row has neither an id ({IDS}) nor a prompt ({PROMPTS}); "
                            "its fields are output."),
    "an empty object": ("a.jsonl", GOOD + b"{}",
                        f", line 2: this row has no output; looked for {OUTPUTS}; its fields are none."),
    "an output that is a list": ("a.json", b'[{"id": 1, "output": ["a"]}]',
                                 ", line 1: this row has an output that is not text (output)."),
    "an id that is not whole": ("a.jsonl", b'{"id": 1.5, "output": "a"}',
                                ", line 1: this row has an id that is neither text nor a whole number (id)."),
    "an id with NUL": ("a.jsonl", b'{"id": "\\u0000", "output": "a"}',
                       ", line 1: this row has a character that can't be stored, NUL or half a surrogate pair (id)."),
}  # fmt: skip


def read(file: Source) -> list[Record]:
    """Every row of an output file, read and understood."""
    return list(records(file, output_record))


@pytest.mark.parametrize(("name", "content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_told_where_and_what(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as problem:
        read(source(tmp_path, name, content))
    assert str(problem.value) == name + said


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as problem:
        read(Source(tmp_path / "a.jsonl", None, "a.jsonl"))
    assert str(problem.value) == "a.jsonl can't be opened: No such file or directory."


def test_a_folder_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as problem:
        read(Source(tmp_path, None, "outputs"))
    assert str(problem.value) == "outputs can't be opened: Is a directory."


def test_the_rows_before_a_bad_one_are_read(tmp_path: Path) -> None:
    reading = rows(source(tmp_path, "a.jsonl", GOOD + b"{"))
    assert next(reading).line == 1
    with pytest.raises(Invalid, match=r"a\.jsonl, line 2"):
        next(reading)
