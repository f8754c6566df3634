"""Discrete Fourier transforms: NumPy's, as host calls, with their adjoints as gradients.

Three ops do all of ``torch.fft``: complex to complex, real to half a spectrum, half a spectrum to
real. Each multiplies by ``scale`` what the plain sum gives, in direction -1 (forward) or +1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.table import Grads, composite

Dims = tuple[int, ...]


def _norm(x: Array, forward: bool) -> Literal["forward", "backward"]:
    """Whether NumPy multiplies by 1 / n or by 1, its default.

    That 1 is no float32: with it numbers of single precision are computed in double, in five times
    the time.
    """
    single = x.real.dtype == np.float32
    return "forward" if forward == single else "backward"


def _scaled(x: Array, sizes: Sequence[int], scale: float) -> Array:
    """What NumPy made by ``_norm``, multiplied by ``scale`` in all."""
    real = x.real.dtype.type
    factor = real(scale * math.prod(sizes) if real is np.float32 else scale)
    return x if factor == 1 else np.multiply(x, factor, out=x)


@host("fft_c2c", complex=True)
def _host_c2c(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    dims, forward, scale = params
    (x,) = arrays
    if not x.size or not dims:
        return _scaled(x.copy(), (), scale)
    transform = np.fft.fftn if forward else np.fft.ifftn
    whole = transform(x, axes=dims, norm=_norm(x, forward))
    return _scaled(whole, [x.shape[axis] for axis in dims], scale)


@host("fft_r2c", complex=True)
def _host_r2c(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    dims, scale = params
    (x,) = arrays
    if not x.size:
        shape = list(x.shape)
        shape[dims[-1]] = shape[dims[-1]] // 2 + 1
        return np.zeros(shape, np.complex64)
    half = np.fft.rfftn(x, axes=dims, norm=_norm(x, True))
    return _scaled(half, [x.shape[axis] for axis in dims], scale)


@host("fft_c2r", complex=True)
def _host_c2r(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    dims, size, scale = params
    (x,) = arrays
    shape = [x.shape[axis] for axis in dims[:-1]] + [size]
    if not x.size:
        whole = list(x.shape)
        whole[dims[-1]] = size
        return np.zeros(whole, np.float32)
    values = np.fft.irfftn(x, s=shape, axes=dims, norm=_norm(x, False))
    return _scaled(values, shape, scale)


def resized(x: Node, axis: int, size: int) -> Node:
    """An axis cut, or filled up with zeros at its end."""
    here = x.shape[axis]
    if here == size:
        return x
    shape = (*x.shape[:axis], min(here, size), *x.shape[axis + 1 :])
    if size < here:
        return build.slice(x, (0,) * x.ndim, shape, (1,) * x.ndim)
    more = tuple(size - here if k == axis else 0 for k in range(x.ndim))
    return build.pad(x, (0,) * x.ndim, more, 0)


@composite(torch=False, name="_fft_resize", grad_name="ConstantPadNd")
def fft_resize(input: Node, dims: Dims, sizes: tuple[int, ...]) -> Node:
    """The axes of ``dims`` cut, or filled up with zeros, to ``sizes``."""
    out = input
    for axis, size in zip(dims, sizes, strict=True):
        out = resized(out, axis, size)
    return out


@composite(torch=False, name="_fft_c2c", grad_name="FftC2C", complex_rule=True)
def fft_c2c(input: Node, dims: Dims, scale: float, forward: bool) -> Node:
    """sum x exp(-+ 2 pi i k n / N) over ``dims``, times ``scale``."""
    if not dims:
        return input
    return build.host("fft_c2c", (input,), input.shape, input.dtype, (dims, forward, scale))


@fft_c2c.vjp
def _(g: Node, out: Node, input: Node, dims: Dims, scale: float, forward: bool) -> Grads:
    back: Node = fft_c2c(g, dims, scale, not forward)
    return (back,)


@composite(torch=False, name="_fft_r2c", grad_name="FftR2C", complex_rule=True)
def fft_r2c(input: Node, dims: Dims, scale: float) -> Node:
    """The forward transform of real numbers: the first half of the last of ``dims``, the rest of
    which is its mirror image."""
    last = dims[-1]
    shape = (*input.shape[:last], input.shape[last] // 2 + 1, *input.shape[last + 1 :])
    return build.host("fft_r2c", (input,), shape, input.dtype.to_complex(), (dims, scale))


@fft_r2c.vjp
def _(g: Node, out: Node, input: Node, dims: Dims, scale: float) -> Grads:
    # What was left out takes no part, so the adjoint sums over the half alone.
    whole = resized(g, dims[-1], input.shape[dims[-1]])
    back: Node = fft_c2c(whole, dims, scale, False)
    return (build.real(back),)


@composite(torch=False, name="_fft_c2r", grad_name="FftC2R", complex_rule=True)
def fft_c2r(input: Node, dims: Dims, size: int, scale: float) -> Node:
    """The inverse transform of half a spectrum: ``size`` real numbers along the last of ``dims``.

    Imaginary parts of what is its own mirror image are ignored.
    """
    last = dims[-1]
    shape = (*input.shape[:last], size, *input.shape[last + 1 :])
    return build.host("fft_c2r", (input,), shape, input.dtype.to_real(), (dims, size, scale))


@fft_c2r.vjp
def _(g: Node, out: Node, input: Node, dims: Dims, size: int, scale: float) -> Grads:
    half: Node = fft_r2c(g, dims, scale)
    # All but the ends stand for their mirror images as well.
    last = dims[-1]
    doubled = size - half.shape[last]
    if doubled <= 0:
        return (half,)
    place = build.iota(half.shape, last)
    inner = binary(
        "and",
        binary("le", const(1, half.shape, place.dtype), place),
        binary("le", place, const(doubled, half.shape, place.dtype)),
    )
    return (build.where(inner, binary("add", half, half), half),)


for _op in (fft_resize, fft_c2c, fft_r2c, fft_c2r):
    _op.samples(lambda rng: iter(()))
