"""The largest in each window, with or without its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.conv import to_first, to_last
from rushlight.ops.pool.window import Window, bad_windows, checked_window, max_windows, with_batch
from rushlight.ops.samples import BadInputs, Rng
from rushlight.ops.table import composite


def _max_pool(
    rank: int, input: Node, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, with_places: bool,
) -> Any:  # fmt: skip
    x, batched = with_batch(f"max_pool{rank}d", input, rank, filled=True)
    window = checked_window(
        f"max_pool{rank}d", x, rank, kernel_size, stride, padding, dilation, ceil_mode
    )
    last = to_last(x)
    parts = [build.pool(last, "max", *window)]
    if with_places:
        parts.append(build.pool(last, "argmax", *window))
    outs = [to_first(part) for part in parts]
    if not batched:
        outs = [reshape(out, out.shape[1:]) for out in outs]
    return tuple(outs) if with_places else outs[0]


@composite(torch=True, functional=True, name="_max_pool1d", grad_name="MaxPool2DWithIndices")
def max_pool1d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last axis."""
    out: Node = _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool1d.samples(max_windows(1))


@composite(torch=True, functional=True, name="_max_pool2d", grad_name="MaxPool2DWithIndices")
def max_pool2d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last two axes; nan wins."""
    out: Node = _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool2d.samples(max_windows(2))


@max_pool2d.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from bad_windows()
    yield (np.ones((4, 4)), 2), {}, RuntimeError, "Expected 3D or 4D"


@composite(torch=True, functional=True, name="_max_pool3d", grad_name="MaxPool3DWithIndices")
def max_pool3d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last three axes."""
    out: Node = _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool3d.samples(max_windows(3))


def _with_indices(rank: int) -> Any:
    def body(
        input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
        dilation: Window = 1, ceil_mode: bool = False,
    ) -> Any:  # fmt: skip
        return _max_pool(rank, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    body.__doc__ = "(the largest in each window, its place in the flattened plane as int64)."
    name = f"max_pool{rank}d_with_indices"
    return composite(body, name=name, functional=True, grad_name=f"MaxPool{rank}DWithIndices")


max_pool1d_with_indices = _with_indices(1)

max_pool1d_with_indices.samples(max_windows(1))
max_pool2d_with_indices = _with_indices(2)

max_pool2d_with_indices.samples(max_windows(2))
max_pool3d_with_indices = _with_indices(3)

max_pool3d_with_indices.samples(max_windows(3))
