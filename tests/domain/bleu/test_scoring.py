"""BLEU of two texts: pinned values (sacrebleu 2.6.0), sacrebleu itself, and the signature."""

from importlib.metadata import version

import pytest
from sacrebleu.metrics import BLEU

from backend.domain.bleu import scoring
from backend.domain.bleu.scoring import Bleu, Smoothing, sentence_bleu
from tests.queries import made

MEASURES = [Bleu(smoothing, cased) for smoothing in Smoothing for cased in (False, True)]
SEA = ("write a poem about the sea", "write a short story about the sea")
PIANO = ("what is the best way", "what is the best way to learn the piano quickly in one month")
SUMMARY = ("Summarize the following article in three bullet points.", "Summarize the text below in five sentences.")


def theirs(measure: Bleu) -> BLEU:
    return BLEU(lowercase=not measure.cased, effective_order=True, smooth_method=measure.smoothing.value)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("how do i reverse a list in python?", "how do i reverse a string in python?", 59.6949),
        (*SEA, 32.1594),
        (*SEA[::-1], 30.7394),
        (*PIANO, 20.1897),
        (*PIANO[::-1], 28.9178),
        ("hi", "hi", 100),
        (*SUMMARY, 11.3396),
        (*SUMMARY[::-1], 11.5912),
        ("nothing alike", "in these two", 0),
        ("", "", 0),
        ("", "hi", 0),
        ("hi", "", 0),
    ],
)
def test_pinned_values(hypothesis: str, reference: str, expected: float) -> None:
    assert sentence_bleu(hypothesis, reference) == pytest.approx(expected, abs=5e-5)


def test_without_smoothing_a_missing_order_is_a_score_of_nothing() -> None:
    assert sentence_bleu(*SEA, Bleu(Smoothing.NONE)) == 0


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.signature)
def test_scores_are_those_of_sacrebleu(measure: Bleu) -> None:
    its, texts = theirs(measure), made(45, seed=2)
    for hypothesis in texts:
        for reference in texts:
            expected = its.sentence_score(hypothesis, [reference]).score
            assert sentence_bleu(hypothesis, reference, measure) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.signature)
def test_the_signature_is_that_of_sacrebleu(measure: Bleu) -> None:
    its = theirs(measure)
    its.sentence_score("a", ["a"])
    assert measure.signature == str(its.get_signature()).replace("#:1", "nrefs:1")
    assert version("sacrebleu") == scoring.VERSION
