"""torch.nn.functional.ctc_loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int64
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _lengths(name: str, given: Any, batch: int) -> np.ndarray[Any, Any]:
    values = np.asarray(given._array() if isinstance(given, Tensor) else given)
    if values.size and values.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss: {name} must be integral")
    values = np.atleast_1d(values).astype(np.int64)
    if values.shape != (batch,):
        raise RuntimeError(f"{name} must be of size batch_size")
    return values


@public(torch=False, functional=True)
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Minus the log-probability of ``targets``, summed over all alignments (Graves 2006).

    log_probs (T, N, C) or (T, C), targets (N, S) or (the sum of target_lengths,), lengths (N,).
    "mean" divides each loss by its target's length first. ``zero_infinity`` makes losses of
    targets that do not fit 0, with their gradients.
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if log_probs.ndim not in (2, 3):
        raise RuntimeError(
            f"ctc_loss: expected log_probs of (T, N, C) or (T, C), got {list(log_probs.shape)}"
        )
    single = log_probs.ndim == 2
    scores = function("unsqueeze")(log_probs, 1) if single else log_probs
    steps, batch, classes = scores.shape
    inputs = _lengths("input_lengths", input_lengths, batch)
    symbols = _lengths("target_lengths", target_lengths, batch)
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if inputs.max(initial=0) > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {inputs.max()}"
        )
    if min(inputs.min(initial=0), symbols.min(initial=0)) < 0:
        raise RuntimeError("ctc_loss: input_lengths and target_lengths must not be negative")
    axis = targets.ndim - 1
    needed = int(symbols.sum()) if targets.ndim == 1 else int(symbols.max(initial=0))
    if targets.shape[axis] < needed or (targets.ndim == 1 and targets.shape[0] != needed):
        raise RuntimeError(
            f"Expected tensor to have size {needed} at dimension {axis}, but got size "
            f"{targets.shape[axis]} for argument 'targets'"
        )
    places = targets if targets.dtype is int64 else targets.to(int64)  # type: ignore[attr-defined]
    if targets.ndim == 1:  # a row a sample, filled up with what is not read
        starts = np.cumsum(symbols) - symbols
        which = starts[:, None] + np.arange(int(symbols.max(initial=0)))
        index = Tensor._from_array(np.minimum(which, max(needed - 1, 0)))
        places = function("take")(places, index)
    loss = function("_ctc_loss")(
        scores, places, Tensor._from_array(inputs), Tensor._from_array(symbols), int(blank),
        bool(zero_infinity),
    )  # fmt: skip
    if zero_infinity:
        loss = function("where")(function("isinf")(loss), 0.0, loss)
    if reduction == "none":
        out: Tensor = function("squeeze")(loss, 0) if single else loss
        return out
    if reduction == "sum":
        return function("sum")(loss)  # type: ignore[no-any-return]
    sizes = Tensor._from_array(np.maximum(symbols, 1).astype(loss.dtype.np))
    return function("mean")(loss / sizes)  # type: ignore[no-any-return]
