"""Dropout, given its mask: masks are drawn on the host, because the stream is sequential."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary
from rushlight.ir.graph import Node
from rushlight.ops.promote import compute_dtype, full
from rushlight.ops.table import Scalar, composite


@composite(torch=False, name="_dropout", grad_name="Mul")
def dropout(input: Node, mask: Node, keep: Scalar) -> Node:
    """input * mask / keep: ``mask`` (bool) broadcasts to ``input``."""
    wide = build.cast(mask, compute_dtype(input.dtype))
    noise = build.cast(binary("div", wide, full(keep, wide.shape, wide.dtype)), input.dtype)
    return binary("mul", input, build.broadcast(noise, input.shape))


@composite(torch=False, name="_alpha_dropout", grad_name="Add")
def alpha_dropout(input: Node, mask: Node, scale: Scalar, low: Scalar, shift: Scalar) -> Node:
    """input * mask * scale, plus ``low`` where dropped, plus ``shift`` everywhere."""
    noise = build.cast(mask, input.dtype)
    one = build.const(1, noise.shape, noise.dtype)
    dropped = binary("mul", binary("sub", noise, one), full(low, noise.shape, noise.dtype))
    offset = binary("add", dropped, full(shift, noise.shape, noise.dtype))
    kept = binary("mul", noise, full(scale, noise.shape, noise.dtype))
    scaled = binary("mul", input, build.broadcast(kept, input.shape))
    return binary("add", scaled, build.broadcast(offset, input.shape))
