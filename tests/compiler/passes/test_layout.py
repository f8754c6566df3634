"""Permutes of channels-last results cancel along chains."""

from __future__ import annotations

from rushlight.base.dtype import float32
from rushlight.compiler.passes.layout import layout
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort

NO_PAD = ((0, 0), (0, 0))


def to_first(x: Node) -> Node:
    return build.permute(x, (0, 3, 1, 2))


def to_last(x: Node) -> Node:
    return build.permute(x, (0, 2, 3, 1))


def conv(x: Node, w: Node) -> Node:
    return to_first(build.conv(to_last(x), w, (1, 1), NO_PAD, (1, 1)))


def permutes(sinks: list[Node]) -> list[Node]:
    return [node for node in toposort(simplify(layout(simplify(sinks)))) if node.op == "permute"]


def chain() -> tuple[Node, Node]:
    """(activation between two convolutions, result): norm-like scaling, relu, pool."""
    x = build.input(0, (2, 3, 12, 12), float32)
    first, second = build.input(1, (8, 3, 3, 3), float32), build.input(2, (4, 8, 3, 3), float32)
    y = conv(x, first)
    scale = build.expand(build.reshape(build.input(3, (8,), float32), (1, 8, 1, 1)), y.shape)
    active = build.binary(
        "maximum", build.binary("mul", y, scale), build.const(0, y.shape, float32)
    )
    pooled = build.pool(to_last(active), "max", (2, 2), (2, 2), NO_PAD, (1, 1))
    return active, conv(to_first(pooled), second)


def test_a_chain_of_convolutions_converts_only_at_its_ends() -> None:
    _, result = chain()
    found = permutes([result])
    assert [node.src[0].op for node in found] == ["input", "conv"]


def test_a_sink_in_the_middle_is_converted_alone() -> None:
    active, result = chain()
    assert len(permutes([active, result])) == 3


def test_statistics_over_all_but_channels_need_no_permute() -> None:
    active, _ = chain()
    total = build.reduce(active, "sum", (0, 2, 3))
    assert [node.src[0].op for node in permutes([total])] == ["input"]


def test_a_gradient_comes_back_in_the_same_layout() -> None:
    active, result = chain()
    slope = to_first(
        build.conv_input_grad(
            to_last(result),
            build.input(2, (4, 8, 3, 3), float32),
            (2, 5, 5, 8),
            (1, 1),
            NO_PAD,
            (1, 1),
        )
    )
    seen = build.slice(active, (0, 0, 0, 0), slope.shape, (1, 1, 2, 2))
    masked = build.where(build.binary("lt", build.const(0, seen.shape, float32), seen), slope, seen)
    total = build.reduce(masked, "sum", (0, 2, 3))
    assert [node.src[0].op for node in permutes([total])] == ["input"]


def test_merging_spatial_axes_passes() -> None:
    active, _ = chain()
    flat = build.reshape(active, (2, 8, 100))
    assert [n.src[0].op for n in permutes([build.reduce(flat, "max", (2,))])] == ["input"]


def test_flattening_to_rows_does_not() -> None:
    active, _ = chain()
    flat = build.reshape(active, (2, 800))
    assert len(permutes([build.unary("exp", flat)])) == 2


def test_a_transposed_product_turns_around() -> None:
    a, b = build.input(0, (3, 4), float32), build.input(1, (4, 5), float32)
    [result] = layout([build.permute(build.dot(a, b), (1, 0))])
    assert result.op == "dot"
    assert result.src[0].src[0] is b
    # but not where the product itself is wanted too
    product = build.dot(a, b)
    _, result = layout([product, build.unary("exp", build.permute(product, (1, 0)))])
    assert result.src[0].op == "permute"
