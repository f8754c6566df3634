"""BLEU beside numbers that torchtext 0.18 printed once."""

from __future__ import annotations

import pytest

from rushlight.text.data.metrics import bleu_score

CANDIDATES = [["My", "full", "pytorch", "test"], ["Another", "Sentence"]]
REFERENCES = [[["My", "full", "pytorch", "test"], ["Completely", "Different"]], [["No", "Match"]]]


def test_bleu() -> None:
    assert bleu_score(CANDIDATES, REFERENCES) == 0.8408964276313782
    assert bleu_score([["a", "b", "c"]], [[["a", "b", "d"]]], max_n=2, weights=[0.3, 0.7]) == (
        0.54506915807724
    )
    assert bleu_score([["a", "b"]], [[["a", "b"]]]) == 0.0  # no run of three


def test_what_does_not_fit_together() -> None:
    with pytest.raises(AssertionError, match="weights"):
        bleu_score(CANDIDATES, REFERENCES, max_n=3)
    with pytest.raises(AssertionError, match="lists of references"):
        bleu_score(CANDIDATES, REFERENCES[:1])
