"""Keeps a template's special tokens apart from texts that only look like them. Knows no template and no dialogue.

In what people said, </s> is hidden as U+FDD1 2 U+FDD1 before a template sees it. What then is </s> comes from the
template and is marked as U+FDD0 2 U+FDD0, and what was hidden is shown again. Both characters are for inner use in
Unicode; text that has one gets a replacement character for it.
"""

import re
from collections.abc import Sequence

import numpy as np
from tokenizers import AddedToken, Tokenizer

from trainer.text.words import Words
from trainer.tokens import Ids

MARK, HIDDEN = "\ufdd0", "\ufdd1"
HIDDEN_TOKEN = re.compile(f"{HIDDEN}([0-9]+){HIDDEN}")
NOTHING = "(?!)"
INNER = re.compile(f"[{MARK}{HIDDEN}]")
GOES_ON = f"{MARK}{MARK}"  # a token before a text that is no text's beginning, so that no space is set before it


class Marked:
    """A tokenizer in which marks, and not their texts, are the special tokens of another."""

    def __init__(self, words: Words) -> None:
        self.texts = {id: token.content for id, token in words.special.items()}
        self.special = {content: id for id, content in self.texts.items()}
        longest_first = sorted(self.special, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, longest_first)) or NOTHING)
        self.fast = Tokenizer.from_str(words.fast.to_str())
        self.fast.encode_special_tokens = True
        self.fast.add_tokens([marking(token, f"{MARK}{id}{MARK}") for id, token in words.special.items()])
        self.fast.add_tokens([AddedToken(GOES_ON, normalized=False)])
        self.real = np.arange(max(self.fast.get_vocab().values()) + 1, dtype=np.int32)  # the special token of a mark
        for id in self.texts:
            self.real[self.fast.token_to_id(f"{MARK}{id}{MARK}")] = id

    def hidden(self, text: str) -> str:
        """What someone said, with nothing in it that looks like a special token."""
        clean = INNER.sub("\N{REPLACEMENT CHARACTER}", text)
        return self.pattern.sub(lambda match: f"{HIDDEN}{self.special[match[0]]}{HIDDEN}", clean)

    def shown(self, text: str) -> str:
        """A rendering with its special tokens marked, and with what was hidden."""
        marked = self.pattern.sub(lambda match: f"{MARK}{self.special[match[0]]}{MARK}", text)
        return HIDDEN_TOKEN.sub(lambda match: self.texts[int(match[1])], marked)

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """The tokens of texts with marks."""
        return [ids for ids, _ in self.placed(texts)]

    def placed(self, texts: Sequence[str]) -> list[tuple[Ids, Ids]]:
        """(n,) tokens, and (n, 2) from and to which character each goes, of texts with marks, on all cores."""
        written = self.fast.encode_batch(list(texts), add_special_tokens=False)
        return [
            (self.real[np.array(text.ids, np.int32)], np.array(text.offsets, np.int32).reshape(-1, 2))
            for text in written
        ]

    def going_on(self, texts: Sequence[str]) -> list[Ids]:
        """The tokens of texts that go on another."""
        return [ids[1:] for ids in self.ids([GOES_ON + text for text in texts])]


def marking(token: AddedToken, mark: str) -> AddedToken:
    return AddedToken(mark, single_word=token.single_word, lstrip=token.lstrip, rstrip=token.rstrip, normalized=False)
