"""Which of many texts means most nearly what another one does, by their embeddings. Knows no model and no file.

Unlike words that two texts share, this also sees a paraphrase; but what cosine is near depends on the model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.domain.queries import Query

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Likest:
    """The text whose embedding is nearest, and the cosine of the angle between the two, from -1 to 1."""

    cosine: float
    text: Query


def likest(prompts: Floats, parts: Iterable[tuple[Sequence[Query], Floats]]) -> list[Likest | None]:
    """For each prompt its likest text, of equal ones the first; None where there is no text.

    prompts: (prompts, dimensions); each part has its texts and their embeddings (texts, dimensions). A zero vector is
    at a right angle to all. Raises ValueError where dimensions differ or a number is not finite.
    """
    ours = directions(prompts)
    found: list[Likest | None] = [None] * len(ours)
    for texts, vectors in parts:
        theirs = directions(vectors)
        if theirs.shape[1:] != ours.shape[1:]:
            raise ValueError(f"embeddings have {ours.shape[1]} and {theirs.shape[1]} dimensions")
        cosines = np.clip(ours @ theirs.T, -1, 1)  # rounding goes beyond
        for place, text in enumerate(cosines.argmax(axis=1)):
            cosine, known = float(cosines[place, text]), found[place]
            if known is None or cosine > known.cosine:
                found[place] = Likest(cosine, texts[text])
    return found


def directions(vectors: Floats) -> Floats:
    """The vectors at length 1; a zero vector stays zero."""
    if not np.isfinite(vectors).all():
        raise ValueError("an embedding has a number that is not finite")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
