"""A tokenizer for texts that people wrote: what looks like a special token in them is text. Knows no dialogue."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from trainer.errors import BadRun
from trainer.tokens import Flags, Ids, Tokens


class Words:
    """A tokenizer's own copy of the fast one inside, which adds no token that it is not told to.

    end: the id of EOS. begin: of BOS, or None where the tokenizer has none. BadRun where there is no fast tokenizer or
    no EOS.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise BadRun(f"{named(tokenizer)} has no fast version (a tokenizer.json), which the trainer needs.")
        if tokenizer.eos_token_id is None:
            raise BadRun(f"{named(tokenizer)} has no EOS token, so a model could not learn where an answer ends.")
        self.fast = copy_of(backend)
        self.fast.encode_special_tokens = True
        self.end: int = tokenizer.eos_token_id
        self.begin: int | None = tokenizer.bos_token_id
        self.padding: int = self.end if tokenizer.pad_token_id is None else tokenizer.pad_token_id

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that say what the tokenizer does."""
        said = json.dumps([self.fast.to_str(), self.begin, self.end])
        return hashlib.sha256(said.encode()).hexdigest()

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text's tokens, with nothing added, on all cores."""
        return [written.ids for written in self.fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def texts(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts as a base model reads them, all of it taught. BOS is EOS in GPT-2: there it stands before each text."""
        before = [] if self.begin is None else [self.begin]
        after = [] if self.begin == self.end else [self.end]
        return [taught([*before, *ids, *after]) for ids in self.ids(texts)]


def copy_of(backend: Tokenizer) -> Tokenizer:
    """A copy without truncation and padding, which a tokenizer.json may ask for."""
    made = Tokenizer.from_str(backend.to_str())
    made.no_truncation()
    made.no_padding()
    return made


def taught(ids: Sequence[int]) -> Tokens:
    return Tokens(int32(ids), np.ones(len(ids), np.bool_), int32([]))


def int32(numbers: Sequence[int]) -> Ids:
    return np.array(numbers, np.int32)


def flags(claims: Sequence[bool]) -> Flags:
    return np.array(claims, np.bool_)


def named(tokenizer: PreTrainedTokenizerBase) -> str:
    """How a person knows a tokenizer."""
    return f"The tokenizer {getattr(tokenizer, 'name_or_path', '') or type(tokenizer).__name__}"
