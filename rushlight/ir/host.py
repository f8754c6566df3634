"""Functions that run in NumPy inside a plan: LAPACK, FFT and what has no primitive.

    @host("linalg_svd", results=3)
    def svd(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]: ...

A ``host`` node has one value. A function of several ``results`` is called by several nodes, whose
first parameter is the place of the result that each of them wants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.base.errors import InternalError
from rushlight.base.record import Record
from rushlight.ir.graph import Node

Array = np.ndarray[Any, np.dtype[Any]]
HostFunction = Callable[[tuple[Array, ...], tuple[Any, ...]], Any]


class Host(Record):
    """One registered function: its name, how many results it gives, what it calls, and whether it
    knows complex numbers."""

    name: str
    results: int
    function: HostFunction
    complex: bool


HOSTS: dict[str, Host] = {}


def host(
    name: str, *, results: int = 1, complex: bool = False
) -> Callable[[HostFunction], HostFunction]:
    """Register a function ``(arrays, params) -> array``, or a tuple of ``results`` arrays.

    One that does not say ``complex`` is refused complex sources where it is built.
    """

    def register(function: HostFunction) -> HostFunction:
        if name in HOSTS:
            raise InternalError(f"ir.host: {name!r} is registered twice")
        HOSTS[name] = Host(name, results, function, complex)
        return function

    return register


def call(name: str, arrays: Sequence[Array], params: tuple[Any, ...], node: Node) -> Array:
    """The value of a ``host`` node: cast to its dtype, checked against its shape.

    The arrays must not be written to. Errors of the function come out as they are.
    """
    if name not in HOSTS:
        raise NotImplementedError(
            f"ir.host: no host function {name!r}, there are {sorted(HOSTS)}; register it with @host"
        )
    entry = HOSTS[name]
    if entry.results == 1:
        result = entry.function(tuple(arrays), params)
    else:
        result = entry.function(tuple(arrays), params[1:])[params[0]]
    value = np.asarray(result).astype(node.dtype.np, copy=False)
    if value.shape != node.shape:
        raise InternalError(f"ir.host: {name} gave shape {value.shape}, the node is {node}")
    return value
