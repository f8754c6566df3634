"""How close translations come to those of people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import rushlight as torch
from rushlight.text.data.tokens import ngrams_iterator

Sentence = Sequence[str]


def bleu_score(
    candidate_corpus: Sequence[Sentence],
    references_corpus: Sequence[Sequence[Sentence]],
    max_n: int = 4,
    weights: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
) -> float:
    """The share of runs of 1 to ``max_n`` tokens that are in a reference too, weighted; 0 to 1.

    The formula: K. Papineni et al., "BLEU", ACL 2002. Each candidate has one or more references.
    Raises AssertionError if there are not as many weights as lengths, or lists of references as
    candidates.

    >>> bleu_score([["a", "cat", "sat", "down"]], [[["a", "cat", "sat", "down"], ["a", "dog"]]])
    1.0
    """
    if max_n != len(weights):
        raise AssertionError(f"max_n is {max_n}, but there are {len(weights)} weights")
    if len(candidate_corpus) != len(references_corpus):
        raise AssertionError(
            f"{len(candidate_corpus)} candidates need as many lists of references, got "
            f"{len(references_corpus)}"
        )
    common, total = [0] * max_n, [0] * max_n
    length = reference_length = 0
    for candidate, references in zip(candidate_corpus, references_corpus, strict=True):
        length += len(candidate)
        # The reference nearest in length, the first of several.
        reference_length += min(map(len, references), key=lambda n: abs(len(candidate) - n))
        allowed: Counter[str] = Counter()
        for reference in references:
            allowed |= Counter(ngrams_iterator(reference, max_n))
        for run, count in (Counter(ngrams_iterator(candidate, max_n)) & allowed).items():
            common[run.count(" ")] += count
        for index in range(max_n):
            total[index] += max(len(candidate) - index, 0)
    if min(common) == 0:
        return 0.0
    # In float32, as torchtext computes it.
    precision = torch.tensor(common, dtype=torch.float32) / torch.tensor(total)
    score = torch.exp(sum(torch.tensor(list(weights)) * torch.log(precision)))
    return math.exp(min(1 - reference_length / length, 0)) * float(score)
