"""From files to a stored study: what is stored, and that it is all or nothing."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import column, func, select, table
from sqlalchemy import inspect as inspector

from backend.db.outputs import Output, System
from backend.db.session import Database
from backend.db.studies import Prompt, Study
from backend.domain.records import Json
from backend.errors import Invalid
from backend.services.studies.files import Source
from backend.services.studies.imports import ROWS_AT_ONCE, Inspected, inspect, name_of, store
from tests.factories import NOW, settings

Fields = dict[str, Json]


def file(folder: Path, name: str, rows: Sequence[Fields], *, system: str | None = None) -> Source:
    """A JSONL file with these rows."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return Source(path, system, name)


def answers(name: str, count: int = 2, **further: Json) -> list[Fields]:
    """Rows with id, prompt and output."""
    return [
        {"id": number, "prompt": f"Prompt {number}?", "output": f"{name} on {number}.", **further}
        for number in range(1, count + 1)
    ]


def joined(*sources: Source, prompts: Source | None = None, baseline: str | None = None) -> Inspected:
    return inspect(sources, prompts=prompts, baseline=baseline)


def stored(database: Database, inspected: Inspected) -> int:
    """Store a study; its id."""
    with database.transaction() as session:
        return store(session, inspected, name="A study", settings=settings(), now=NOW).id


def texts(database: Database) -> dict[tuple[str, str], str]:
    """(system, prompt's key) -> the output's text, of everything stored."""
    wanted = (
        select(System.name, Prompt.key, Output.text)
        .join(System, System.id == Output.system_id)
        .join(Prompt, Prompt.id == Output.prompt_id)
    )
    with database.reading() as session:
        return {(name, key): text for name, key, text in session.execute(wanted)}


def counts(database: Database) -> dict[str, int]:
    """How many rows each table holds."""
    with database.reading() as session:
        names = inspector(session.connection()).get_table_names()
        return {
            name: session.scalar(select(func.count()).select_from(table(name, column("id")))) or 0 for name in names
        }


def test_systems_prompts_and_outputs_are_stored(database: Database, tmp_path: Path) -> None:
    new = file(tmp_path, "new.jsonl", answers("new", category="writing"))
    study_id = stored(database, joined(new, file(tmp_path, "old.jsonl", answers("old"))))
    with database.reading() as session:
        study = session.get_one(Study, study_id)
        assert (study.name, study.created_at) == ("A study", NOW)
        assert study.settings == settings().to_json()
        assert study.import_report["comparisons"] == {"new": 2}
        assert session.scalars(select(System.name).order_by(System.id)).all() == ["new", "old"]
        prompts = session.scalars(select(Prompt).order_by(Prompt.id)).all()
        assert [(prompt.key, prompt.dialogue, prompt.category) for prompt in prompts] == [
            (key, [{"role": "user", "text": f"Prompt {key}?"}], "writing") for key in ("1", "2")
        ]
        assert set(session.scalars(select(Output.shown))) == {None}
    assert texts(database) == {
        ("new", "1"): "new on 1.",
        ("new", "2"): "new on 2.",
        ("old", "1"): "old on 1.",
        ("old", "2"): "old on 2.",
    }


def test_a_dialogue_is_stored_turn_by_turn(database: Database, tmp_path: Path) -> None:
    messages: Json = [
        {"role": "system", "content": "Be brief."},
        {"role": "human", "content": "Hello."},
        {"role": "gpt", "content": "Hi."},
        {"role": "human", "content": "Why?"},
    ]
    row: Fields = {"messages": messages, "output": "Because."}
    stored(database, joined(file(tmp_path, "new.jsonl", [row]), file(tmp_path, "old.jsonl", [row])))
    with database.reading() as session:
        assert session.scalars(select(Prompt.dialogue)).one() == [
            {"role": "system", "text": "Be brief."},
            {"role": "user", "text": "Hello."},
            {"role": "assistant", "text": "Hi."},
            {"role": "user", "text": "Why?"},
        ]


def test_texts_that_no_database_holds_are_mended(database: Database, tmp_path: Path) -> None:
    row: Fields = {"id": 1, "prompt": "a\0b", "output": "c\ud800d\0", "category": "x"}
    sources = [file(tmp_path, f"{name}.jsonl", [row, row]) for name in ("new", "old")]
    stored(database, joined(*sources))
    assert set(texts(database).values()) == {"c?d\N{REPLACEMENT CHARACTER}"}
    with database.reading() as session:
        assert session.scalars(select(Prompt.dialogue)).one()[0]["text"] == "a\N{REPLACEMENT CHARACTER}b"


def test_more_rows_than_are_sent_at_once_are_all_stored_and_told(database: Database, tmp_path: Path) -> None:
    count = ROWS_AT_ONCE + 10
    inspected = joined(*(file(tmp_path, f"{name}.jsonl", answers(name, count)) for name in ("new", "old")))
    told: list[int] = []
    with database.transaction() as session:
        store(session, inspected, name="A study", settings=settings(), now=NOW, on_rows=told.append)
    assert told == [ROWS_AT_ONCE, 10, ROWS_AT_ONCE, 10]
    assert len(texts(database)) == 2 * count


def test_what_did_not_join_is_not_stored(database: Database, tmp_path: Path) -> None:
    new, old = answers("new", 3), answers("old", 2)
    stored(database, joined(file(tmp_path, "new.jsonl", new), file(tmp_path, "old.jsonl", old)))
    assert set(texts(database)) == {("new", "1"), ("old", "1"), ("new", "2"), ("old", "2")}
    with database.reading() as session:
        assert session.scalars(select(Prompt.key).order_by(Prompt.key)).all() == ["1", "2"]


def test_a_bad_row_in_the_second_file_stores_nothing(database: Database, tmp_path: Path) -> None:
    before = counts(database)
    new = file(tmp_path, "new.jsonl", answers("new"))
    old = file(tmp_path, "old.jsonl", [*answers("old"), {"id": 3}])
    with pytest.raises(Invalid, match=r"^old\.jsonl, line 3: this row has no output"):
        stored(database, joined(new, old))
    assert counts(database) == before


def test_a_second_file_that_goes_bad_before_it_is_stored_stores_nothing(database: Database, tmp_path: Path) -> None:
    before = counts(database)
    new, old = (file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old"))
    inspected = joined(new, old)
    file(tmp_path, "old.jsonl", [answers("old")[0], {"id": 2}])
    with pytest.raises(Invalid, match=r"^old\.jsonl, line 2: this row has no output"):
        stored(database, inspected)
    assert counts(database) == before


def test_a_failure_after_the_first_outputs_stores_nothing(database: Database, tmp_path: Path) -> None:
    def fail(_more: int) -> None:
        assert session.scalar(select(func.count()).select_from(Output)) == 2
        raise KeyboardInterrupt

    before = counts(database)
    inspected = joined(*(file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old")))
    with pytest.raises(KeyboardInterrupt), database.transaction() as session:
        store(session, inspected, name="A study", settings=settings(), now=NOW, on_rows=fail)
    assert counts(database) == before
    assert sum(count for name, count in before.items() if name != "alembic_version") == 0


def test_looking_into_files_stores_nothing(database: Database, tmp_path: Path) -> None:
    before = counts(database)
    joined(*(file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old")))
    assert counts(database) == before


def test_of_duplicates_the_first_is_stored(database: Database, tmp_path: Path) -> None:
    again: Fields = {"id": 1, "prompt": "Prompt 1?", "output": "A second thought."}
    new = file(tmp_path, "new.jsonl", [*answers("new"), again])
    inspected = joined(new, file(tmp_path, "old.jsonl", answers("old")))
    stored(database, inspected)
    assert texts(database)["new", "1"] == "new on 1."
    assert inspected.alignment.problems["duplicate"].total == 1


def test_the_prompts_may_be_in_a_file_of_their_own(database: Database, tmp_path: Path) -> None:
    bare: list[Fields] = [{"id": 2, "output": "B."}, {"id": 1, "output": "A."}]
    asked = file(
        tmp_path, "prompts.jsonl", [{"id": key, "text": f"Prompt {key}?", "category": "x"} for key in (1, 2, 3)]
    )
    new, old = (file(tmp_path, f"{name}.jsonl", bare) for name in ("new", "old"))
    inspected = joined(new, old, prompts=asked)
    stored(database, inspected)
    with database.reading() as session:
        prompts = session.scalars(select(Prompt).order_by(Prompt.id)).all()
        assert [(prompt.key, prompt.dialogue[0]["text"], prompt.category) for prompt in prompts] == [
            ("1", "Prompt 1?", "x"),
            ("2", "Prompt 2?", "x"),
        ]
    assert texts(database)["old", "2"] == "B."
    assert [problem.note for problem in inspected.alignment.problems["missing"].rows] == [
        "no output by new",
        "no output by old",
    ]


def test_a_prompts_file_wins_over_the_outputs_own_prompts(database: Database, tmp_path: Path) -> None:
    asked = file(tmp_path, "prompts.jsonl", [{"id": 1, "prompt": "The real one?"}])
    new, old = (file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old"))
    stored(database, joined(new, old, prompts=asked))
    with database.reading() as session:
        assert session.scalars(select(Prompt.dialogue)).one()[0]["text"] == "The real one?"


def test_prompts_may_come_from_different_output_files(database: Database, tmp_path: Path) -> None:
    new = file(tmp_path, "new.jsonl", [{"id": 1, "prompt": "First?", "output": "a"}, {"id": 2, "output": "b"}])
    old = file(tmp_path, "old.jsonl", [{"id": 1, "output": "c"}, {"id": 2, "prompt": "Second?", "output": "d"}])
    stored(database, joined(new, old))
    with database.reading() as session:
        stored_prompts = session.scalars(select(Prompt)).all()
        assert {prompt.key: prompt.dialogue[0]["text"] for prompt in stored_prompts} == {"1": "First?", "2": "Second?"}


def test_three_systems_keep_the_order_of_their_files(database: Database, tmp_path: Path) -> None:
    names = ["zebra", "ant", "mole"]
    inspected = joined(*(file(tmp_path, f"{name}.jsonl", answers(name)) for name in names))
    assert (inspected.systems, inspected.baseline) == (names, "mole")
    assert inspected.alignment.comparisons == {"zebra": 2, "ant": 2}
    stored(database, inspected)
    with database.reading() as session:
        assert session.scalars(select(System.name).order_by(System.id)).all() == names
    assert len(texts(database)) == 6


def test_the_given_name_wins_over_the_rows_own_and_that_over_the_files(tmp_path: Path) -> None:
    rows = answers("x", model="said-in-the-row")
    inspected = joined(
        file(tmp_path, "a.jsonl", rows, system="given"),
        file(tmp_path, "b.jsonl", rows),
        file(tmp_path, "c.jsonl", answers("x")),
    )
    assert inspected.systems == ["given", "said-in-the-row", "c"]


def test_one_file_may_hold_several_systems(database: Database, tmp_path: Path) -> None:
    both = [row for pair in zip(answers("new", model="new"), answers("old", model="old"), strict=True) for row in pair]
    inspected = joined(file(tmp_path, "both.jsonl", both))
    assert inspected.systems == ["new", "old"]
    stored(database, inspected)
    assert texts(database)["old", "2"] == "old on 2."
    assert len(texts(database)) == 4


def test_two_files_of_the_same_system_are_refused_with_a_hint(tmp_path: Path) -> None:
    rows = answers("x", model="tiny-7b")
    with pytest.raises(Invalid) as problem:
        joined(file(tmp_path, "a.jsonl", rows), file(tmp_path, "b.jsonl", rows))
    assert str(problem.value) == (
        "Both a.jsonl and b.jsonl are of a system called 'tiny-7b'. "
        "Rename one of the files, or give them names, as in first=FILE second=FILE."
    )


def test_two_files_of_the_same_system_join_once_they_have_names(tmp_path: Path) -> None:
    rows = answers("x", model="tiny-7b")
    names = {"first": "a.jsonl", "second": "b.jsonl"}
    inspected = joined(*(file(tmp_path, label, rows, system=name) for name, label in names.items()))
    assert inspected.systems == ["first", "second"]


def test_files_that_do_not_join_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"^There is nothing to import"):
        joined()
    with pytest.raises(Invalid, match=r"^There is no system called 'gold'; the systems are a, b\.$"):
        joined(file(tmp_path, "a.jsonl", answers("a")), file(tmp_path, "b.jsonl", answers("b")), baseline="gold")


def test_prompts_alone_are_stored_for_systems_to_answer(tmp_path: Path, database: Database) -> None:
    rows = [{"id": key, "prompt": f"Prompt {key}?", "category": "short"} for key in ("x", "y")]
    inspected = joined(prompts=file(tmp_path, "questions.jsonl", rows))
    assert name_of(inspected) == "questions"
    stored(database, inspected)
    held = counts(database)
    assert (held["prompts"], held["systems"], held["outputs"]) == (2, 0, 0)


def test_one_system_is_stored_with_every_prompt_of_the_file(tmp_path: Path, database: Database) -> None:
    rows = [{"id": key, "prompt": f"Prompt {key}?"} for key in ("x", "unanswered")]
    inspected = joined(
        file(tmp_path, "new.jsonl", [{"id": "x", "output": "Yes."}]), prompts=file(tmp_path, "p.jsonl", rows)
    )
    stored(database, inspected)
    held = counts(database)
    assert (held["prompts"], held["systems"], held["outputs"]) == (2, 1, 1)


def test_a_bad_prompts_file_is_named(tmp_path: Path) -> None:
    new, old = (file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old"))
    with pytest.raises(Invalid, match=r"^prompts\.jsonl, line 1: this row has no prompt"):
        joined(new, old, prompts=file(tmp_path, "prompts.jsonl", [{"id": 1}]))


def test_the_bytes_of_every_file_are_told(tmp_path: Path) -> None:
    sources = [file(tmp_path, f"{name}.jsonl", answers(name)) for name in ("new", "old", "prompts")]
    told: list[int] = []
    inspect(sources[:2], prompts=sources[2], baseline=None, on_bytes=told.append)
    assert sum(told) == sum(source.path.stat().st_size for source in sources)


def test_the_252_prompts_of_self_instruct_are_joined_and_stored(database: Database, shared_data: Path) -> None:
    folder = shared_data / "main-selfinstruct252"
    names = ["text-davinci-003", "davinci-self-instruct", "text-davinci-001"]
    sources = [Source(folder / "outputs" / f"{name}.jsonl", None, f"{name}.jsonl") for name in names]
    inspected = joined(*sources, prompts=Source(folder / "prompts.jsonl", None, "prompts.jsonl"))
    assert (inspected.systems, inspected.baseline) == (names, "text-davinci-001")
    assert inspected.alignment.comparisons == {"text-davinci-003": 252, "davinci-self-instruct": 252}
    assert [inspected.alignment.problems[kind].total for kind in ("missing", "duplicate", "empty", "mismatch")] == [
        0
    ] * 4
    stored(database, inspected)
    held = counts(database)
    assert (held["prompts"], held["systems"], held["outputs"]) == (252, 3, 756)


def test_the_80_vicuna_questions_are_joined_and_stored(database: Database, shared_data: Path) -> None:
    folder = shared_data / "vicuna80"
    labels = [f"answer_{name}.jsonl" for name in ("gpt35", "alpaca-13b", "llama-13b", "vicuna-13b")]
    sources = [Source(folder / "answer" / label, None, label) for label in labels]
    inspected = joined(*sources, prompts=Source(folder / "question.jsonl", None, "question.jsonl"))
    assert inspected.baseline == "vicuna-13b:20230322-clean-lang"
    assert inspected.alignment.comparisons == {"gpt-3.5-turbo:20230327": 80, "alpaca-13b:v1": 80, "llama-13b:v1": 80}
    empty = inspected.alignment.problems["empty"].rows
    assert [(problem.file, problem.line) for problem in empty] == [("answer_llama-13b.jsonl", 74)]
    stored(database, inspected)
    held = counts(database)
    assert (held["prompts"], held["systems"], held["outputs"]) == (80, 4, 320)
    with database.reading() as session:
        first = session.scalars(select(Prompt).where(Prompt.key == "1")).one()
        assert first.dialogue == [{"role": "user", "text": "How can I improve my time management skills?"}]
        assert first.category == "generic"
