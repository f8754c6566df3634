"""Functions that run in NumPy inside a plan: LAPACK, FFT and what has no primitive.

    @host("linalg_svd", results=3)
    def svd(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]: ...

A ``host`` node has one value. A function of several ``results`` is called by several nodes, whose
first parameter is the place of the result that each of them wants.
"""

from __future__ import annotations

import threading
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


class _Last(threading.local):
    """The last call of several results in this thread, until all of them have been asked for.

    Its nodes follow each other and have the same sources, which are compared by their bytes: that
    costs next to nothing beside a decomposition.
    """

    key: Any = None
    results: tuple[Any, ...] = ()
    left: frozenset[int] = frozenset()


_last = _Last()


def _one_of_several(entry: Host, arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Any:
    """Result ``params[0]`` of a function that gives several: called once for all of them."""
    place = params[0]
    sources = [(each.dtype, each.shape, each.tobytes()) for each in arrays]
    key = (entry.name, repr(params[1:]), sources)
    if place in _last.left and _last.key == key:
        results = _last.results
        left = _last.left - {place}
    else:
        results = entry.function(arrays, params[1:])
        left = frozenset(range(entry.results)) - {place}
    _last.key, _last.results, _last.left = (key, results, left) if left else (None, (), left)
    return results[place]


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
        result = _one_of_several(entry, tuple(arrays), params)
    value = np.asarray(result).astype(node.dtype.np, copy=False)
    if value.shape != node.shape:
        raise InternalError(f"ir.host: {name} gave shape {value.shape}, the node is {node}")
    return value
