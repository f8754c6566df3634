"""Where functions of torch.linalg are listed, and what several of them do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.engine.trace import local
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.argument_kinds import checked
from rushlight.tensor.autocast import listed
from rushlight.tensor.functions.register import found_at, with_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

F = TypeVar("F", bound=Callable[..., Any])
LINALG: dict[str, Callable[..., Any]] = {}


def linalg(made: F) -> F:
    """List a function as ``torch.linalg.<name>``, with a keyword argument ``out``."""
    writes = "out" in inspect.signature(made).parameters
    name = made.__name__.rstrip("_")
    who = f"linalg_{name}"
    LINALG[name] = listed(checked(made if writes else with_out(made), who), who)
    found_at(LINALG[name], "rushlight.linalg", name)
    return made


def settled(made: Any) -> Any:
    """The result once it is computed: where a matrix can be refused, it is refused by the call,
    where the user's ``except LinAlgError`` stands. (One sample of ``vmap`` has no value.)"""
    first = made if isinstance(made, Tensor) else made[0]
    if not local.trace.abstract:
        first._concrete()
    return made


def turned(x: Any) -> Any:
    """The last two axes swapped."""
    return function("transpose")(x, -2, -1)


def adjoint(x: Any) -> Any:
    """The last two axes swapped, and conjugated."""
    made = turned(x)
    return function("_conj")(made) if x.dtype.is_complex else made


def require_system(who: str, b: Tensor, A: Tensor) -> None:
    """RuntimeError unless A X = b can be solved by sizes and dtypes: (*, N, N) and (*, N, K)."""
    if b.dtype is not A.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {legacy_name(b.dtype)} "
            f"and A of type {legacy_name(A.dtype)} instead."
        )
    rows, columns = A.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{who}: A must be batches of square matrices, but they are {rows} by {columns} "
            "matrices"
        )
    if b.shape[-2] != columns:
        raise RuntimeError(
            f"Incompatible matrix sizes for {who}: each A matrix is {rows} by {columns} but each b "
            f"matrix is {b.shape[-2]} by {b.shape[-1]}"
        )
