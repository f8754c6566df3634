"""Shapes and dtypes of every step, noted in the nodes by running the graph once."""

from __future__ import annotations

from typing import Any, NamedTuple

from rushlight.fx.interpreter import Interpreter
from rushlight.fx.node import Node, map_aggregate
from rushlight.tensor import Tensor
from rushlight.tensor.memory_format import channels_last, contiguous_format

__all__ = ["ShapeProp", "TensorMetadata"]


class TensorMetadata(NamedTuple):
    """What ``node.meta["tensor_meta"]`` says of a tensor."""

    shape: Any
    dtype: Any
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: Any
    is_quantized: bool
    qparams: dict[str, Any]


def _told(value: Any) -> TensorMetadata:
    formats = [contiguous_format, *([channels_last] if value.ndim == 4 else [])]
    lies = (each for each in formats if value.is_contiguous(memory_format=each))
    return TensorMetadata(
        value.shape, value.dtype, value.requires_grad, value.stride(), next(lies, None), False, {}
    )


class ShapeProp(Interpreter):
    """Runs a graph and notes each result in its node: ``meta["tensor_meta"]``, ``meta["type"]``.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: x.sum(0))
    >>> _ = ShapeProp(traced).propagate(torch.ones(2, 3))
    >>> [tuple(node.meta["tensor_meta"].shape) for node in traced.graph.nodes]
    [(2, 3), (3,), (3,)]
    """

    def __init__(self, gm: Any, fake_mode: Any = None) -> None:
        if fake_mode is not None:
            raise NotImplementedError("ShapeProp(fake_mode): give propagate() tensors on meta")
        super().__init__(gm)

    def run_node(self, n: Node) -> Any:
        """One step, and what came out of it noted."""
        result = super().run_node(n)
        found = False

        def note(value: Any) -> Any:
            nonlocal found
            if not isinstance(value, Tensor):
                return value
            found = True
            return _told(value)

        meta = map_aggregate(result, note)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Run with these arguments; gives the graph's result."""
        return super().run(*args)
