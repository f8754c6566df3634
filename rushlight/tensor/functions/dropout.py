"""Dropout and its kin: masks from the default generator, the same choices as PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.ops.kernels import refuse
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.argument_kinds import require_tensor
from rushlight.tensor.arrange import relaid
from rushlight.tensor.functions.activation import into_input
from rushlight.tensor.functions.register import public
from rushlight.tensor.generator import default_generator, source_of
from rushlight.tensor.kinds import as_bool, type_name
from rushlight.tensor.memory_format import laid_out
from rushlight.tensor.random_samples import per_sample
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.wrap import function

# Of SELU: what a dropped unit becomes is -scale * alpha.
_ALPHA = 1.7580993408473766


_drop = function("_dropout")


def _check(who: str, input: Any, p: float, training: Any) -> None:
    if not 0.0 <= p <= 1.0:
        error = RuntimeError if p != p else ValueError
        raise error(f"dropout probability has to be between 0 and 1, but got {p}")
    require_tensor(who, input)
    if training.__class__ is not bool:
        as_bool(who, "train", training)


def _feature_shape(input: Tensor) -> tuple[int, ...]:
    """One element per channel: (N, C, 1, ..)."""
    shape = input.shape
    if len(shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    images, channels, *others = shape
    return (images, channels, *(1,) * len(others))


def _plain_mask(shape: tuple[int, ...], keep: float) -> Tensor:
    count = math.prod(shape)
    memory = Buffer(count)
    default_generator.bernoulli_into(memory.address, count, keep)
    return Tensor._of(mark_made(concrete(memory, shape, bool_)))


def _mask(input: Tensor, shape: tuple[int, ...], keep: float) -> Tensor:
    if local.trace.abstract:
        return per_sample(lambda sizes: _plain_mask((*sizes, *shape), keep))
    if input._storage is None or shape != input.shape:
        return _plain_mask(shape, keep)
    drawn = default_generator.bernoulli(math.prod(shape), keep)
    return Tensor._from_array(laid_out(input, drawn))


def _require_fractions(input: Tensor) -> None:
    """A kept element is divided by 1 - p, which whole numbers cannot hold."""
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {type_name(input.dtype)}"
        )


def _dropped(input: Tensor, p: float, training: bool, shape: tuple[int, ...]) -> Tensor:
    if p == 0 or not training or 0 in input.shape:
        return input
    if p == 1:
        out: Tensor = function("mul")(input, 0)
        return out
    _require_fractions(input)
    return _drop(input, _mask(input, shape, 1 - p), 1.0 - p)  # type: ignore[no-any-return]


def _write(input: Tensor, result: Tensor, inplace: bool, who: str) -> Tensor:
    if not inplace or result is input:
        return result
    input._writable(who)
    return input._inplace(result, who)


@public(torch=False, functional=True)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zeroed with probability p, the others divided by 1 - p."""
    _check("dropout", input, p, training)
    return _write(input, _dropped(input, p, training, tuple(input.shape)), inplace, "dropout_")


def _warn_of_rank(name: str, rank: int, ranks: tuple[int, int]) -> None:
    if name == "dropout2d" and rank == 3:
        warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
        )
    elif rank not in ranks:
        if name == "dropout1d":
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {rank}D input. Note that "
                "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial "
                "dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D "
                "inputs)."
            )
        warn(
            f"{name}: Received a {rank}-D input to {name}, which is deprecated and will result in "
            "an error in a future release. To retain the behavior and silence this warning, please "
            f"use dropout instead. Note that {name} exists to provide channel-wise dropout on "
            f"inputs with {ranks[1] - 2} spatial dimensions, a channel dimension, and an optional "
            f"batch dimension (i.e. {ranks[0]}D or {ranks[1]}D inputs).",
        )


def _spatial(name: str, ranks: tuple[int, int]) -> Any:
    def drop(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        _check(name, input, p, training)
        rank = input.ndim
        if rank != ranks[1]:
            _warn_of_rank(name, rank, ranks)
        batched = rank == ranks[1] or name == "dropout2d"
        x = input if batched else function("unsqueeze")(input, 0)
        out = _dropped(x, p, training, _feature_shape(x))
        if out is x:
            return input
        out = out if batched else function("squeeze")(out, 0)
        return _write(input, out, inplace, f"{name}_")

    drop.__name__ = drop.__qualname__ = name
    drop.__doc__ = "Whole channels zeroed with probability p, the others divided by 1 - p."
    return public(torch=False, functional=True)(drop)


dropout1d = _spatial("dropout1d", (2, 3))
dropout2d = _spatial("dropout2d", (3, 4))
dropout3d = _spatial("dropout3d", (4, 5))


@public(torch=True, functional=False, name="feature_dropout")
def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Whole channels of (N, C, *) zeroed."""
    _check("feature_dropout", input, p, train)
    return _dropped(input, p, train, _feature_shape(input))


def _alpha(input: Tensor, p: float, training: bool, shape: tuple[int, ...]) -> Tensor:
    if p == 0 or not training or input.numel() == 0:  # type: ignore[attr-defined]
        return input
    if p == 1:
        out: Tensor = function("mul")(input, 0)
        return out
    _require_fractions(input)
    a = 1.0 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    return function("_alpha_dropout")(
        input, _mask(input, shape, 1 - p), a, _ALPHA * a, _ALPHA * a * p
    )


@public(torch=False, functional=True)
def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout that keeps mean and variance under SELU (Klambauer 2017)."""
    _check("alpha_dropout", input, p, training)
    out = _alpha(input, p, training, tuple(input.shape))
    return _write(input, out, inplace, "alpha_dropout_")


@public(torch=False, functional=True)
def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """alpha_dropout of whole channels."""
    _check("feature_alpha_dropout", input, p, training)
    shape = _feature_shape(input) if training and p else tuple(input.shape)
    out = _alpha(input, p, training, shape)
    return _write(input, out, inplace, "feature_alpha_dropout_")


@public(torch=True, functional=True)
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
    inplace: bool = False,
) -> Tensor:  # fmt: skip
    """x where positive, else slope * x: random in [lower, upper) in training, else their mean."""
    for name, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {name} bound must be finite, got {bound}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        slope = (lower + upper) / 2
        if inplace:
            return into_input("leaky_relu", input, slope)
        out: Tensor = function("leaky_relu")(input, slope)
        return out
    refuse("rrelu", input.dtype)
    # One number for each element that is not positive, in order.
    values = np.array(input._array())  # a copy: memory that is looked at is not replaced
    slopes = np.ones(values.shape, values.dtype)
    low = values <= 0
    draws = source_of(None).uniform(int(low.sum()), np.dtype("float64"))
    first, last = (float(values.dtype.type(bound)) for bound in (lower, upper))
    slopes[low] = draws * (last - first) + first
    out = relaid(function("mul")(input, Tensor._from_array(slopes)), None)
    return _write(input, out, inplace, "rrelu_")
