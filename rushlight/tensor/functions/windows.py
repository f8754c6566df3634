"""Windows for spectra: torch.signal.windows, and the older torch.hann_window family.

They are computed in double precision and rounded once. Formulas: Harris, "On the use of windows
for harmonic analysis with the discrete Fourier transform", 1978; Kaiser's with the Bessel function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, float64, get_default_dtype, of_argument
from rushlight.ops.special.bessel_values import i0
from rushlight.runtime.room import room_for
from rushlight.tensor.device import require_cpu
from rushlight.tensor.functions.register import public
from rushlight.tensor.kinds import convert
from rushlight.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]
Window = Callable[..., Tensor]
WINDOWS: dict[str, Window] = {}  # torch.signal.windows.<name>


def _made(values: Array, dtype: DType | None, device: Any, requires_grad: bool) -> Tensor:
    require_cpu(device)
    if not isinstance(requires_grad, bool):
        raise TypeError(
            f"argument 'requires_grad' must be bool, not {type(requires_grad).__name__}"
        )
    kind = of_argument(dtype or get_default_dtype(), "window")
    if not kind.is_floating_point:
        raise RuntimeError(f"a window function expects a floating point dtype, but got {kind}")
    wide = Tensor._from_array(np.asarray(values, np.float64))
    made = wide if kind is float64 else convert(wide, kind)
    if requires_grad:
        made.requires_grad = True
    return made


def _cosines(a: Any, count: int, span: float) -> Array:
    angle = 2 * math.pi * np.arange(count) / span
    first = np.full(count, a[0], np.float64) if a else np.zeros(count)  # its cosine is 1
    rest = ((-1) ** k * w * np.cos(k * angle) for k, w in enumerate(a[1:], start=1))
    return np.asarray(sum(rest, first))


def _bartlett(count: int, span: float) -> Array:
    return 1 - np.abs(2 * np.arange(count) / span - 1)


def _kaiser(count: int, span: float, beta: float) -> Array:
    at = 2 * np.arange(count) / span - 1
    inside = beta * np.sqrt(np.maximum(1 - at * at, 0.0))
    return np.asarray(i0(inside) / i0(np.array([float(beta)])))


def _window(name: str, values: Callable[..., Array], doc: str, **defaults: Any) -> None:
    """A function of torch.signal.windows; ``values(count, span, **options)`` for count > 1."""

    def window(
        M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, **options: Any,
    ) -> Tensor:  # fmt: skip
        strange = [key for key in options if key not in defaults]
        if strange:
            raise TypeError(f"{name}() got an unexpected keyword argument '{strange[0]}'")
        given = {**defaults, **options}
        _check(name, M, dtype, layout, sym, given)
        if M <= 1:
            return _made(np.ones(int(M)), dtype, device, requires_grad)
        span = max(M - 1, 1) if sym else M
        room_for(M, np.float64)
        return _made(values(M, span, **given), dtype, device, requires_grad)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"{doc}: ``M`` values, symmetric, or periodic where ``sym`` is False."
    WINDOWS[name] = window


def _check(
    name: str, count: int, dtype: Any, layout: Any, sym: bool, given: dict[str, Any]
) -> None:
    if dtype not in (None, float32, float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if count < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={count}")
    if layout is not None and str(layout) != "torch.strided":
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if given.get("tau", 1.0) <= 0:
        raise ValueError(f"Tau must be positive, got: {given['tau']} instead.")
    if given.get("std", 1.0) <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {given['std']} instead.")
    if given.get("beta", 0.0) < 0:
        raise ValueError(f"beta must be non-negative, got: {given['beta']} instead.")
    if sym and given.get("center") is not None:
        raise ValueError("Center must be None for symmetric windows")
    if "a" in given:
        if not isinstance(given["a"], (list, tuple)):
            raise TypeError("Coefficients must be a list/tuple")
        if not given["a"]:
            raise ValueError("Coefficients cannot be empty")


def _exponential(count: int, span: float, center: float | None, tau: float) -> Array:
    middle = span / 2 if center is None else center
    return np.exp(-np.abs(np.arange(count) - middle) / tau)


def _gaussian(count: int, span: float, std: float) -> Array:
    return np.exp(-(((np.arange(count) - span / 2) / std) ** 2) / 2)


_window("bartlett", _bartlett, "A triangle")
_window("blackman", lambda n, s: _cosines((0.42, 0.5, 0.08), n, s), "Blackman's")
_window("cosine", lambda n, s: np.sin(math.pi * (np.arange(n) + 0.5) / (s + 1)), "Half a wave")
_window("exponential", _exponential, "exp(-|k - center| / tau)", center=None, tau=1.0)
_window("gaussian", _gaussian, "A bell of width ``std``", std=1.0)
_window("general_cosine", lambda n, s, a: _cosines(a, n, s), "A sum of cosines", a=None)
_window(
    "general_hamming", lambda n, s, alpha: _cosines((alpha, 1 - alpha), n, s), "Hamming's",
    alpha=0.54,
)  # fmt: skip
_window("hamming", lambda n, s: _cosines((0.54, 0.46), n, s), "Hamming's")
_window("hann", lambda n, s: _cosines((0.5, 0.5), n, s), "Hann's")
_window("kaiser", _kaiser, "Kaiser's of shape ``beta``", beta=12.0)
_window(
    "nuttall", lambda n, s: _cosines((0.3635819, 0.4891775, 0.1365995, 0.0106411), n, s),
    "Nuttall's of minimal side lobes",
)  # fmt: skip


# The older names


def _older(name: str, values: Callable[..., Array], doc: str, *options: tuple[str, float]) -> None:
    def window(
        window_length: int, periodic: bool = True, *numbers: float, dtype: DType | None = None,
        layout: Any = None, device: Any = None, requires_grad: bool = False,
        pin_memory: bool = False, **named: float,
    ) -> Tensor:  # fmt: skip
        if window_length < 0:
            raise RuntimeError(
                f"{name} requires non-negative window_length, got window_length={window_length}"
            )
        given = dict(options)
        given.update(zip(given, numbers, strict=False))
        strange = [key for key in named if key not in given]
        if strange or len(numbers) > len(options):
            raise TypeError(f"{name}() got an unexpected argument {strange or numbers}")
        given.update(named)
        if window_length <= 1:
            return _made(np.ones(window_length), dtype, device, requires_grad)
        room_for(window_length, np.float64)
        span = window_length if periodic else window_length - 1
        return _made(values(window_length, span, **given), dtype, device, requires_grad)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"{doc} window, periodic unless ``periodic=False``."
    public()(window)


_older("bartlett_window", _bartlett, "A triangular")
_older("blackman_window", lambda n, s: _cosines((0.42, 0.5, 0.08), n, s), "Blackman's")
_older(
    "hamming_window", lambda n, s, alpha, beta: _cosines((alpha, beta), n, s), "Hamming's",
    ("alpha", 0.54), ("beta", 0.46),
)  # fmt: skip
_older("hann_window", lambda n, s: _cosines((0.5, 0.5), n, s), "Hann's")
_older("kaiser_window", _kaiser, "Kaiser's", ("beta", 12.0))
