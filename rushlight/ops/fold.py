"""Sliding windows of images as columns, and back: ``unfold`` and ``fold`` of nn.functional."""

from __future__ import annotations

from rushlight.base.shape import contiguous_strides
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.table import Grads, composite

Pair = tuple[int, int]


def _check(kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> None:
    """RuntimeError for a window that reaches outside its image."""
    for name, short, values in (
        ("kernel size", "kernel", kernel), ("stride", "stride", stride),
        ("dilation", "dilation", dilation),
    ):  # fmt: skip
        if min(values) <= 0:
            raise RuntimeError(
                f"{name} should be greater than zero, but got {short}_height: {values[0]} "
                f"{short}_width: {values[1]}"
            )
    if min(padding) < 0:
        raise RuntimeError(
            f"padding should be non-negative, but got pad_height: {padding[0]} pad_width: "
            f"{padding[1]}"
        )


def _counts(sizes: Pair, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    rows, columns = (
        (size + 2 * pad - gap * (tap - 1) - 1) // step + 1
        for size, tap, gap, pad, step in zip(sizes, kernel, dilation, padding, stride, strict=True)
    )
    return rows, columns


def _plane(x: Node) -> Pair:
    rows, columns = x.shape[2:]
    return rows, columns


def _columns(x: Node, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Node:
    """(N, C, H, W) -> (N, C * kernel, windows)."""
    n, channels = x.shape[:2]
    rows, columns = _counts(_plane(x), kernel, dilation, padding, stride)
    around = (0, 0, *padding)
    padded = build.pad(x, around, around, 0)
    s = contiguous_strides(padded.shape)
    shape = (n, channels, *kernel, rows, columns)
    strides = (
        s[0], s[1], s[2] * dilation[0], s[3] * dilation[1], s[2] * stride[0], s[3] * stride[1],
    )  # fmt: skip
    windows = build.as_strided(padded, shape, strides, 0)
    return reshape(windows, (n, channels * kernel[0] * kernel[1], rows * columns))


def _images(
    x: Node, sizes: Pair, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Node:
    """(N, C * kernel, windows) -> (N, C, *sizes): overlapping windows are summed."""
    n = x.shape[0]
    taps = kernel[0] * kernel[1]
    channels = x.shape[1] // taps
    rows, columns = _counts(sizes, kernel, dilation, padding, stride)
    windows = reshape(x, (n, channels, *kernel, rows, columns))
    whole = (n, channels, sizes[0] + 2 * padding[0], sizes[1] + 2 * padding[1])
    out = zeros = const(0, whole, x.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            part = build.slice(
                windows, (0, 0, i, j, 0, 0), (n, channels, 1, 1, rows, columns), (1,) * 6
            )
            plane = reshape(part, (n, channels, rows, columns))
            start = (0, 0, i * dilation[0], j * dilation[1])
            spread = build.slice_set(zeros, plane, start, (1, 1, *stride))
            out = spread if out is zeros else binary("add", out, spread)
    return build.slice(out, (0, 0, *padding), (n, channels, *sizes), (1,) * 4)


@composite(torch=False, name="_im2col", grad_name="Im2Col")
def im2col(input: Node, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Node:
    """Every window of (N, C, H, W) as a column: (N, C * taps, windows)."""
    _check(kernel_size, dilation, padding, stride)
    rows, columns = _counts(_plane(input), kernel_size, dilation, padding, stride)
    if rows < 1 or columns < 1:
        raise RuntimeError(
            f"Given input with spatial size {input.shape[2:]}, kernel_size={kernel_size}, "
            f"dilation={dilation}, padding={padding}, calculated shape of the "
            f"array of sliding blocks as ({rows}, {columns}), but its components must be at least "
            "one."
        )
    return _columns(input, kernel_size, dilation, padding, stride)


@im2col.vjp
def _(
    g: Node, out: Node, input: Node, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Grads:
    return (_images(g, (input.shape[2], input.shape[3]), kernel_size, dilation, padding, stride),)


@composite(torch=False, name="_col2im", grad_name="Col2Im")
def col2im(
    input: Node, output_size: Pair, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Node:
    """Columns (N, C * taps, windows) put back and summed: (N, C, *output_size)."""
    _check(kernel_size, dilation, padding, stride)
    taps = kernel_size[0] * kernel_size[1]
    if input.shape[1] % taps:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={input.shape[1]} and kernel_size={kernel_size}."
        )
    rows, columns = _counts(output_size, kernel_size, dilation, padding, stride)
    if input.shape[2] != rows * columns:
        raise RuntimeError(
            f"Given output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {rows} * {columns} = {rows * columns}, but "
            f"got input.size(2)={input.shape[2]}."
        )
    return _images(input, output_size, kernel_size, dilation, padding, stride)


@col2im.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair,
    padding: Pair,
    stride: Pair,
) -> Grads:
    return (_columns(g, kernel_size, dilation, padding, stride),)
