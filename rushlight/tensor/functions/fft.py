"""torch.fft: transforms along one, two or many dims, of real, complex and Hermitian signals.

float16 and bfloat16 have no transforms on a CPU; whole numbers become the default dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rushlight.base.dtype import get_default_dtype
from rushlight.base.shape import normalize_dim
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.reduce.dims import Dims
from rushlight.tensor.argument_kinds import checked
from rushlight.tensor.autocast import listed
from rushlight.tensor.functions.register import found_at
from rushlight.tensor.numpy_names import numpy_named
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

FFT: dict[str, Callable[..., Any]] = {}
_NORMS = (None, "backward", "ortho", "forward")


def _scale(norm: str | None, sizes: Sequence[int], forward: bool) -> float:
    """What the plain sum is multiplied by: 1, 1/n or 1/sqrt(n)."""
    if norm not in _NORMS:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    count = math.prod(sizes)
    if norm == "ortho":
        return 1 / math.sqrt(count) if count else 1.0
    plain = forward if norm in (None, "backward") else not forward
    return 1.0 if plain or not count else 1 / count


def _given(x: Tensor, *, to_complex: bool) -> Tensor:
    """In a dtype that is transformed. RuntimeError for half precision."""
    kind = x.dtype
    if not (kind.is_floating_point or kind.is_complex):
        kind = get_default_dtype()
    if kind.name in ("float16", "bfloat16"):
        raise RuntimeError(f"Unsupported dtype {legacy_name(kind)}")
    if to_complex:
        kind = kind.to_complex()
    made: Tensor = x if x.dtype is kind else function("_to_dtype")(x, kind)
    return made


def _real_given(who: str, x: Tensor) -> Tensor:
    if x.dtype.is_complex:
        raise RuntimeError(
            f"{who} expects a real input tensor, but got {legacy_name(x.dtype)}"
        )  # fmt: skip
    return _given(x, to_complex=False)


def _axis(x: Tensor, dim: int) -> int:
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return normalize_dim(dim, x.ndim)


def _sized(x: Tensor, dims: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor:
    for size in sizes:
        if size < 1:
            raise RuntimeError(f"Invalid number of data points ({size}) specified")
    if all(x.shape[axis] == size for axis, size in zip(dims, sizes, strict=True)):
        return x
    made: Tensor = function("_fft_resize")(x, dims, sizes)
    return made


def _c2c(x: Tensor, dims: tuple[int, ...], norm: str | None, forward: bool) -> Tensor:
    scale = _scale(norm, [x.shape[axis] for axis in dims], forward)
    made: Tensor = function("_fft_c2c")(x, dims, scale, forward)
    return made


def _r2c(x: Tensor, dims: tuple[int, ...], norm: str | None, forward: bool) -> Tensor:
    scale = _scale(norm, [x.shape[axis] for axis in dims], forward)
    made: Any = function("_fft_r2c")(x, dims, scale)
    return made if forward else function("_conj")(made)  # type: ignore[no-any-return]


def _c2r(x: Tensor, dims: tuple[int, ...], size: int, norm: str | None, forward: bool) -> Tensor:
    scale = _scale(norm, [*(x.shape[axis] for axis in dims[:-1]), size], forward)
    given: Any = x
    if forward:
        given = function("_conj")(given)
    made: Tensor = function("_fft_c2r")(given, dims, size, scale)
    return made


def _finished(who: str, out: Tensor | None, made: Tensor) -> Tensor:
    return made if out is None else write_out(who, out, made)


def _one(name: str, forward: bool, doc: str) -> None:
    def transform(
        input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        _scale(norm, (1,), forward)
        x = _given(input, to_complex=True)
        axis = _axis(x, dim)
        x = _sized(x, (axis,), (x.shape[axis] if n is None else n,))
        return _finished(name, out, _c2c(x, (axis,), norm, forward))

    _keep(name, transform, doc)


def _one_from_real(name: str, forward: bool, doc: str) -> None:
    def transform(
        input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        _scale(norm, (1,), forward)
        x = _real_given(name, input)
        axis = _axis(x, dim)
        x = _sized(x, (axis,), (x.shape[axis] if n is None else n,))
        return _finished(name, out, _r2c(x, (axis,), norm, forward))

    _keep(name, transform, doc)


def _one_to_real(name: str, forward: bool, doc: str) -> None:
    def transform(
        input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        _scale(norm, (1,), forward)
        x = _given(input, to_complex=True)
        axis = _axis(x, dim)
        size = 2 * (x.shape[axis] - 1) if n is None else n
        if size < 1:
            raise RuntimeError(f"Invalid number of data points ({size}) specified")
        x = _sized(x, (axis,), (size // 2 + 1,))
        return _finished(name, out, _c2r(x, (axis,), size, norm, forward))

    _keep(name, transform, doc)


def _keep(name: str, transform: Callable[..., Any], doc: str) -> None:
    transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = doc
    who = f"fft_{name}"
    FFT[name] = listed(numpy_named(checked(transform, who)), who)
    found_at(FFT[name], "rushlight.fft", name)


def _dims(x: Tensor, s: Any, dim: Any) -> tuple[tuple[int, ...], list[int | None]]:
    """(axes, the size wanted along each, None where it stays)."""
    sizes = None if s is None else [s] if isinstance(s, int) else [int(each) for each in s]
    if dim is None:
        if sizes is None:
            axes = tuple(range(x.ndim))
        else:
            if len(sizes) > x.ndim:
                raise RuntimeError(
                    f"Got shape with {len(sizes)} values but input tensor only has {x.ndim} "
                    "dimensions."
                )
            axes = tuple(range(x.ndim - len(sizes), x.ndim))
    else:
        given = (dim,) if isinstance(dim, int) else tuple(dim)
        axes = tuple(normalize_dim(each, x.ndim) for each in given)
        if len(set(axes)) != len(axes):
            raise RuntimeError("FFT dims must be unique")
        if sizes is not None and len(sizes) != len(axes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    if sizes is None:
        return axes, [None] * len(axes)
    return axes, [None if size == -1 else size for size in sizes]


def _whole(x: Tensor, axes: tuple[int, ...], wanted: Sequence[int | None]) -> Tensor:
    pairs = zip(axes, wanted, strict=True)
    return _sized(x, axes, tuple(x.shape[a] if n is None else n for a, n in pairs))


def _require_axes(who: str, axes: tuple[int, ...]) -> None:
    if not axes:
        raise RuntimeError(f"{who} must transform at least one axis")


def _many_complex(who: str, forward: bool, x: Tensor, s: Any, dim: Any, norm: Any) -> Tensor:
    x = _given(x, to_complex=True)
    axes, wanted = _dims(x, s, dim)
    return _c2c(_whole(x, axes, wanted), axes, norm, forward)


def _many_from_real(who: str, forward: bool, x: Tensor, s: Any, dim: Any, norm: Any) -> Tensor:
    if x.dtype.is_complex and forward:
        raise RuntimeError(
            f"{who} expects a real-valued input tensor, but got {legacy_name(x.dtype)}"
        )
    if x.dtype.is_complex:
        raise RuntimeError(
            f"Only supports floating-point dtypes, but found: {legacy_name(x.dtype)}"
        )
    x = _given(x, to_complex=False)
    axes, wanted = _dims(x, s, dim)
    _require_axes(who, axes)
    x = _whole(x, axes, wanted)
    if forward:
        return _r2c(x, axes, norm, True)
    half = _r2c(x, axes[-1:], norm, False)
    return half if len(axes) == 1 else _c2c(half, axes[:-1], norm, False)


def _many_to_real(who: str, forward: bool, x: Tensor, s: Any, dim: Any, norm: Any) -> Tensor:
    x = _given(x, to_complex=True)
    axes, wanted = _dims(x, s, dim)
    _require_axes(who, axes)
    size = wanted[-1] if wanted[-1] is not None else 2 * (x.shape[axes[-1]] - 1)
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    x = _whole(x, axes, [*wanted[:-1], size // 2 + 1])
    if not forward:
        return _c2r(x, axes, size, norm, False)
    if len(axes) > 1:
        x = _c2c(x, axes[:-1], norm, True)
    return _c2r(x, axes[-1:], size, norm, True)


def _many(name: str, forward: bool, transform: Callable[..., Tensor], doc: str) -> None:
    def over_dims(
        input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        _scale(norm, (1,), forward)
        return _finished(name, out, transform(name, forward, input, s, dim, norm))

    def over_two(
        input: Tensor, s: Dims = None, dim: Dims = (-2, -1), norm: str | None = None, *,
        out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        _scale(norm, (1,), forward)
        return _finished(name[:-1] + "2", out, transform(name, forward, input, s, dim, norm))

    _keep(name, over_dims, f"{doc} over many dims (all unless said).")
    _keep(name[:-1] + "2", over_two, f"{doc} over two dims (the last unless said).")


_one("fft", True, "The transform along one dim, of ``n`` elements.")
_one("ifft", False, "The inverse of ``fft``.")
_one_from_real("rfft", True, "The transform of real numbers: the half that is not a mirror image.")
_one_to_real("irfft", False, "The inverse of ``rfft``: ``n`` real numbers.")
_one_to_real("hfft", True, "The transform of half a Hermitian signal: ``n`` real numbers.")
_one_from_real("ihfft", False, "The inverse of ``hfft``.")
_many("fftn", True, _many_complex, "``fft``")
_many("ifftn", False, _many_complex, "``ifft``")
_many("rfftn", True, _many_from_real, "``rfft``")
_many("irfftn", False, _many_to_real, "``irfft``")
_many("hfftn", True, _many_to_real, "``hfft``")
_many("ihfftn", False, _many_from_real, "``ihfft``")
