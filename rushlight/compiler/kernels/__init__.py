"""Kernels of the primitives that are not plain loops: a family a file.

``KERNELS[node.op](node, sources, out)`` gives the launches that compute ``node``. Sources may have
any strides, ``out`` is contiguous; a source that is the same memory as ``out`` (put, scatter,
slice_set, as_strided_set) is updated in place. An index out of range ends a kernel with code 1.
"""

from __future__ import annotations

from collections.abc import Callable

from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import (
    lower_as_strided,
    lower_as_strided_set,
    lower_cat,
    lower_slice_set,
)
from rushlight.compiler.kernels.fill import lower_const, lower_iota
from rushlight.compiler.kernels.first_places import lower_first_places
from rushlight.compiler.kernels.host import lower_host
from rushlight.compiler.kernels.indexed import (
    lower_gather,
    lower_put,
    lower_scatter,
    lower_take,
)
from rushlight.compiler.kernels.pool import lower_pool
from rushlight.compiler.kernels.pool_grad import lower_pool_input_grad
from rushlight.compiler.kernels.scan import lower_scan
from rushlight.compiler.kernels.sort import lower_argsort
from rushlight.compiler.launch import Launch
from rushlight.ir.graph import Node

__all__ = ["KERNELS", "Lowering", "lower_node"]

Lowering = Callable[[Node, tuple[Operand, ...], Operand], list[Launch]]

KERNELS: dict[str, Lowering] = {
    "argsort": lower_argsort,
    "as_strided": lower_as_strided,
    "as_strided_set": lower_as_strided_set,
    "cat": lower_cat,
    "const": lower_const,
    "first_places": lower_first_places,
    "gather": lower_gather,
    "host": lower_host,
    "iota": lower_iota,
    "pool": lower_pool,
    "pool_input_grad": lower_pool_input_grad,
    "put": lower_put,
    "scan": lower_scan,
    "scatter": lower_scatter,
    "slice_set": lower_slice_set,
    "take": lower_take,
}


def lower_node(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    """The launches that write the value of ``node`` to ``out``.

    Raises NotImplementedError for a primitive that has no kernel here.
    """
    if node.op not in KERNELS:
        raise NotImplementedError(f"compiler.kernels: {node.op} has none, there are {[*KERNELS]}")
    return KERNELS[node.op](node, sources, out)
