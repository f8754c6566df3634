"""The largest and the smallest, and where: max, min, amax, amin, aminmax, argmax, argmin."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, int64
from rushlight.base.shape import normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops import return_types
from rushlight.ops.reduce.dims import Dims, finish, kept_shape, not_empty, widen
from rushlight.ops.samples import BOOLS, BadInputs, Rng, Samples, extrema, raises
from rushlight.ops.table import Grads, Rule, composite


def _no_elements(rng: Rng) -> BadInputs:
    yield (np.zeros((0, 3)),), {}, RuntimeError, "numel"
    yield (np.zeros((0, 3)), 0), {}, IndexError, "non-zero size"
    yield (np.ones(3), 1), {}, IndexError, "Dimension out of range"


def _no_place(rng: Rng) -> BadInputs:
    yield (np.zeros((0, 3)),), {}, IndexError, "numel"
    yield (np.zeros((0, 3)), 0), {}, IndexError, "non-zero size"
    yield (BOOLS,), {}, RuntimeError, "not implemented for 'Bool'"


def _extremum(who: str, kind: str, input: Node, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        if input.size == 0:
            raise RuntimeError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return reduce(input, kind, tuple(range(input.ndim)))
    axis = normalize_dim(dim, input.ndim)
    structure = getattr(return_types, kind)
    if input.ndim == 0:
        return structure(input, const(0, (), int64))
    not_empty(who, input, (axis,))
    places = reduce(input, f"arg{kind}", (axis,))
    values = reduce(input, kind, (axis,))
    return structure(
        finish(values, input, (axis,), keepdim), finish(places, input, (axis,), keepdim)
    )


def shared_evenly(g: Node, out: Node, input: Node) -> Node:
    """The cotangent of one element picked from all of ``input``: those equal to it share it."""
    axes = tuple(range(input.ndim))
    best = widen(out, input, axes)
    both_nan = binary("and", binary("ne", input, input), binary("ne", best, best))
    hit = build.cast(binary("or", binary("eq", input, best), both_nan), input.dtype)
    count = widen(reduce(hit, "sum", axes), input, axes)
    return binary("div", binary("mul", widen(g, input, axes), hit), count)


def _extremum_grad(kind: str) -> Rule:
    # g and out: one node over everything, (values, places) along a dim.
    def rule(g: Any, out: Any, input: Node, dim: int | None, keepdim: bool) -> Grads:
        if dim is None:
            return (shared_evenly(g, out, input),)
        if input.ndim == 0:
            return (g[0],)
        axis = normalize_dim(dim, input.ndim)
        kept = kept_shape(input.shape, (axis,))
        cotangent, places = reshape(g[0], kept), reshape(out[1], kept)
        # The place's row is compared, not scattered: it fuses and needs no zeroed memory.
        along = build.iota(input.shape, axis)
        hit = binary("eq", along, build.expand(places, input.shape))
        zero = const(0, input.shape, input.dtype)
        return (build.where(hit, build.expand(cotangent, input.shape), zero),)

    rule.__name__ = f"{kind}_grad"
    return rule


@composite(method=False, torch=False, name="_max")
def max_reduce(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest element, or (values, indices) of the largest along ``dim``; nan wins."""
    return _extremum("max", "max", input, dim, keepdim)


max_reduce.samples(extrema())
max_reduce.bad_inputs(_no_elements)


@composite(method=False, torch=False, name="_min")
def min_reduce(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest element, or (values, indices) of the smallest along ``dim``; nan wins."""
    return _extremum("min", "min", input, dim, keepdim)


min_reduce.samples(extrema())
min_reduce.bad_inputs(_no_elements)
max_reduce.vjp(_extremum_grad("max"))
min_reduce.vjp(_extremum_grad("min"))
max_reduce.grad_name, min_reduce.grad_name = "MaxBackward0", "MinBackward0"


def _axes(who: str, input: Node, dim: Dims) -> tuple[int, ...]:
    """The axes to reduce, all of which hold something."""
    axes = normalize_dims(dim, input.ndim)
    if who != "aminmax" and input.size == 0 and (dim is None or dim == ()):
        raise RuntimeError(
            f"{who}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    if who == "aminmax" and dim is None and input.size == 0:
        raise RuntimeError(
            f"{who}(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    not_empty(who, input, axes)
    return axes


@composite(method=True)
def amax(input: Node, dim: Dims = (), keepdim: bool = False) -> Node:
    """The largest over dims; equal ones share the gradient."""
    axes = _axes("amax", input, dim)
    return finish(reduce(input, "max", axes), input, axes, keepdim)


amax.samples(extrema(several=True))
amax.bad_inputs(raises(((np.zeros((0, 3)), 0), {}, IndexError, "non-zero size")))


@composite(method=True)
def amin(input: Node, dim: Dims = (), keepdim: bool = False) -> Node:
    """The smallest over dims; equal ones share the gradient."""
    axes = _axes("amin", input, dim)
    return finish(reduce(input, "min", axes), input, axes, keepdim)


amin.samples(extrema(several=True))
amin.bad_inputs(raises(((np.zeros((0, 3)), 0), {}, IndexError, "non-zero size")))


@composite(method=True)
def aminmax(input: Node, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """(smallest, largest)."""
    axes = _axes("aminmax", input, dim)
    return return_types.aminmax(
        finish(reduce(input, "min", axes), input, axes, keepdim),
        finish(reduce(input, "max", axes), input, axes, keepdim),
    )


@aminmax.samples
def _(rng: Rng) -> Samples:
    for args, kwargs in extrema()(rng):
        yield args[:1], {**kwargs, **({"dim": args[1]} if len(args) > 1 else {})}


def _place(who: str, input: Node, dim: int | None, keepdim: bool) -> Node:
    if input.dtype is bool_:
        raise RuntimeError(f"\"{who}_cpu\" not implemented for 'Bool'")
    if dim is None:
        if input.size == 0:
            raise IndexError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        place = reduce(reshape(input, (input.size,)), who, (0,))
        return reshape(place, (1,) * input.ndim) if keepdim else place
    axis = normalize_dim(dim, input.ndim)
    if input.ndim == 0:
        return const(0, (), int64)
    not_empty(who, input, (axis,))
    return finish(reduce(input, who, (axis,)), input, (axis,), keepdim)


@composite(method=True, differentiable=False)
def argmax(input: Node, dim: int | None = None, keepdim: bool = False) -> Node:
    """Where the largest is (int64): flattened, or along ``dim``; the first of equals."""
    return _place("argmax", input, dim, keepdim)


argmax.samples(extrema(bools=False))
argmax.bad_inputs(_no_place)


@composite(method=True, differentiable=False)
def argmin(input: Node, dim: int | None = None, keepdim: bool = False) -> Node:
    """Where the smallest is (int64): in the flattened tensor, or along ``dim``."""
    return _place("argmin", input, dim, keepdim)


argmin.samples(extrema(bools=False))
argmin.bad_inputs(_no_place)
