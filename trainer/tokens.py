"""A text as tokens, and which of them a model is taught to say. Knows no tokenizer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tokens:
    """ids: (n,) int32. supervised: (n,) bool, whether a token is one that the loss counts when it is predicted.

    turns: (k,) int32, ascending, where a question begins after the first; a text that is too long is parted there.
    """

    ids: Ids
    supervised: Flags
    turns: Ids


@dataclass(frozen=True, slots=True)
class Block:
    """A row as the model sees it. ids, targets: (T,) int32, the token at a place and the one after it.

    supervised: (T,) bool, whether the target counts. lengths: (k,) int32, of its pieces: each sees itself alone and has
    positions from 0; they add up to at most T, and what is left is padding. A row of the concat packing is one piece.
    """

    ids: Ids
    targets: Ids
    supervised: Flags
    lengths: Ids
