"""The paper's serialisation, which is Koala's and EasyLM's. Knows no file.

    <s>BEGINNING OF CONVERSATION: USER: {query} GPT:{answer}</s>USER: {query} GPT:{answer}</s>

Fields (what is before an answer; the answer) are tokenised apart with nothing added, as EasyLM does, and joined.
Answers and the EOS after each are taught; BOS, if the tokenizer has one, and fields before answers are not. A
tokenizer of LLaMA's kind begins each field with a space of its own, so that an answer's first token is ▁Hi; for one
that does not, as GPT-2's, the answer's field is " Hi". A prompt ends with GPT: and nothing after it. What the system
says stands after BEGINNING OF CONVERSATION:, with a space on both sides. `extra_eos` is EasyLM's add_eos_token: one
more EOS, taught, at the end of a conversation.

With markers as tokens, the three of them are added to the tokenizer (the model has to grow with it) and what stands
between them is written as an answer is: <s>[BEGINNING OF CONVERSATION:] …[USER:]{query}[GPT:]{answer}</s>.
Source: young-geng/EasyLM docs/koala.md, data.py; young-geng/koala_data_pipeline process_chat_data.py.
"""

from collections.abc import Iterator, Sequence

from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase

from trainer.dialogues import ASSISTANT, SYSTEM, Dialogue, Turn
from trainer.errors import BadRun
from trainer.run import Markers
from trainer.text.fit import ODD, PLAIN, WITH_RULES, differences
from trainer.text.koala_templates import BEGINNING, GPT, MARKERS, USER_SAYS, templates
from trainer.text.words import Words, flags, int32, named
from trainer.tokens import Tokens

Part = tuple[str, bool]  # a text, and whether it is a marker
Field = tuple[list[str | int], bool]  # texts and tokens, and whether they are taught


class Koala:
    """Koala's serialisation for one tokenizer, which gets three more tokens where markers are to be tokens.

    BadRun where no template makes a server read prompts as they are taught.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, markers: Markers, *, extra_eos: bool = False) -> None:
        self.markers, self.extra_eos = markers, extra_eos
        if markers is Markers.TOKENS:
            tokenizer.add_tokens([AddedToken(marker, special=True, normalized=False) for marker in MARKERS])
        self.words = Words(tokenizer)
        self.padding, self.end = self.words.padding, self.words.end
        self.marker_ids: dict[str, int] = dict(zip(MARKERS, tokenizer.convert_tokens_to_ids(MARKERS), strict=True))
        self.space = "" if begins_with_space(self.words) else " "
        self.chat_template, self.warnings = self.fitting(tokenizer)

    @property
    def fingerprint(self) -> str:
        return f"koala {self.markers} {self.extra_eos} {self.words.fingerprint}"

    def tokens(self, dialogue: Dialogue) -> Tokens:
        return self.many([dialogue])[0]

    def many(self, dialogues: Sequence[Dialogue]) -> list[Tokens]:
        written = [list(self.fields(dialogue.taught)) for dialogue in dialogues]
        texts = [part for fields in written for parts, _ in fields for part in parts if isinstance(part, str)]
        ids = iter(self.words.ids(texts))
        return [self.joined(fields, ids) for fields in written]

    def texts(self, texts: Sequence[str]) -> list[Tokens]:
        return self.words.texts(texts)

    def fields(self, turns: Sequence[Turn]) -> Iterator[Field]:
        """What stands before an answer, and the answer, by turns."""
        before: list[Part] = [(BEGINNING, True)]
        for turn in turns:
            if turn.role == ASSISTANT:
                yield self.asked([*before, (GPT, True)]), False
                yield [self.said(turn.text), self.words.end], True
                before = []
            else:
                before += [(turn.text, False)] if turn.role == SYSTEM else [(USER_SAYS, True), (turn.text, False)]

    def asked(self, parts: Sequence[Part]) -> list[str | int]:
        if self.markers is Markers.TEXT:
            return [" ".join(text for text, _ in parts)]
        return [self.marker_ids[text] if is_marker else self.said(text) for text, is_marker in parts]

    def said(self, text: str) -> str:
        return self.space + text if text else ""

    def joined(self, fields: Sequence[Field], written: Iterator[list[int]]) -> Tokens:
        """One text of the fields; a question begins at each field that is not taught."""
        ids = [] if self.words.begin is None else [self.words.begin]
        supervised, turns = [False] * len(ids), []
        for parts, taught in fields:
            if not taught:
                turns.append(len(ids))
            for part in parts:
                ids += [part] if isinstance(part, int) else next(written)
            supervised += [taught] * (len(ids) - len(supervised))
        if self.extra_eos and fields:
            ids, supervised = [*ids, self.words.end], [*supervised, True]
        return Tokens(int32(ids), flags(supervised), int32(turns[1:]))

    def fitting(self, tokenizer: PreTrainedTokenizerBase) -> tuple[str, tuple[str, ...]]:
        """The first of the templates that renders all as it is taught; else the first that does all but odd texts."""
        reasons: list[str] = []
        second: tuple[str, tuple[str, ...]] | None = None
        for template in templates(self.markers, begin=self.words.begin is not None):
            if plain := differences(tokenizer, template, self.tokens, (*PLAIN, WITH_RULES)):
                reasons += plain
            elif odd := differences(tokenizer, template, self.tokens, ODD):
                second = second or (template, (f"Some prompts won't be served as they are taught: {odd[0]}.",))
            else:
                return template, ()
        if second:
            return second
        raise BadRun(f"{named(tokenizer)} can't be served as it is taught with format = koala: {reasons[0]}.")


def begins_with_space(words: Words) -> bool:
    """Whether a tokenizer sets a space before a text of its own accord, so that GPT: and Hi apart are "GPT: Hi"."""
    marker, answer, both = words.ids([GPT, "Hi", f"{GPT} Hi"])
    return marker + answer == both
