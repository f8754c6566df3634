"""Which nodes share a kernel."""

from __future__ import annotations

from rushlight.base.dtype import float32
from rushlight.compiler.passes.fuse import Group, fuse
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node


def kernels(*sinks: Node) -> list[Group]:
    groups, _ = fuse(simplify(list(sinks)))
    return [group for group in groups if group.outputs or group.node is not None]


def repeated(row: Node, shape: tuple[int, ...], axis: int) -> Node:
    keep = tuple(1 if place == axis else size for place, size in enumerate(shape))
    return build.expand(build.reshape(row, keep), shape)


def softmax(x: Node, axis: int) -> Node:
    top = repeated(build.reduce(x, "max", (axis,)), x.shape, axis)
    power = build.unary("exp", build.binary("sub", x, top))
    return build.binary("div", power, repeated(build.reduce(power, "sum", (axis,)), x.shape, axis))


def layer_norm(x: Node) -> Node:
    count = build.const(x.shape[1], x.shape[:1], float32)
    mean = build.binary("div", build.reduce(x, "sum", (1,)), count)
    gap = build.binary("sub", x, repeated(mean, x.shape, 1))
    spread = build.binary("div", build.reduce(build.binary("mul", gap, gap), "sum", (1,)), count)
    scale = build.unary(
        "rsqrt", build.binary("add", spread, build.const(1e-5, spread.shape, float32))
    )
    return build.binary("mul", gap, repeated(scale, x.shape, 1))


def test_softmax_is_one_kernel_that_stores_one_array() -> None:
    x = build.input(0, (64, 100), float32)
    for axis in (0, 1):
        result = softmax(x, axis)
        [group] = kernels(result)
        assert [node.op for node in group.outputs] == ["div"]


def test_layer_norm_is_one_kernel() -> None:
    [group] = kernels(layer_norm(build.input(0, (64, 100), float32)))
    assert len(group.outputs) == 1


def test_rows_too_few_for_threads_are_not_fused_when_large() -> None:
    assert len(kernels(softmax(build.input(0, (2, 1 << 20), float32), 1))) == 3


def test_an_optimiser_step_is_one_kernel_with_two_results() -> None:
    p, m, g = (build.input(place, (50,), float32) for place in range(3))
    rate = build.const(0.1, (50,), float32)
    momentum = build.binary("add", build.binary("mul", m, rate), g)
    [group] = kernels(build.binary("sub", p, build.binary("mul", rate, momentum)), momentum)
    assert len(group.outputs) == 2


def test_sums_of_the_same_array_are_one_kernel() -> None:
    x, y = (build.input(place, (128, 40), float32) for place in range(2))
    sums = [build.reduce(x, "sum", (0,)), build.reduce(build.binary("mul", x, y), "sum", (0,))]
    assert len(kernels(*sums)) == 1


def test_what_costs_is_computed_once() -> None:
    x = build.input(0, (8, 9), float32)
    power = build.unary("exp", x)
    turned = build.permute(power, (1, 0))
    first = build.reduce(build.binary("mul", turned, turned), "sum", (0,))
    groups = kernels(build.dot(power, build.permute(power, (1, 0))), first)
    assert sum(power in group.outputs for group in groups) == 1


def test_no_cycle_of_kernels() -> None:
    # exp joins neither the kernel of the sum that the product reads, nor splits it from its reader
    x = build.input(0, (32, 32), float32)
    total = build.reduce(x, "sum", (1,))
    product = build.dot(x, build.expand(build.reshape(total, (32, 1)), (32, 32)))
    late = build.binary("add", product, build.expand(build.reshape(total, (32, 1)), (32, 32)))
    groups = kernels(build.binary("mul", late, x), total)
    order = {node: place for place, group in enumerate(groups) for node in group.roots}
    assert [group.node is not None for group in groups] == [False, True, False]
    assert order[total] == 0


def test_bias_and_relu_go_into_the_product() -> None:
    x, w, b = (build.input(k, s, float32) for k, s in enumerate(((4, 5), (5, 6), (6,))))
    product = build.binary("add", build.dot(x, w), build.broadcast(b, (4, 6)))
    active = build.binary("maximum", product, build.const(0, (4, 6), float32))
    [group] = kernels(active)
    assert group.absorbed is not None
    assert group.absorbed.relu
    assert group.absorbed.bias is not None
    # somebody looks at the product before its relu
    groups = kernels(active, product)
    assert [each.absorbed is not None and not each.absorbed.relu for each in groups] == [
        True,
        False,
    ]
