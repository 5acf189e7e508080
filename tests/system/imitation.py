"""What a tiny model is to imitate, declared as a person would: dialogues, mixture, base, run; and what it is taught.

The real dialogues are public ones that lie beside the project on some machines. Elsewhere others are made up, of the
same kind and shape: many short answers of one speaker, and some longer talks.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cli.conftest import Assay
from tests.conftest import SHARED
from tests.trainer import small, tiny_tokenizers
from trainer import dialogues, reading
from trainer.dialogues import ASSISTANT, Dialogue, Turn
from trainer.model import tokenizer_of
from trainer.text import serialiser_of
from trainer.text.fit import answers_at, messages
from trainer.tokens import Tokens

REAL = SHARED / "dialogues"
IDENTITY, TALKS = "fastchat_dummy_conversation.json", "oasst_sharegpt_shape.jsonl"
VOCABULARY, POSITIONS = 900, 2048
SHORT = 160  # characters of an answer that a model of 0.1 million parameters can learn by heart
STEPS, SAVED_EVERY = 300, 50
MIXTURE = """name = "mix"
measure = "whitespace"
[[sources]]
name = "identity"
file = "identity.jsonl"
licence = "Apache-2.0"
origin = "FastChat"
weight = 0.6
[[sources]]
name = "talks"
file = "talks.jsonl"
licence = "Apache-2.0"
origin = "OpenAssistant"
weight = 0.4
"""
RUN = """name = "{name}"
out = "runs/{name}"
[data]
train = "mix/mix.jsonl"
[model]
base = "base"
precision = "fp32"
[text]
format = "{format}"
block = 512
[optimization]
{optimizer}
warmup = {{ steps = 20 }}
decay = "cosine"
batch = 4
micro_batch = 2
[course]
epochs = 1000
steps = {steps}
save_every = {saved_every}
[sharding]
stage = 2
"""
# The paper's way for the one, today's usual way for the other.
WAYS = {
    "llama": ("koala", 'optimizer = "param_scale"\nlearning_rate = 3e-2\nloss = "row_mean"'),
    "gpt2": ("chat", 'optimizer = "adamw"\nlearning_rate = 5e-3\nloss = "token_mean"'),
}
THINGS = ("heron", "otter", "magpie", "badger", "newt", "lynx", "stoat", "curlew")
ASKED = {
    "Where does a {} live?": "A {} lives by the old mill, a mile from the town.",
    "What does a {} eat?": "It eats what it finds; a {} is not picky at all.",
    "When does a {} sleep?": "At noon, when everybody else is busy.",
    "Have you seen a {}?": "Yes, I have seen a {} in the garden this morning.",
    "Can a {} sing?": "No, a {} can't sing, and nobody minds.",
    "Who likes the {}?": "I like the {} best of all.",
}


@dataclass(frozen=True, slots=True)
class Taught:
    """A prompt that a mixture teaches an answer to. ids: the tokens before the answer, as they were trained on."""

    id: str
    prompt: Sequence[Turn]
    answer: str
    ids: tuple[int, ...]

    @property
    def is_short(self) -> bool:
        return len(self.answer) <= SHORT


def sources() -> tuple[Path, ...]:
    """The two files of real dialogues; none where they are not beside the project."""
    return (REAL / IDENTITY, REAL / TALKS) if REAL.is_dir() else ()


def made_up(folder: Path) -> tuple[Path, ...]:
    """Two files of dialogues in ShareGPT's shape, as the real ones are."""
    short = [
        [question.format(thing), answer.format(thing), "Thank you!", f"Any time. Come back for more on the {thing}."]
        for thing in THINGS
        for question, answer in ASKED.items()
    ]
    long = [
        [f"Tell me all of the {thing}.", " ".join(answer.format(thing) for answer in ASKED.values()) * 2]
        for thing in THINGS
    ]
    for name, talks in ((IDENTITY, short), (TALKS, long)):
        rows = [
            {
                "id": f"{name.split('_')[0]}-{number}",
                "conversations": [turn(place, text) for place, text in enumerate(texts)],
            }
            for number, texts in enumerate(talks)
        ]
        (folder / name).write_text(json.dumps(rows) if name == IDENTITY else lines(rows), "utf-8")
    return folder / IDENTITY, folder / TALKS


def turn(place: int, text: str) -> dict[str, str]:
    return {"from": ("human", "gpt")[place % 2], "value": text}


def lines(rows: Sequence[object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def mixed(run: Assay, folder: Path, files: Sequence[Path]) -> Path:
    """The mixture, by the commands of the manual: import, clean, mix."""
    for file, name in zip(files, ("identity", "talks"), strict=True):
        done(run, "data", "import", file, "--out", f"{name}-all.jsonl")
        done(run, "data", "clean", f"{name}-all.jsonl", "--preset", "paper", "--out", f"{name}.jsonl")
    (folder / "mix.toml").write_text(MIXTURE, "utf-8")
    done(run, "data", "mix", "mix.toml", "--out", "mix")
    return folder / "mix" / "mix.jsonl"


def base(folder: Path, kind: str, mixture: Path) -> Path:
    """A model with random weights, two heads of 32 dimensions, and a tokenizer that has read the mixture."""
    read = tuple(turn.text for dialogue in dialogues.read(mixture) for turn in dialogue.turns)
    made = tiny_tokenizers.llama if kind == "llama" else tiny_tokenizers.gpt2
    tokenizer = made(read, VOCABULARY)
    if WAYS[kind][0] == "chat":
        tokenizer = tiny_tokenizers.with_chatml(tokenizer)
    tokenizer.save_pretrained(folder / "base")
    small.model(kind, vocabulary=len(tokenizer), positions=POSITIONS).save_pretrained(folder / "base")
    return folder / "base"


def declared(folder: Path, kind: str, name: str) -> Path:
    """A RUN.toml, with an `out` of its own."""
    said, optimizer = WAYS[kind]
    path = folder / f"{name}.toml"
    text = RUN.format(name=name, format=said, optimizer=optimizer, steps=STEPS, saved_every=SAVED_EVERY)
    path.write_text(text, "utf-8")
    return path


def lessons(declaration: Path) -> list[Taught]:
    """Everything that a run teaches an answer to, with the tokens that the trainer's serialiser writes before it."""
    run = reading.read(declaration)
    serialiser = serialiser_of(run.text, tokenizer_of(run.model))
    found = list(dialogues.read(run.data.train[0]))
    return [
        lesson
        for dialogue, written in zip(found, serialiser.many(found), strict=True)
        for lesson in lessons_of(dialogue, written)
    ]


def lessons_of(dialogue: Dialogue, written: Tokens) -> Iterator[Taught]:
    """One for each answer of a dialogue."""
    answers = [place for place, turn in enumerate(dialogue.turns) if turn.role == ASSISTANT]
    for place, at in zip(answers, answers_at(written), strict=True):
        ids = tuple(written.ids[:at].tolist())
        yield Taught(f"{dialogue.id}-{place}", dialogue.turns[:place], dialogue.turns[place].text, ids)


def asked(folder: Path, taught: Sequence[Taught]) -> Path:
    """A file of prompts for a study."""
    path = folder / "prompts.jsonl"
    path.write_text(lines([{"id": one.id, "messages": messages(one.prompt)} for one in taught]), "utf-8")
    return path


def done(run: Assay, *words: str | Path) -> str:
    """What a command says that has to go well."""
    ended = run(*words)
    assert ended.exit_code == 0, (words, ended.output, ended.exception)
    return ended.output
