"""When each label was said: the likeliest path through the frames of a CTC model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.tensor.create import tensor


def _path(logs: Any, labels: Any, blank: int) -> Any:
    """The class at each frame: logs (T, C), labels (L,) -> (T,)."""
    # Blanks between the labels may be passed through or, between unlike labels, left out.
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    skips = np.zeros(len(states), bool)
    skips[3::2] = labels[1:] != labels[:-1]
    best = np.full(len(states), -np.inf)
    best[:2] = logs[0, states[:2]]
    came = np.zeros((len(logs), len(states)), np.int64)
    for frame in range(1, len(logs)):
        one = np.concatenate(([-np.inf], best[:-1]))
        two = np.where(skips, np.concatenate(([-np.inf] * 2, best[:-2])), -np.inf)
        choices = np.stack((best, one[: len(best)], two[: len(best)]))
        came[frame] = choices.argmax(0)
        best = choices.max(0) + logs[frame, states]
    place = len(states) - 1
    if len(states) > 1 and best[-1] <= best[-2]:
        place -= 1
    path = np.empty(len(logs), np.int64)
    for frame in range(len(logs) - 1, -1, -1):
        path[frame] = states[place]
        place -= came[frame, place]
    return path


def forced_align(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | None = None,
    target_lengths: Tensor | None = None,
    blank: int = 0,
) -> tuple[Any, Any]:
    """The likeliest class of each frame that spells the targets, and its log probability.

    log_probs (1, T, C), targets (1, L) -> (1, T) of the targets' dtype, (1, T). Raises ValueError
    for targets that are ``blank`` or no class, RuntimeError for other sizes or too few frames:
    each label wants one, and two alike in a row a blank between them.

    >>> import rushlight as torch
    >>> logs = torch.tensor([[[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]]).log()
    >>> forced_align(logs, torch.tensor([[1, 2]]))[0]
    tensor([[1, 0, 2]])
    """
    if log_probs.ndim != 3 or targets.ndim != 2 or log_probs.shape[0] != 1 or targets.shape[0] != 1:
        raise RuntimeError(
            "forced_align: log_probs are (1, T, C), targets (1, L): one recording at a time; got "
            f"{tuple(log_probs.shape)} and {tuple(targets.shape)}"
        )
    frames = log_probs.shape[1] if input_lengths is None else int(input_lengths)
    count = targets.shape[1] if target_lengths is None else int(target_lengths)
    if frames != log_probs.shape[1] or count != targets.shape[1]:
        raise RuntimeError(
            f"forced_align: lengths {frames} and {count} of {log_probs.shape[1]} frames and "
            f"{targets.shape[1]} targets; of one recording all must count"
        )
    labels = targets[0].detach().numpy().astype(np.int64)
    if (labels == blank).any():
        raise ValueError(f"targets Tensor shouldn't contain blank index. Found {targets}.")
    if len(labels) and not 0 <= labels.min() <= labels.max() < log_probs.shape[2]:
        raise ValueError("targets values must be less than the CTC dimension")
    repeats = int((labels[1:] == labels[:-1]).sum())
    if frames < len(labels) + repeats:
        raise RuntimeError(
            "forced_align: targets length is too long for CTC. Found log_probs length: "
            f"{frames}, targets length: {len(labels)}, and number of repeats: {repeats}"
        )
    path = _path(log_probs[0].detach().double().numpy(), labels, blank)
    chosen = tensor(path[None])
    scores: Any = log_probs.gather(2, chosen[..., None])
    return chosen.to(targets.dtype), scores.squeeze(-1)


@dataclass
class TokenSpan:
    """A label from frame ``start`` to before ``end``, and its mean log probability."""

    token: int
    start: int
    end: int
    score: float

    def __len__(self) -> int:
        return self.end - self.start


def merge_tokens(tokens: Tensor, scores: Tensor, blank: int = 0) -> list[TokenSpan]:
    """Runs of one class (T,) as spans, blanks left out. ValueError for what is no such pair.

    >>> import rushlight as torch
    >>> merge_tokens(torch.tensor([0, 3, 3]), torch.tensor([-1.0, -2.0, -4.0]))
    [TokenSpan(token=3, start=1, end=3, score=-3.0)]
    """
    if tokens.ndim != 1 or scores.ndim != 1:
        raise ValueError("`tokens` and `scores` must be 1D Tensor.")
    if len(tokens) != len(scores):
        raise ValueError("`tokens` and `scores` must be the same length.")
    classes = tokens.detach().numpy()
    edges = [0, *(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(classes)]
    return [
        TokenSpan(int(classes[start]), start, end, scores[start:end].mean().item())
        for start, end in itertools.pairwise(edges)
        if start < end and classes[start] != blank
    ]
