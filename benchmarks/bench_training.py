"""Assay's trainer and TRL's SFTTrainer side by side: the same model, rows, order, batch, optimizer and schedule.

python -m benchmarks.bench_training                          on a CPU: a small LLaMA and a small GPT-2, made on the spot
python -m benchmarks.bench_training --gpu gpt2-xl            GPT-2 XL with random weights, in bf16; or llama-7b

Prints for each model and packing the largest difference of the two loss curves, both sides' tokens a second (without
padding) and their ratio, the median over rounds in which the sides take turns. On a GPU also MFU, and beside TRL
itself TRL with Liger's kernels and TRL compiled, where these can be used. Needs `pip install trl`.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, LlamaConfig, PreTrainedTokenizerFast

from trainer import flops, metrics, model, reading, shapes
from trainer.data import prepared
from trainer.engine import World
from trainer.folder import METRICS
from trainer.run import Run
from trainer.text import serialiser_of
from trainer.tracking import peak_of

WARM = 3  # steps that are not counted
RATE = 1e-3
TOLERANCE = 0.01  # of a loss, in nats
GOALS = {"cpu": 1.0, "gpu": 1.10}
PACKINGS = ("none", "concat")
SUBJECTS = ("the tide", "a bicycle", "yeast", "the moon", "an engine", "a contract", "the liver", "a violin", "frost")
VERBS = ("turns", "carries", "holds", "slows", "follows", "feeds", "splits", "warms", "bends", "measures")
OBJECTS = ("water", "weight", "the air", "a signal", "its own wake", "two others", "the coast", "heat", "nothing")


@dataclass(frozen=True, slots=True)
class Case:
    """What is trained. rows: a step's; dialogues: how many are made; words: in an answer, at most."""

    name: str
    config: LlamaConfig | GPT2Config
    block: int
    batch: int
    micro_batch: int
    steps: int
    dialogues: int
    words: int
    bf16: bool = False
    checkpointing: bool = False


# A position more than a block has: the other side shifts labels itself, so its rows are a token longer.
def small(vocabulary: int) -> list[Case]:
    """Two models of a few million parameters."""
    llama = LlamaConfig(
        vocab_size=vocabulary, hidden_size=256, intermediate_size=688, num_hidden_layers=4, num_attention_heads=8,
        num_key_value_heads=8, max_position_embeddings=513,
    )  # fmt: skip
    gpt2 = GPT2Config(vocab_size=vocabulary, n_positions=513, n_embd=256, n_layer=4, n_head=8, bos_token_id=0,
                      eos_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)  # fmt: skip
    return [
        Case(name, config, block=512, batch=8, micro_batch=4, steps=23, dialogues=400, words=300)
        for name, config in (("llama, 4 layers of 256", llama), ("gpt2, 4 layers of 256", gpt2))
    ]


def large(name: str) -> list[Case]:
    """The shapes that the paper fine-tunes."""
    if name == "gpt2-xl":
        shape = GPT2Config(
            n_positions=1025, n_embd=1600, n_layer=48, n_head=25, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0
        )
        return [Case("GPT-2 XL", shape, 1024, 32, 16, 70, 6000, 400, bf16=True)]
    shape = LlamaConfig(max_position_embeddings=2049)
    return [Case("LLaMA 7B", shape, 2048, 16, 4, 70, 6000, 800, bf16=True, checkpointing=True)]


def dialogues(count: int, longest: int) -> Iterator[dict[str, object]]:
    """Made-up dialogues of one or two questions, with answers of very different lengths."""
    drawn = random.Random(5)

    def sentence() -> str:
        return f"{drawn.choice(SUBJECTS)} {drawn.choice(VERBS)} {drawn.choice(OBJECTS)}."

    def said(words: int) -> str:
        return " ".join(sentence() for _ in range(max(1, words // 5)))

    for number in range(count):
        turns = []
        for _ in range(drawn.choice((1, 1, 2))):
            turns += [("user", said(drawn.randint(5, 40))), ("assistant", said(int(longest * drawn.random() ** 2) + 5))]
        plain = [{"role": role, "text": text} for role, text in turns]
        yield {"id": str(number), "source": "made", "turns": plain, "meta": {}}


def tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, taught by these texts."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    teacher = trainers.BpeTrainer(
        vocab_size=2000, special_tokens=["<|end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator(texts, teacher)
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|end|>", eos_token="<|end|>", pad_token="<|end|>")


def declaration(case: Case, folder: Path, packing: str) -> Path:
    """The run's TOML: AdamW, a warm-up of 5 steps, then a constant rate; what the other side is given, too."""
    path = folder / f"{packing}.toml"
    precision = "bf16" if case.bf16 else "fp32"
    path.write_text(
        f"""name = "bench"
out = "{packing}"
[data]
train = "dialogues.jsonl"
[model]
base = "model"
random = true
precision = "{precision}"
gradient_checkpointing = {str(case.checkpointing).lower()}
[text]
block = {case.block}
packing = "{packing}"
[optimization]
optimizer = "adamw"
learning_rate = {RATE}
warmup = {{ steps = 5 }}
weight_decay = 0.0
batch = {case.batch}
micro_batch = {case.micro_batch}
loss = "token_mean"
[course]
steps = {case.steps}
shuffle = false
save_every = 0
[sharding]
stage = {1 if case.bf16 else 0}
""",
        "utf-8",
    )
    return path


def peer_rows(run: Run, file: Path) -> list[int]:
    """Write the rows as the other side reads them, one token longer, since it shifts labels itself.

    Returns the tokens, without padding, of each step.
    """
    tokenizer = model.tokenizer_of(run.model)
    world = World(0, 1, torch.device("cpu"))
    data = prepared(run, serialiser_of(run.text, tokenizer), world)
    rows, steps = data.training, [data.batch(step) for step in range(data.steps)]
    with file.open("w") as opened:
        for step in steps:
            for number in step:
                block = rows[int(number)]
                size = int(block.lengths.sum())
                labels = np.where(block.supervised[:size], block.targets[:size], -100)
                row = {"input_ids": [*block.ids[:size].tolist(), int(block.targets[size - 1])],
                       "labels": [-100, *labels.tolist()]}  # fmt: skip
                opened.write(json.dumps(row) + "\n")
    return [int(rows.tokens[step].sum()) for step in steps]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one side in one round: its losses, and the tokens a second of the steps that count."""

    loss: list[float]
    tokens_per_second: float


def ours(case: Case, toml: Path, tokens: list[int]) -> Measured:
    """A run of its own process, begun anew."""
    out = toml.with_suffix("")
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "trainer.train", str(toml)], check=True, stdout=subprocess.DEVNULL)
    lines = [line for line in metrics.read(out / METRICS) if "loss" in line]
    seconds = metrics.number(lines[-1], "seconds") - metrics.number(lines[WARM - 1], "seconds")
    return Measured([metrics.number(line, "loss") for line in lines], sum(tokens[WARM:]) / seconds)


def theirs(case: Case, folder: Path, rows: Path, tokens: list[int], *, liger: bool, compiled: bool) -> Measured:
    """The same of TRL's trainer, in a process of its own."""
    settings, out = folder / "peer.json", folder / "peer.out.json"
    settings.write_text(
        json.dumps(
            {
                "base": str(folder / "model"), "random": True, "rows": str(rows), "out": str(out), "block": case.block,
                "micro_batch": case.micro_batch, "accumulation": case.batch // case.micro_batch, "steps": case.steps,
                "learning_rate": RATE, "warmup_steps": 5, "bf16": case.bf16, "liger": liger, "compile": compiled,
                "gradient_checkpointing": case.checkpointing,
            }
        )
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", "benchmarks.peer_trl", str(settings)], check=True, stdout=subprocess.DEVNULL)
    found = json.loads(out.read_text("utf-8"))
    return Measured(found["loss"], sum(tokens[WARM:]) / sum(found["seconds"][WARM:]))


def peers(case: Case) -> dict[str, dict[str, bool]]:
    """The other sides that can be had here."""
    found = {"TRL": {"liger": False, "compiled": False}}
    if case.bf16:
        found["TRL, compiled"] = {"liger": False, "compiled": True}
        if find_spec("liger_kernel"):
            found["TRL with Liger"] = {"liger": True, "compiled": False}
    return found


def compare(case: Case, packing: str, folder: Path, rounds: int) -> None:
    """Print what one model and packing come to."""
    toml, rows = declaration(case, folder, packing), folder / f"{packing}.rows.jsonl"
    tokens = peer_rows(reading.read(toml), rows)
    own: list[Measured] = []
    others: dict[str, list[Measured]] = {name: [] for name in peers(case)}
    for _ in range(rounds):
        own.append(ours(case, toml, tokens))
        for name, how in peers(case).items():
            others[name].append(theirs(case, folder, rows, tokens, **how))
    mine = statistics.median(one.tokens_per_second for one in own)
    print(f"\n{case.name}, packing {packing}, {case.steps} steps of {case.batch} rows")
    print(f"  Assay: {mine:,.0f} tokens a second{share_of_peak(case, folder, mine)}")
    goal = GOALS["gpu" if case.bf16 else "cpu"]
    for name, measured in others.items():
        apart = max(abs(one - other) for one, other in zip(own[0].loss, measured[0].loss, strict=True))
        ratios = sorted(
            one.tokens_per_second / other.tokens_per_second for one, other in zip(own, measured, strict=True)
        )
        middle, theirs_here = statistics.median(ratios), statistics.median(one.tokens_per_second for one in measured)
        print(
            f"  {name}: {theirs_here:,.0f}; ratio {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; goal {goal}) "
            f"{'ok' if middle >= goal else 'MISSED'}; losses differ by at most {apart:.4f} (limit {TOLERANCE}) "
            f"{'ok' if apart < TOLERANCE else 'MISSED'}"
        )


def share_of_peak(case: Case, folder: Path, tokens_per_second: float) -> str:
    """The MFU, on a device whose peak is known."""
    run = reading.read(folder / f"{PACKINGS[0]}.toml") if (folder / f"{PACKINGS[0]}.toml").exists() else None
    peak = peak_of(run) if run else None
    if run is None or peak is None:
        return ""
    used = flops.mfu(tokens_per_second, flops.per_token(shapes.sizes(run), case.block), peak)
    return f", {used:.1%} of the device's peak"


def main() -> None:
    """Every model in every packing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpu", choices=("gpt2-xl", "llama-7b"), help="needs a GPU")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if find_spec("trl") is None:
        print("Skipped: TRL is not installed (pip install trl).")
        return
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        words = tokenizer([json.dumps(one) for one in dialogues(300, 300)])
        for number, case in enumerate(large(given.gpu) if given.gpu else small(len(words))):
            folder = root / str(number)
            words.save_pretrained(folder / "model")
            case.config.save_pretrained(folder / "model")
            lines = (json.dumps(one) + "\n" for one in dialogues(case.dialogues, case.words))
            (folder / "dialogues.jsonl").write_text("".join(lines), "utf-8")
            for packing in PACKINGS[-1:] if given.gpu else PACKINGS:
                compare(case, packing, folder, given.rounds)


if __name__ == "__main__":
    main()
