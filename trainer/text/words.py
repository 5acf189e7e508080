"""A tokenizer for texts that people wrote: what looks like a special token in them is text. Knows no dialogue."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from trainer.errors import BadRun
from trainer.tokens import Flags, Ids, Tokens

NO_TEXT = "\ufdd2"  # for inner use in Unicode


class Words:
    """A tokenizer's own copy of the fast one inside, which adds no token that it is not told to.

    end: the id of EOS. begin: of BOS, or None where the tokenizer has none. special: its special tokens, by their ids.
    BadRun where there is no fast tokenizer or no EOS.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise BadRun(f"{named(tokenizer)} has no fast version (a tokenizer.json), which the trainer needs.")
        if tokenizer.eos_token_id is None:
            raise BadRun(f"{named(tokenizer)} has no EOS token, so a model could not learn where an answer ends.")
        self.special = {id: token for id, token in backend.get_added_tokens_decoder().items() if token.special}
        self.fast = for_texts(backend, [token.content for token in self.special.values()])
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


def for_texts(backend: Tokenizer, special: Sequence[str]) -> Tokenizer:
    """A copy that finds no special token in a text, and cuts and fills none, as a tokenizer.json may ask for."""
    plain = json.loads(backend.to_str())
    if plain["model"]["type"] == "Unigram":  # it finds them among its pieces, too, so they need names that no text has
        plain["model"]["vocab"] = [
            [f"{NO_TEXT}{piece}" if piece in special else piece, score] for piece, score in plain["model"]["vocab"]
        ]
    made = Tokenizer.from_str(json.dumps(plain))
    made.encode_special_tokens = True
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
