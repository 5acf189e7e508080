"""Texts as vectors, by any server with OpenAI's interface for embeddings. Knows nobody who compares them."""

from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt

from backend.domain.data.dialogues import mended
from backend.domain.records import Json
from worker.engines import answers
from worker.engines.openai import OpenAIEngine
from worker.engines.patience import Patience, Patient
from worker.engines.protocol import TooLong
from worker.engines.waits import Waits

AT_ONCE = 64  # texts of one question
Floats = npt.NDArray[np.float64]


class Embedder:
    """One model at one address, asked again after trouble as every engine is. cut: texts that were too long for it."""

    def __init__(
        self, engine: OpenAIEngine, *, patience: Patience | None = None, random: Random, waits: Waits | None = None
    ) -> None:
        self.engine = engine
        self.patient = Patient(engine, patience or Patience(), random=random, waits=waits)
        self.cut = 0

    def vectors(self, texts: Sequence[str]) -> Floats:
        """(texts, dimensions). Raises EngineError, and ValueError where the model changed its mind about dimensions."""
        return np.vstack([self.some(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)])

    def some(self, texts: Sequence[str]) -> Floats:
        """Of texts of which one is too long the others are asked for without it, and of that one its beginning."""
        try:
            return self.told(texts)
        except TooLong:
            if len(texts) > 1:
                half = len(texts) // 2
                return np.vstack([self.some(texts[:half]), self.some(texts[half:])])
            self.cut += 1
            return self.beginning(texts[0])

    def beginning(self, text: str) -> Floats:
        """Of the first half of a text, or of half of that, and so on: the same part of texts that are the same."""
        half = text[: len(text) // 2]
        try:
            return self.told([half])
        except TooLong:
            if not half:
                raise
            return self.beginning(half)

    def told(self, texts: Sequence[str]) -> Floats:
        def once() -> Floats:
            self.patient.admitted(0)
            return self.patient.heard(lambda: self.asked(texts))

        return self.patient.patiently(once)

    def asked(self, texts: Sequence[str]) -> Floats:
        """Ask once. Servers refuse an empty text, so it is sent as a space, and one with half a surrogate pair."""
        given = [mended(text) or " " for text in texts]
        body: Json = {"model": self.engine.model, "input": given, "encoding_format": "float"}
        exchange = self.engine.exchange("POST", f"{self.engine.url}/embeddings", body)
        self.engine.check(exchange)
        return np.array(answers.embeddings(exchange.body, len(texts)), dtype=np.float64)

    def close(self) -> None:
        """Close every connection."""
        self.engine.close()
