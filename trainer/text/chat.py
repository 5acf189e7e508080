"""Dialogues as a chat template writes them: the tokenizer's own, or one from a file. Knows no file.

A dialogue is rendered to each of its answers, once with what asks for an answer (add_generation_prompt) and once with
the answer, which cuts it into fields: what is before an answer, and the answer with what ends it. Where one rendering
is not how the next begins, no field can be cut and the template is refused. An answer is taught to the first special
token after it (ChatML's <|im_end|>); what follows that, a line break say, belongs to the next field.

A dialogue is tokenised in one piece, as a server will do it. Only where a token would reach across a field's edge are
fields tokenised apart, as a model that answers begins with a token of its own. The template's special tokens are
tokens; what looks like one in what people said is text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from trainer.dialogues import ASSISTANT, Dialogue, Turn
from trainer.errors import BadRun
from trainer.text.fit import ODD, PLAIN, differences, messages
from trainer.text.marked import Marked
from trainer.text.words import Words, named
from trainer.tokens import Ids, Tokens

ENDS_WITH_SPACE = (
    "Often that is because what asks for an answer ends with a space, which belongs to the answer's token."
)


class Field(NamedTuple):
    """A text of marks and words (see marked.py), and whether it is taught."""

    text: str
    taught: bool


class Chat:
    """A chat template's serialisation. template: Jinja; the tokenizer's own if empty. origin: the file it is from.

    BadRun where there is none, where it can't be cut into fields, or where an answer has no end.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: str = "", origin: str = "") -> None:
        self.tokenizer = tokenizer
        self.name = f"The chat template {origin}" if origin else f"The chat template of {lowered(named(tokenizer))}"
        own = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
        self.chat_template = template or own
        if not self.chat_template:
            raise BadRun(
                f"{named(tokenizer)} has no chat template. Name a file as chat_template, or use format = koala."
            )
        self.words = Words(tokenizer)
        self.marked = Marked(self.words)
        self.padding = self.words.padding
        self.end = self.ending()
        self.warnings = self.fitting()

    @property
    def fingerprint(self) -> str:
        return f"chat {self.chat_template} {self.words.fingerprint}"

    def tokens(self, dialogue: Dialogue) -> Tokens:
        return self.many([dialogue])[0]

    def many(self, dialogues: Sequence[Dialogue]) -> list[Tokens]:
        written = [self.fields(dialogue) for dialogue in dialogues]
        wholes = self.marked.placed(["".join(field.text for field in fields) for fields in written])
        return [self.joined(fields, *whole) for fields, whole in zip(written, wholes, strict=True)]

    def texts(self, texts: Sequence[str]) -> list[Tokens]:
        return self.words.texts(texts)

    def fields(self, dialogue: Dialogue) -> list[Field]:
        """What stands before an answer, and the answer, by turns. BadRun where the one does not go on the other."""
        turns = [Turn(turn.role, self.marked.hidden(turn.text)) for turn in dialogue.taught]
        fields: list[Field] = []
        done = ""
        for place in (place for place, turn in enumerate(turns) if turn.role == ASSISTANT):
            asked = self.rendered(turns[:place], dialogue, asks=True)
            answered = self.rendered(turns[: place + 1], dialogue, asks=False)
            if not (asked.startswith(done) and answered.startswith(asked)):
                raise BadRun(
                    f"{self.name} can't be cut into fields: it writes what came before an answer "
                    f"in another way once there is one {of(dialogue)}. Name another as chat_template."
                )
            end = len(asked) + self.end_of(answered[len(asked) :], turns[place].text)
            fields += [Field(asked[len(done) :], False), Field(answered[len(asked) : end], True)]
            done = answered[:end]
        return [Field(self.marked.shown(field.text), field.taught) for field in fields]

    def rendered(self, turns: Sequence[Turn], dialogue: Dialogue, *, asks: bool) -> str:
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages(turns), chat_template=self.chat_template, add_generation_prompt=asks, tokenize=False
            )
        except TemplateError as error:
            raise BadRun(f"{self.name} refuses a dialogue {of(dialogue)}: {error}") from None
        return text

    def end_of(self, answer: str, text: str) -> int:
        """Where what is taught of a rendered answer ends: after the first special token that follows its text."""
        after = max(answer.find(text.strip()), 0) + len(text.strip())
        found = self.marked.pattern.search(answer, after)
        return found.end() if found else len(answer)

    def joined(self, fields: Sequence[Field], ids: Ids, places: Ids) -> Tokens:
        """One text of the fields. ids, places: (n,), (n, 2), of all of them in one piece."""
        edges = np.cumsum([len(field.text) for field in fields])
        starts, ends = places.T
        of_field = np.searchsorted(edges, starts, side="right")
        if np.any(ends > edges[of_field]):
            apart = [*self.marked.ids([fields[0].text]), *self.marked.going_on([field.text for field in fields[1:]])]
            ids, of_field = np.concatenate(apart), np.repeat(np.arange(len(fields)), [len(part) for part in apart])
        taught = np.array([field.taught for field in fields])[of_field]
        questions = np.arange(2, len(fields), 2)
        return Tokens(ids, taught, np.searchsorted(of_field, questions).astype(np.int32))

    def ending(self) -> int | None:
        """The token that ends an answer, where it is a special one. BadRun where nothing does."""
        answer = self.fields(PLAIN[0])[1].text
        said = PLAIN[0].turns[1].text
        after = answer[answer.find(said) + len(said) :]
        if not after:
            raise BadRun(
                f"{self.name} writes nothing after an answer, so a model could not learn where "
                "one ends. Name another as chat_template."
            )
        last = int(self.marked.ids([after])[0][-1])
        return last if last in self.marked.texts else None

    def fitting(self) -> tuple[str, ...]:
        """Warnings. BadRun where even plain prompts are not rendered as they are taught."""
        if plain := differences(self.tokenizer, self.chat_template, self.tokens, PLAIN):
            raise BadRun(f"{self.name} does not make a server's prompts what is taught: {plain[0]}. {ENDS_WITH_SPACE}")
        endless = "The chat template ends an answer without a special token: a server won't stop there on its own."
        odd = [f"Some prompts won't be served as they are taught: {reason}." for reason in self.odd()]
        return (*([endless] if self.end is None else []), *odd[:1])

    def odd(self) -> list[str]:
        return differences(self.tokenizer, self.chat_template, self.tokens, ODD)


def lowered(words: str) -> str:
    """As within a sentence."""
    return words[:1].lower() + words[1:]


def of(dialogue: Dialogue) -> str:
    return f"(dialogue {dialogue.id})" if dialogue.id else "(two plain turns)"
