"""Rows of a table by number: what nn.Embedding and embedding_bag look up."""

from __future__ import annotations

from rushlight.base.dtype import int32, int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.scatter import from_front
from rushlight.ops.table import Grads, composite


@composite(torch=False, name="_embedding", grad_name="Embedding")
def embedding(
    input: Node, weight: Node, padding_idx: int = -1, scale_grad_by_freq: bool = False
) -> Node:
    """Rows of ``weight`` (V, D) by index: (*) -> (*, D). Row ``padding_idx`` gets no gradient."""
    if input.dtype not in (int64, int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got torch.{legacy_name(input.dtype)}Tensor instead (while "
            "checking arguments for embedding)"
        )
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    return build.take(weight, from_front(input), 0)


@embedding.vjp
def _(
    g: Node, out: Node, input: Node, weight: Node, padding_idx: int, scale_grad_by_freq: bool
) -> Grads:
    index = build.cast(input, int64)
    column = (*index.shape, 1)
    if scale_grad_by_freq:
        rows = const(0, (weight.shape[0],), g.dtype)
        ones = const(1, index.shape, g.dtype)
        often = build.take(build.put(rows, index, ones, 0, "add"), index, 0)
        g = binary("div", g, build.expand(reshape(often, column), g.shape))
    if padding_idx >= 0:
        padded = binary("eq", index, const(padding_idx, index.shape, int64))
        wide = build.expand(reshape(padded, column), g.shape)
        g = build.where(wide, const(0, g.shape, g.dtype), g)
    zeros = const(0, weight.shape, weight.dtype)
    return None, build.put(zeros, index, g, 0, "add")
