"""Linear filters with feedback: y[t] = sum b[k] x[t-k] - sum a[k] y[t-k], over the last axis.

The feedback is worked through in blocks: inside a block of ``_BLOCK`` samples it is one product
with a triangle of the impulse response, and a block hands on its last outputs (C. Burrus, "Block
Realization of Digital Filters", 1972). Numbers are added in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import rushlight as torch
from rushlight.autograd import Function
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor, from_numpy

Array = npt.NDArray[Any]

_BLOCK = 64


def _feedback(signal: Array, coefficients: Array) -> Array:
    """y[t] = x[t] - sum over k >= 1 of a[k] y[t-k]: (N, C, L) and (C, order), a[0] being 1."""
    order = coefficients.shape[1]
    count = signal.shape[-1]
    result = np.empty(signal.shape, np.float64)
    with np.errstate(all="ignore"):  # a filter that is not stable ends in infinities
        for channel, row in enumerate(coefficients.astype(np.float64)):
            response, carried = _block_matrices(row, order)
            past = np.zeros((len(signal), order - 1))
            for start in range(0, count, _BLOCK):
                part = signal[:, channel, start : start + _BLOCK].astype(np.float64)
                size = part.shape[1]
                made = part @ response[:size, :size].T + past @ carried[:size].T
                result[:, channel, start : start + size] = made
                past = np.concatenate((past, made), 1)[:, size:]
    return result.astype(signal.dtype)


def _block_matrices(row: Array, order: int) -> tuple[Array, Array]:
    """What a sample of the block, and what each of the outputs before it, adds to its outputs."""
    carried = np.zeros((_BLOCK, order - 1))
    for place in range(order - 1):  # past[place] is y[place - (order - 1)]
        line = np.zeros(order - 1 + _BLOCK)
        line[place] = 1.0
        for now in range(order - 1, len(line)):
            line[now] = -(row[1:] @ line[now - order + 1 : now][::-1])
        carried[:, place] = line[order - 1 :]
    impulse = np.zeros(order - 1 + _BLOCK)
    for now in range(_BLOCK):
        at = now + order - 1
        impulse[at] = (now == 0) - row[1:] @ impulse[at - order + 1 : at][::-1]
    lag = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    return np.where(lag >= 0, impulse[order - 1 :][np.maximum(lag, 0)], 0.0), carried


class _Feedback(Function):
    """The part of a filter that looks at its own outputs; its gradient is the filter, turned."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, coefficients: Tensor) -> Tensor:
        found = _feedback(signal.detach().numpy(), coefficients.detach().numpy())
        result = from_numpy(found)
        ctx.save_for_backward(coefficients, result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        coefficients, result = ctx.saved_tensors
        order, count = coefficients.shape[1], result.shape[-1]
        turned = _Feedback.apply(gradient.flip(-1).contiguous(), coefficients).flip(-1)
        padded = nn_functional.pad(result, (order - 1, 0))
        by_lag = [
            -(turned * padded[..., order - 1 - lag : order - 1 - lag + count]).sum((0, 2))
            for lag in range(order)
        ]
        return turned, torch.stack(by_lag, 1)


def lfilter(
    waveform: Tensor,
    a_coeffs: Tensor,
    b_coeffs: Tensor,
    clamp: bool = True,
    batching: bool = True,
) -> Tensor:
    """Filter the last axis with feedback ``a_coeffs`` and ``b_coeffs``, both from lag 0 on.

    Coefficients are (order,), or (F, order) for F filters: one for each channel of (*, F, L), or
    all for every channel with ``batching=False``, which gives (*, F, L) of (*, L). ``clamp`` keeps
    the result in -1 to 1. Differentiable in everything. Raises ValueError for shapes that do not
    fit.

    >>> lfilter(torch.tensor([0.5, 0.0, 0.0]), torch.tensor([1.0, -0.5]), torch.tensor([1.0, 0.0]))
    tensor([0.5000, 0.2500, 0.1250])
    """
    if a_coeffs.shape != b_coeffs.shape:
        raise ValueError(
            f"Expected coeffs to be the same size. Found: a_coeffs size: {a_coeffs.shape}, "
            f"b_coeffs size: {b_coeffs.shape}"
        )
    if a_coeffs.ndim > 2:
        raise ValueError(f"Expected coeffs to be of 1 or 2 dimensions. Found: {a_coeffs.ndim}")
    if a_coeffs.ndim == 1:
        a_coeffs, b_coeffs = a_coeffs[None], b_coeffs[None]
    elif not batching:
        waveform = torch.stack([waveform] * a_coeffs.shape[0], -2)
    elif waveform.ndim < 2 or waveform.shape[-2] != a_coeffs.shape[0]:
        raise ValueError(
            "Expected number of batches in waveform and coeffs to be the same. Found: coeffs "
            f"batches: {a_coeffs.shape[0]}, waveform {tuple(waveform.shape)}"
        )
    shape = waveform.shape
    filters, order = a_coeffs.shape
    packed = waveform.reshape(-1, filters, shape[-1])
    first = a_coeffs[:, :1]
    taps = (b_coeffs / first).flip(1)[:, None]
    forward = nn_functional.conv1d(nn_functional.pad(packed, (order - 1, 0)), taps, groups=filters)
    result = _Feedback.apply(forward, a_coeffs / first)
    return (result.clamp(-1.0, 1.0) if clamp else result).reshape(shape)


def filtfilt(waveform: Tensor, a_coeffs: Tensor, b_coeffs: Tensor, clamp: bool = True) -> Tensor:
    """``lfilter`` forwards, then backwards: no delay."""
    there = lfilter(waveform, a_coeffs, b_coeffs, clamp=False)
    return lfilter(there.flip(-1), a_coeffs, b_coeffs, clamp=clamp).flip(-1)


def biquad(waveform: Tensor, b0: Any, b1: Any, b2: Any, a0: Any, a1: Any, a2: Any) -> Tensor:
    """``lfilter`` of order two; each coefficient is a number or a tensor of one element."""
    a, b = (
        torch.cat([torch.as_tensor(each, dtype=waveform.dtype).reshape(1) for each in row])
        for row in ((a0, a1, a2), (b0, b1, b2))
    )
    return lfilter(waveform, a, b)
