"""What matrices linear algebra takes, and the words for those it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from rushlight.ir.graph import Node
from rushlight.ir.host import Array
from rushlight.ops.legacy_names import legacy_name


class LinAlgError(RuntimeError):
    """A matrix has not the property that the function needs (torch.linalg.LinAlgError)."""


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"  # what tracebacks of PyTorch say


def require_matrix(who: str, x: Node, *, square: bool = True, name: str = "A") -> None:
    """RuntimeError unless ``x`` is matrices (square ones) of float32, float64 or complex."""
    if x.ndim < 2:
        raise RuntimeError(
            f"linalg.{who}: The input tensor {name} must have at least 2 dimensions."
        )
    if square and x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"linalg.{who}: {name} must be batches of square matrices, but they are "
            f"{x.shape[-2]} by {x.shape[-1]} matrices"
        )
    require_kind(who, x)


def require_kind(who: str, x: Node) -> None:
    """RuntimeError unless LAPACK has a routine for the dtype."""
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        raise RuntimeError(
            f"linalg.{who}: Expected a floating point or complex tensor as input. Got "
            f"{legacy_name(x.dtype)}"
        )
    if x.dtype.itemsize < 4:
        raise RuntimeError(
            f"linalg.{who}: Low precision dtypes not supported. Got {legacy_name(x.dtype)}"
        )


def each_matrix(x: Array) -> Iterator[tuple[str, Array]]:
    """The matrices of a batch one by one, with the words that tell which."""
    rows = x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])
    for place, one in enumerate(rows):
        yield (f"(Batch element {place}): " if x.ndim > 2 else ""), one


def first_refused(x: Array, compute: Callable[[Array], object]) -> tuple[str, Array]:
    """The first matrix of a batch that NumPy refuses, and the words that tell which."""
    for where, one in each_matrix(x):
        try:
            compute(one)
        except np.linalg.LinAlgError:
            return where, one
    raise AssertionError("one of the matrices was refused")
