"""Where frequencies lie in a spectrum: fftfreq, rfftfreq, fftshift, ifftshift."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.base.shape import Shape, normalize_dim
from rushlight.tensor.argument_kinds import checked
from rushlight.tensor.device import require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.functions.fft import FFT
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _frequencies(
    who: str, places: np.ndarray[Any, Any], n: int, d: float, dtype: DType | None, device: Any,
    requires_grad: bool, out: Tensor | None,
) -> Tensor:  # fmt: skip
    require_cpu(device)
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    if not (kind.is_floating_point or kind.is_complex):
        raise RuntimeError(f"{who} requires a floating point or complex dtype")
    values = places.astype(kind.np) * kind.to_real().np.type(1 / (n * d) if n else 1.0)
    made = Tensor._from_array(np.asarray(values, kind.np))
    if requires_grad:
        made.requires_grad = True
    return made if out is None else write_out(who, out, made)


def _require_count(n: int) -> None:
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")


def fftfreq(
    n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of ``fft`` of ``n`` samples ``d`` apart: 0 and up, then the negative ones.

    >>> import rushlight as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    _require_count(n)
    places = np.arange(n)
    places[(n + 1) // 2 :] -= n
    return _frequencies("fftfreq", places, n, d, dtype, device, requires_grad, out)


def rfftfreq(
    n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies of ``rfft``: 0 to the highest.

    >>> import rushlight as torch
    >>> torch.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    _require_count(n)
    places = np.arange(n // 2 + 1)
    return _frequencies("rfftfreq", places, n, d, dtype, device, requires_grad, out)


def _shifted(input: Tensor, dim: Any, back: bool) -> Tensor:
    if dim is None:
        dims = tuple(range(input.ndim))
    else:
        given = dim if isinstance(dim, (tuple, list)) else (dim,)
        dims = tuple(normalize_dim(each, input.ndim) for each in given)
    if not dims:
        return input
    steps = tuple((input.shape[each] + back) // 2 for each in dims)
    made: Tensor = function("roll")(input, steps, dims)
    return made


def fftshift(input: Tensor, dim: int | Shape | None = None) -> Tensor:
    """The zero frequency moved from the front to the middle.

    >>> import rushlight as torch
    >>> torch.fft.fftshift(torch.arange(5))
    tensor([3, 4, 0, 1, 2])
    """
    return _shifted(input, dim, False)


def ifftshift(input: Tensor, dim: int | Shape | None = None) -> Tensor:
    """The inverse of ``fftshift``."""
    return _shifted(input, dim, True)


for _each in (fftfreq, rfftfreq, fftshift, ifftshift):
    FFT[_each.__name__] = takes_dtype(checked(_each, f"fft_{_each.__name__}"))
