"""Special functions that NumPy evaluates on the host, in float64: how they become ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.promote import common_dtype, floating, full, shape_of
from rushlight.ops.samples import of_one
from rushlight.ops.special import loops as _loops  # noqa: F401
from rushlight.ops.table import Op, composite

Values = Callable[..., Array]


def register(name: str, values: Values) -> None:
    """Let ``host_node(name, ...)`` call ``values(*arrays, *params)`` on float64 arrays."""

    @host(f"special_{name}")
    def _(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(values(*(np.asarray(a, np.float64) for a in arrays), *params))


def host_node(name: str, *nodes: Node, params: tuple[Any, ...] = ()) -> Node:
    """The registered function of nodes of one shape and dtype."""
    return build.host(f"special_{name}", nodes, nodes[0].shape, nodes[0].dtype, params)


@host("refused_slope")
def _refused_slope(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    raise NotImplementedError(f"the derivative for '{params[0]}' is not implemented.")


def refused_slope(name: str, x: Any) -> Node | None:
    """The gradient of an argument in which there is no derivative, as in PyTorch: an error where
    it is computed, not zeros."""
    if not (isinstance(x, Node) and x.dtype.is_floating_point):
        return None
    return build.host("refused_slope", (x,), x.shape, x.dtype, (name,))


def real_operands(*operands: Any) -> list[Node]:
    """Operands broadcast and promoted; integers become the default dtype."""
    dtype, shape = floating(common_dtype(*operands)), shape_of(*operands)
    return [full(x, shape, dtype) for x in operands]


# Those whose argument PyTorch calls ``x``.
_OF_X = frozenset({
    "airy_ai", "spherical_bessel_j0", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
})  # fmt: skip


def special_function(
    name: str, values: Values, doc: str, *, low: float = -2, high: float = 2,
    differentiable: bool = False, torch: bool = False,
) -> Op:  # fmt: skip
    """``torch.special.<name>`` of one number (``torch.<name>`` and the method where ``torch``)."""
    register(name, values)

    def of_x(x: Node) -> Node:
        return host_node(name, build.cast(x, floating(x.dtype)))

    def of_input(input: Node) -> Node:
        return of_x(input)

    body = of_x if name in _OF_X else of_input

    body.__name__ = name
    body.__doc__ = f"{doc}, element by element. Shape (*) -> (*); integers give the default dtype."
    made: Op = composite(
        body, name=name if torch else f"_special_{name}", torch=torch, method=torch, inplace=torch,
        differentiable=differentiable, grad_name="Special" + name.title().replace("_", ""),
    )  # fmt: skip
    made.samples(of_one(low, high))
    return made
