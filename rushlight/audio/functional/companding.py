"""Mu-law (ITU-T G.711): fine steps for quiet samples, coarse ones for loud."""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.tensor import Tensor


def mu_law_encoding(x: Tensor, quantization_channels: int) -> Tensor:
    """Samples in -1 to 1 as numbers 0 to quantization_channels - 1, int64.

    >>> mu_law_encoding(torch.tensor([-1.0, 0.0, 0.5, 1.0]), 256)
    tensor([  0, 128, 239, 255])
    """
    if not x.is_floating_point():
        warn("mu_law_encoding: the input should be of floating type; taken as float32")
        x = x.to(torch.float32)
    mu = quantization_channels - 1.0
    # log1p(mu) as a tensor of x's dtype: the quotient rounds as torchaudio's does.
    scale = torch.log1p(torch.tensor(mu, dtype=x.dtype))
    squeezed = x.sign() * torch.log1p(mu * x.abs()) / scale
    return ((squeezed + 1) / 2 * mu + 0.5).to(torch.int64)


def mu_law_decoding(x_mu: Tensor, quantization_channels: int) -> Tensor:
    """Numbers 0 to quantization_channels - 1 back to samples in -1 to 1.

    >>> mu_law_decoding(torch.tensor([0, 255]), 256)
    tensor([-1.,  1.])
    """
    if not x_mu.is_floating_point():
        x_mu = x_mu.to(torch.float32)
    mu = quantization_channels - 1.0
    x = x_mu / mu * 2 - 1.0
    return x.sign() * (torch.exp(x.abs() * math.log1p(mu)) - 1.0) / mu
