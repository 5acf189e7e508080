"""RUN.toml: what is read, what is refused with line and key, and that it can be written and read again."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.declarations import LEAST, declare
from trainer.errors import BadRun
from trainer.fitting import keys
from trainer.reading import lines_of_keys, read, to_toml
from trainer.rules import RANGES, Range, learning_rate
from trainer.run import Base, Data, Lora, Optimization, Optimizer, Packing, Pretraining, Run, Tracking, Warmup

WHOLE = """name = "everything"
out = "runs/everything"

[data]
train = ["train.jsonl", "more.jsonl"]
evaluation = "held_out.jsonl"
manifest = "train.jsonl"
[data.pretraining]
files = "text.jsonl"
weight = 0.1

[model]
base = "models/tiny"
precision = "fp32"
dropout = "none"
[model.lora]
rank = 4
targets = ["q_proj"]

[text]
format = "chat"
chat_template = "chat.jinja"
packing = "bfd_split"
block = 512

[optimization]
optimizer = "adamw"
warmup = { steps = 10 }
decay = "cosine"
betas = [0.9, 0.99]
batch = 8
micro_batch = 4

[course]
seed = 3
evaluate_every = 5

[sharding]
stage = 3
offload = "cpu"

[tracking]
wandb = "a \\"quoted\\" \\\\ name\\t"
"""


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(BadRun) as caught:
        read(declare(folder, text))
    return str(caught.value)


def test_a_declaration_of_four_keys_has_every_default(tmp_path: Path) -> None:
    run = read(declare(tmp_path))
    assert run == Run("r", tmp_path / "out", Data((tmp_path / "train.jsonl",)), Base("gpt2"))


def test_every_table_is_read_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    run = read(declare(tmp_path, WHOLE))
    assert run.data.train == (tmp_path / "train.jsonl", tmp_path / "more.jsonl")
    assert run.data.pretraining == Pretraining((tmp_path / "text.jsonl",), 0.1)
    assert run.model.base == str(tmp_path / "models" / "tiny")
    assert run.model.lora == Lora(rank=4, targets=("q_proj",))
    assert run.model.dropout is None
    assert run.text.packing is Packing.BFD_SPLIT
    assert run.optimization.warmup == Warmup(steps=10)
    assert run.optimization.betas == (0.9, 0.99)
    assert run.tracking.wandb == 'a "quoted" \\ name\t'


@pytest.mark.parametrize("text", [LEAST, WHOLE])
def test_what_is_written_is_read_as_the_same_run_from_anywhere(tmp_path: Path, text: str) -> None:
    run = read(declare(tmp_path, text))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "again.toml").write_text(to_toml(run), "utf-8")
    assert read(elsewhere / "again.toml") == run


@pytest.mark.parametrize(
    ("optimizer", "lora", "rate"),
    [
        ("param_scale", "", 2e-3),
        ("param_scale_classic", "", 2e-3),
        ("adamw", "", 2e-5),
        ("adamw", "[model.lora]\n", 2e-4),
        ("param_scale", "[model.lora]\n", 2e-3),
    ],
)
def test_the_learning_rate_follows_the_optimizer_where_none_is_named(
    tmp_path: Path, optimizer: str, lora: str, rate: float
) -> None:
    text = LEAST + lora + f'[optimization]\noptimizer = "{optimizer}"\n'
    assert read(declare(tmp_path, text)).optimization.learning_rate == rate
    assert learning_rate(Optimizer(optimizer), lora=bool(lora)) == rate


def test_a_learning_rate_that_is_named_stays(tmp_path: Path) -> None:
    text = LEAST + '[optimization]\noptimizer = "adamw"\nlearning_rate = 1\n'
    rate = read(declare(tmp_path, text)).optimization.learning_rate
    assert rate == 1.0
    assert isinstance(rate, float)


def test_all_problems_are_told_together_with_their_lines(tmp_path: Path) -> None:
    text = """name = "r"
[data]
train = "absent.jsonl"
lerning_rate = 1
[model]
base = "gpt2"
batch = 3
[optimization]
batch = 0
betas = [0.9]
warmup = { steps = "10" }
"""
    assert refusal(tmp_path, text).splitlines() == [
        f"{tmp_path}/run.toml can't be used:",
        "  line 1, out: is missing, and has no default",
        f"  line 3, data.train: {tmp_path}/absent.jsonl is not there",
        "  line 4, data.lerning_rate: there is no such key; [data] has train, evaluation, evaluation_share, manifest, "
        "pretraining",
        "  line 7, model.batch: there is no such key, but there is optimization.batch",
        "  line 9, optimization.batch: is 0; it has to be 1 or more",
        "  line 10, optimization.betas: has 1 values; it takes 2, in square brackets",
        '  line 11, optimization.warmup.steps: is "10"; write a whole number, without quotes',
    ]


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("[cuorse]\n", "line 7, cuorse: there is no such key; did you mean course?"),
        ("course = 3\n", "model.course: there is no such key, but there is course"),
        (
            "[optimization]\nlerning_rate = 1\n",
            "line 8, optimization.lerning_rate: there is no such key; did you mean learning_rate?",
        ),
        ("lora = 8\n", "line 7, model.lora: has to be a table"),
        ("random = 1\n", "model.random: is 1; write true or false, without quotes"),
        ('random = "true"\n', 'model.random: is "true"; write true or false'),
        ("revision = 3\n", "model.revision: is 3; write a text, in quotes"),
        ("revision = { a = 1 }\n", "model.revision: is a table; write a text"),
        ('precision = "bf61"\n', 'model.precision: is "bf61"; did you mean bf16? It is one of bf16, fp32'),
        ("precision = 3\n", "model.precision: is 3; it is one of bf16, fp32"),
        ('attention = "eager"\n', "model.attention: is none of auto, sdpa, flash_attention_2"),
        ('tokenizer = "./nowhere"\n', "model.tokenizer: "),
        ("[text]\nblock = 1\n", "text.block: is 1; it has to be 2 or more"),
        ("[text]\nblock = 2.5\n", "text.block: is 2.5; write a whole number"),
        ("[text]\nblock = true\n", "text.block: is true; write a whole number"),
        ('[text]\nchat_template = ""\n', 'text.chat_template: is ""; write a path, in quotes'),
        ('[text]\nchat_template = "."\n', "is a folder; name a file in it"),
        ("[optimization]\nlearning_rate = nan\n", "optimization.learning_rate: is nan; it has to be above 0"),
        ("[optimization]\nclip = inf\n", "optimization.clip: is inf; it has to be 0 or more"),
        ("[optimization]\nbetas = [0.9, 1.0]\n", "optimization.betas: is 1.0; it has to be 0 or more, and below 1"),
        ("[sharding]\nstage = 4\n", "sharding.stage: is 4; it has to be 0 or more, and at most 3"),
        ("[data.pretraining]\nweight = 1\n", "data.pretraining.files: is missing"),
        ("[data.pretraining]\nweight = 1\n", "data.pretraining.weight: is 1; it has to be above 0, and below 1"),
    ],
)
def test_what_is_no_value_of_a_key_is_refused_at_its_line(tmp_path: Path, added: str, words: str) -> None:
    assert words in refusal(tmp_path, LEAST + added)


STAGE_0 = "[sharding]\nstage = 0\n"


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("[optimization]\nwarmup = {}\n", "line 8, optimization.warmup: takes one of steps and fraction"),
        ("[optimization]\nwarmup = { steps = 1, fraction = 0.1 }\n", "takes one of steps and fraction"),
        (
            "[optimization]\nbatch = 9\nmicro_batch = 2\n",
            "line 8, optimization.batch: is 9, no multiple of micro_batch (2)",
        ),
        ('[optimization]\nfinal_learning_rate = 1\ndecay = "linear"\n', "is above learning_rate (0.002)"),
        ("[optimization]\ndecay_steps = 10\n", 'optimization.decay: is "constant", which ends nowhere'),
        (
            '[optimization]\ndecay = "linear"\nwarmup = { steps = 10 }\ndecay_steps = 10\n',
            "includes the warm-up's 10 steps",
        ),
        ('[optimization]\noptimizer = "adafactor"\n', "adafactor needs whole tensors, and ZeRO 2 cuts them"),
        (
            '[sharding]\noffload = "cpu"\n[optimization]\noptimizer = "adamw_8bit"\n',
            "line 10, optimization.optimizer: adamw_8bit works on a GPU alone",
        ),
        (STAGE_0, "line 8, sharding.stage: 0 keeps no fp32 masters beside bf16 weights"),
        (STAGE_0 + 'offload = "cpu"\n', "sharding.offload: needs ZeRO"),
        (
            "extend_positions = true\n[model.lora]\n",
            "model.extend_positions: draws new positions, which LoRA would not train",
        ),
        (
            '[model.lora]\nrank = 4\n[text]\nmarkers = "tokens"\n',
            'text.markers: is "tokens", whose new rows LoRA would not train',
        ),
        ('[text]\nchat_template = "chat.jinja"\n', 'text.chat_template: is used with format = "chat" alone'),
        ('[text]\nformat = "chat"\nmarkers = "tokens"\n', 'text.markers: belongs to format = "koala"'),
        ('[text]\nformat = "chat"\nextra_eos = true\n', 'text.extra_eos: belongs to format = "koala"'),
        ("[course]\nevaluate_every = 5\n", "course.evaluate_every: has nothing to evaluate on"),
        ("[data.pretraining]\nfiles = []\nweight = 0.5\n", "data.pretraining.files: names no file"),
        ('[data.pretraining]\nfiles = "train.jsonl"\nweight = 0.5\n', "train.jsonl more than once"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(tmp_path: Path, added: str, words: str) -> None:
    assert words in refusal(tmp_path, LEAST + added)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"train.jsonl"', "[]", "data.train: names no file"),
        ('"train.jsonl"', '["train.jsonl", "./train.jsonl"]', "names TRAIN more than once"),
        ('"train.jsonl"', '"train.jsonl"\nevaluation = "held_out.jsonl"\nevaluation_share = 0.1', "stands beside"),
        ('"r"', '" "', "line 1, name: is blank"),
        ('"gpt2"', '""', "line 6, model.base: is blank"),
        ('"out"', '"train.jsonl"', "out: TRAIN is a file; name a folder"),
    ],
)
def test_a_run_needs_a_name_a_model_and_files_of_its_own(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words.replace("TRAIN", str(tmp_path / "train.jsonl")) in refusal(tmp_path, LEAST.replace(old, new))


def test_the_base_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "base" / "model").mkdir(parents=True)

    for base in ("base", "base/model"):
        text = LEAST.replace('"gpt2"', f'"{base}"').replace('"out"', '"base"')
        assert "out: is the folder of model.base" in refusal(tmp_path, text)


def test_a_file_may_begin_with_a_mark_and_end_its_lines_as_windows_does(tmp_path: Path) -> None:
    path = declare(tmp_path)
    plain = read(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert read(path) == plain


def test_a_file_that_is_no_toml_or_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    assert "run.toml is no TOML: " in refusal(tmp_path, "name = \n")
    assert "line 1" in refusal(tmp_path, "name = \n")
    (tmp_path / "latin.toml").write_bytes('name = "é"'.encode("latin-1"))
    with pytest.raises(BadRun, match=r"latin.toml is no UTF-8 text \(at byte 8\)"):
        read(tmp_path / "latin.toml")
    with pytest.raises(BadRun, match=r"absent.toml can't be read: No such file"):
        read(tmp_path / "absent.toml")


def test_lines_are_found_under_dotted_and_quoted_keys() -> None:
    text = '# a\ntext.block = 3\n"name" = "x"\n[ data . pretraining ] # b\nweight = 1\n'
    lines = {"text.block": 2, "name": 3, "data.pretraining": 4, "data.pretraining.weight": 5}
    assert lines_of_keys(text) == lines


def test_control_characters_survive_writing(tmp_path: Path) -> None:
    run = dataclasses.replace(read(declare(tmp_path)), name="a\x7f\x01b")
    (tmp_path / "again.toml").write_text(to_toml(run), "utf-8")
    assert read(tmp_path / "again.toml").name == "a\x7f\x01b"


@given(text=st.text(st.characters(exclude_categories=["Cs"])), number=st.floats(0, 1e300, exclude_min=True))
def test_any_text_and_number_is_written_as_toml_reads_it(text: str, number: float) -> None:
    tracked = Tracking(wandb=text, peak_tflops=number)
    run = Run("r", Path("/out"), Data(()), Base("b"), tracking=tracked)
    assert tomllib.loads(to_toml(run))["tracking"] == {"tensorboard": False, "wandb": text, "peak_tflops": number}


def test_only_tables_are_written() -> None:
    with pytest.raises(TypeError, match="is no table"):
        to_toml("no run")  # type: ignore[arg-type]


def test_every_range_belongs_to_a_key_and_keys_go_into_tables_within() -> None:
    assert set(RANGES) <= set(keys())
    assert "optimization.warmup.steps" in set(keys())
    assert next(iter(keys(Optimization))) == "optimizer"


def test_a_range_says_itself() -> None:
    assert str(Range(0, 1, above=True, below=True)) == "above 0, and below 1"
