"""torch.nn.functional.pad, channel_shuffle, embedding: one function over several ops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushlight.base.dtype import bfloat16, float16, float32
from rushlight.engine.trace import local
from rushlight.ops.arrangement import CHANNELS_LAST, packed, suggests_channels_last
from rushlight.ops.view.sizes import whole_sizes
from rushlight.tensor.arrange import relaid
from rushlight.tensor.functions.register import public
from rushlight.tensor.sparse.rows import with_sparse_gradient
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Elements around the last axes: ``pad`` is (left, right, top, bottom, ..), last axis first.

    ``mode``: "constant" (``value``), "reflect", "replicate" or "circular".
    """
    amounts = whole_sizes("pad", (tuple(pad),), "pad")
    if len(amounts) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(amounts) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(amounts)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        out: Tensor = function("constant_pad_nd")(input, amounts, 0 if value is None else value)
        return out
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    # Of these PyTorch's autocast lists all but the reflection of volumes.
    spatial = len(amounts) // 2
    wide = mode == "replicate" or (mode == "reflect" and spatial < 3)
    if wide and local.trace.autocast is not None and input.dtype in (bfloat16, float16):
        input = input.to(float32)
    return function("_edge_pad")(input, amounts, mode)


@public(functional=True, aliases=("native_channel_shuffle",))
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """(N, C, *): channels of ``groups`` groups interleaved."""
    if input.ndim < 3:
        raise RuntimeError(
            "channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    n, channels, *rest = input.shape
    if groups <= 0 or channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and "
            f"{groups} groups."
        )
    split = input.reshape(n, groups, channels // groups, *rest)
    out: Tensor = function("transpose")(split, 1, 2).reshape(*input.shape)
    layout = input._current_layout()
    last = suggests_channels_last(layout)
    return relaid(out, packed(layout.shape, CHANNELS_LAST[input.ndim]) if last else None)


@public(torch=False, functional=True)
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Rows of ``weight`` (V, D) by index: (*) -> (*, D). Raises IndexError for what is no row.

    ``max_norm`` shrinks the rows that are read, in place. ``sparse``: the gradient of a leaf is a
    sparse tensor of the rows that were read.
    """
    place = -1
    if padding_idx is not None:
        rows = weight.shape[0]
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        place = padding_idx % rows
    if max_norm is not None:
        shrink_rows(input, weight, max_norm, norm_type)
    out: Tensor = function("_embedding")(input, weight, place, scale_grad_by_freq)
    if not sparse:
        return out
    return with_sparse_gradient(out, input, weight, place, scale_grad_by_freq)


def shrink_rows(input: Tensor, weight: Tensor, max_norm: float, norm_type: float) -> None:
    """The rows of ``weight`` that ``input`` names, longer ones scaled to ``max_norm`` in place."""
    table = np.array(weight._array())
    rows = np.unique(input._array())
    norms = np.linalg.norm(table[rows].astype(np.float64), norm_type, axis=1)
    long = norms > max_norm
    scale = max_norm / (norms[long] + 1e-7)
    table[rows[long]] *= scale[:, None].astype(table.dtype)
    weight._replace_(Tensor._from_array(table))
