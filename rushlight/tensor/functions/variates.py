"""``torch.poisson``, ``binomial``, ``_standard_gamma`` and ``_sample_dirichlet``: by rejection.

Gamma and Dirichlet numbers have gradients to their parameters: a number stays where it is in its
distribution while the parameter moves (runtime/implicit_gradient.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float64
from rushlight.engine.trace import local
from rushlight.runtime import implicit_gradient, variates
from rushlight.tensor.functions.register import public
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.kinds import type_name
from rushlight.tensor.modes import is_grad_enabled
from rushlight.tensor.random_samples import drawn_from
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Array = np.ndarray[Any, Any]


def _require_floating(kind: DType, who: str) -> None:
    if not kind.is_floating_point:
        raise NotImplementedError(f"\"{who}\" not implemented for '{type_name(kind)}'")


def _wide(input: Tensor) -> Array:
    """The elements in the narrowest of float32 and float64 that holds them."""
    array = input._array()
    return array if input.dtype is float64 else array.astype(np.float32)


def _made(array: Array, input: Tensor) -> Tensor:
    return Tensor._from_array(array.astype(input.dtype.np).reshape(tuple(input.shape)))


@public()
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """How many events come, where ``input`` come on average; the shape and dtype of ``input``.

    >>> import rushlight as torch
    >>> torch.poisson(torch.zeros(2))
    tensor([0., 0.])
    """
    _require_floating(input.dtype, "poisson_cpu")
    if local.trace.abstract:
        return drawn_from(lambda whole: poisson(whole, generator), input)
    rates = input._array()
    if (rates.astype(np.float64) < 0.0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    drawn = variates.poisson(source_of(generator).engine, rates)
    made = _made(drawn, input)
    if not _wants_gradient(input):
        return made
    result: Tensor = function("_in_place_of")(input, made, "Poisson")
    return result


@public()
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of ``count`` tries succeed, where each does with chance ``prob`` (both broadcast).

    >>> import rushlight as torch
    >>> torch.binomial(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 0.0]))
    tensor([3., 0.])
    """
    if not (count.dtype.is_floating_point and prob.dtype.is_floating_point):
        name, wrong = ("prob", prob) if count.dtype.is_floating_point else ("count", count)
        raise ValueError(
            f"binomial only supports floating-point dtypes for {name}, got: "
            f"{type_name(wrong.dtype)}"
        )
    if count.dtype is not prob.dtype:
        raise RuntimeError(
            f"Found dtype {type_name(prob.dtype)} but expected {type_name(count.dtype)}"
        )
    counts, chances = np.broadcast_arrays(count._array(), prob._array())
    drawn = variates.binomial(source_of(generator).engine, counts, chances)
    return Tensor._from_array(drawn.astype(count.dtype.np))


@public(name="_standard_gamma")
def standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma numbers of rate 1 whose shape parameter is ``input``; differentiable."""
    _require_floating(input.dtype, "gamma_cpu")
    shapes = _wide(input)
    drawn = variates.standard_gamma(source_of(generator).engine, shapes)
    sample = _made(drawn, input)
    if not _wants_gradient(input):
        return sample
    slope = _made(implicit_gradient.gamma_gradient(shapes, _wide(sample)), input)
    result: Tensor = function("add")(sample, function("mul")(slope, _movement(input)))
    return result


@public(name="_sample_dirichlet")
def sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Points of the simplex by their concentrations ``input`` (*, K); differentiable."""
    _require_floating(input.dtype, "dirichlet")
    weights = _wide(input)
    drawn = variates.dirichlet(source_of(generator).engine, weights)
    sample = _made(drawn, input)
    if not _wants_gradient(input):
        return sample
    total = np.broadcast_to(weights.sum(axis=-1, keepdims=True), weights.shape)
    slope = _made(implicit_gradient.beta_gradient(_wide(sample), weights, total), input)
    # One share grows by its slope, and all of them shrink back to a sum of 1.
    moved = function("mul")(slope, _movement(input))
    shrunk = function("mul")(sample, function("sum")(moved, -1, True))
    result: Tensor = function("add")(sample, function("sub")(moved, shrunk))
    return result


def _wants_gradient(input: Tensor) -> bool:
    return input.requires_grad and is_grad_enabled()


def _movement(input: Tensor) -> Any:
    """Zeros, whose derivative by ``input`` is 1."""
    return function("sub")(input, input._alias())


__all__ = ["binomial", "poisson", "sample_dirichlet", "standard_gamma"]
