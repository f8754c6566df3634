"""The loss of a recurrent transducer, which may emit several labels at a time step or none."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.tensor import Tensor

_NEVER = -1e30  # log of no chance; finite, so that its gradient is 0 and not nan


def _checked(logits: Tensor, targets: Tensor, frames: Tensor, labels: Tensor) -> None:
    who = "rnnt_loss: "
    if logits.ndim != 4 or targets.ndim != 2:
        raise RuntimeError(
            f"{who}logits are (N, T, U + 1, C) and targets (N, U), got {tuple(logits.shape)} and "
            f"{tuple(targets.shape)}"
        )
    n, time, places, _ = logits.shape
    if targets.shape[0] != n or tuple(frames.shape) != (n,) or tuple(labels.shape) != (n,):
        raise RuntimeError(f"{who}a batch of {n} wants {n} rows of targets and {n} of each length")
    if int(frames.max()) != time:
        raise RuntimeError(f"{who}input length mismatch: the longest of {time} frames is not there")
    if int(labels.max()) + 1 != places or targets.shape[1] + 1 != places:
        raise RuntimeError(
            f"{who}output length mismatch: {places} places are for targets of {places - 1}, got "
            f"{tuple(targets.shape)}, the longest of {int(labels.max())}"
        )


def _hold(logits: Tensor, costs: Tensor, clamp: float) -> None:
    """The gradient that reaches ``logits`` is at most ``clamp`` times that of their row's cost."""
    most: list[Any] = []

    def note(gradient: Any) -> None:
        most[:] = [clamp * gradient.abs()[:, None, None, None]]

    def hold(gradient: Any) -> Any:
        return gradient.clamp(-most[0], most[0])

    costs.register_hook(note)
    logits.register_hook(hold)


def rnnt_loss(
    logits: Tensor,
    targets: Tensor,
    logit_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = -1,
    clamp: float = -1,
    reduction: str = "mean",
    fused_log_softmax: bool = True,
) -> Any:
    """-log of the chance of the targets (N, U), all ways together: logits (N, T, U + 1, C) -> ().

    ``logit_lengths`` and ``target_lengths`` (N,) say how much of each row counts; ``blank`` is the
    class that goes on in time. ``reduction="none"`` gives (N,). With ``fused_log_softmax=False``
    the logits are logs of chances already. ``clamp`` above 0 holds each row's own gradient, before
    it is averaged, in [-clamp, clamp]. Raises RuntimeError for sizes that do not fit.

    Graves, "Sequence transduction with recurrent neural networks" (2012).

    >>> import rushlight as torch
    >>> one = torch.tensor([1], dtype=torch.int32)
    >>> rnnt_loss(torch.zeros(1, 1, 2, 2), one[None] * 0, one, one)
    tensor(1.3863)
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError('reduction should be one of "none", "mean", or "sum"')
    _checked(logits, targets, logit_lengths, target_lengths)
    held = clamp > 0 and logits.requires_grad and torch.is_grad_enabled()
    if held:
        logits = logits.clone()
        inputs = logits
    n, time, places, _ = logits.shape
    chances: Any = torch.log_softmax(logits, -1) if fused_log_softmax else logits
    # Cells (t, u) of one diagonal d = t + u depend on those of the diagonal before alone.
    device = logits.device
    u = torch.arange(places, device=device)
    t = torch.arange(time + places - 1, device=device)[:, None] - u  # (diagonals, places)
    outside = (t < 0) | (t >= time)
    cells = chances[:, t.clamp(0, time - 1), u]  # (N, diagonals, places, C)
    going_on = cells[..., blank].masked_fill(outside, _NEVER)
    labels = targets.long()[:, None, :, None].expand(n, len(t), places - 1, 1)
    emitting = cells[:, :, :-1].gather(-1, labels).squeeze(-1)
    emitting = emitting.masked_fill(outside[:, :-1], _NEVER)
    never: Any = torch.full((n, 1), _NEVER, dtype=chances.dtype, device=device)
    alpha = torch.cat((never * 0, never.expand(n, places - 1)), 1)
    diagonals = [alpha]
    for d in range(len(t) - 1):
        stay = alpha + going_on[:, d]
        move = torch.cat((never, alpha[:, :-1] + emitting[:, d]), 1)
        alpha = torch.logaddexp(stay, move)
        diagonals.append(alpha)
    last = (logit_lengths - 1 + target_lengths).long()
    row = torch.arange(n, device=device)
    ends = (row, last, target_lengths.long())
    costs: Any = -(torch.stack(diagonals, 1)[ends] + going_on[ends])
    if held:
        _hold(inputs, costs, clamp)
    return costs.mean() if reduction == "mean" else costs.sum() if reduction == "sum" else costs
