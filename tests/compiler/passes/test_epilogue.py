"""What contractions do to their results before the only store: values, and what is taken in."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, float64
from rushlight.compiler import SameAs, compile_graph
from rushlight.compiler.passes.epilogue import Absorbed
from rushlight.compiler.passes.fuse import fuse
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import Array, run_compiled


def absorbed(*sinks: Node, donatable: frozenset[int] = frozenset()) -> list[Absorbed]:
    """What the graph's contractions take in, in the order of their kernels."""
    groups, _ = fuse(simplify(list(sinks)), donatable)
    return [group.absorbed for group in groups if group.absorbed is not None]


def inputs(*shapes: tuple[int, ...], dtype: DType = float32) -> list[Node]:
    return [build.input(number, shape, dtype) for number, shape in enumerate(shapes)]


def convolved(x: Node, w: Node, groups: int = 1) -> Node:
    size = w.shape[-1] // 2
    return build.conv(x, w, (1, 1), ((size, size), (size, size)), (1, 1), groups)


def spread(row: Node, shape: tuple[int, ...]) -> Node:
    return build.broadcast(row, shape)


def normed(x: Node, scale: Node, shift: Node) -> Node:
    return build.fma(x, spread(scale, x.shape), spread(shift, x.shape))


def number(value: float, x: Node) -> Node:
    return build.const(value, x.shape, x.dtype)


def relu(x: Node) -> Node:
    return build.binary("maximum", x, number(0, x))


def relu6(x: Node) -> Node:
    low, high = number(0, x), number(6, x)
    raised = build.where(build.binary("lt", x, low), low, x)
    return build.where(build.binary("lt", high, raised), high, raised)


def random(node: Node, seed: int) -> Array:
    values = np.random.default_rng(seed).standard_normal(node.shape) * 3
    return values.astype(np.float64 if node.dtype is float64 else np.float32)


def agree(sinks: list[Node], nodes: list[Node], arrays: list[Array]) -> None:
    got, want = run_compiled(sinks, nodes, arrays), interpret(sinks, arrays)
    for one, other in zip(got, want, strict=True):
        # Winograd's sums end relative to the largest term.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-3)


# Each for a kernel of its own: panels, Winograd's, depthwise, few filters, few channels, groups,
# columns that fill no vector, long rows.
KERNELS = {
    "panels": ((2, 9, 7, 40), (64, 40, 1, 1), 1),
    "taps": ((2, 9, 7, 24), (48, 24, 3, 3), 1),
    "winograd": ((3, 12, 13, 32), (48, 32, 3, 3), 1),
    "winograd, ends": ((3, 12, 12, 32), (44, 32, 3, 3), 1),
    "depthwise": ((2, 11, 13, 48), (48, 1, 3, 3), 48),
    "few filters": ((2, 9, 40, 16), (3, 16, 3, 3), 1),
    "few channels": ((1, 40, 70, 3), (6, 3, 3, 3), 1),
    "groups": ((2, 9, 7, 32), (64, 8, 3, 3), 4),
    "columns": ((2, 5, 5, 12), (20, 12, 1, 1), 1),
    "one row": ((1, 1, 1, 300), (32, 300, 1, 1), 1),
}


@pytest.mark.parametrize("dtype", [float32, float64])
@pytest.mark.parametrize("kernel", list(KERNELS))
def test_values(kernel: str, dtype: DType) -> None:
    shape, weights, groups = KERNELS[kernel]
    row = (weights[0],)
    result = (*shape[:-1], weights[0])
    nodes = inputs(shape, weights, row, row, row, result, dtype=dtype)
    x, w, bias, scale, shift, residual = nodes
    arrays = [random(node, seed) for seed, node in enumerate(nodes)]
    conv = convolved(x, w, groups)
    plain = normed(conv, scale, shift)
    biased = build.binary("add", conv, spread(bias, conv.shape))
    whole = relu(build.binary("add", normed(biased, scale, shift), residual))
    for sink in (relu(plain), relu6(plain), whole, build.binary("add", residual, conv)):
        agree([sink], nodes, arrays)
    arrays[0][0, 0, 0, 0], arrays[0][-1, -1, -1, -1] = np.nan, np.inf
    agree([relu6(plain)], nodes, arrays)


def test_a_residual_block_is_one_kernel() -> None:
    x, w, scale, shift, other = inputs((2, 8, 8, 32), (32, 32, 1, 1), (32,), (32,), (2, 8, 8, 32))
    biased = build.binary("add", convolved(x, w), spread(shift, other.shape))
    end = relu(build.binary("add", normed(biased, scale, shift), other))
    [one] = absorbed(end)
    assert one.last.op == "maximum"
    assert [name for name, _ in one.extras] == ["bias", "scale", "shift", "residual"]
    plan = compile_graph([end], [x, w, scale, shift, other], [])
    assert sum("pack" not in label for label in plan.labels) == 1


def test_of_two_branches_one_adds() -> None:
    x, w, u, scale, shift = inputs((2, 8, 8, 32), (32, 32, 1, 1), (32, 32, 3, 3), (32,), (32,))
    left, right = (normed(convolved(x, weight), scale, shift) for weight in (w, u))
    both = absorbed(relu(build.binary("add", left, right)))
    assert [(one.residual is not None, one.relu) for one in both] == [(False, False), (True, True)]
    nodes = [x, w, u, scale, shift]
    arrays = [random(node, seed) for seed, node in enumerate(nodes)]
    agree([relu(build.binary("add", left, right))], nodes, arrays)


def test_relu6_is_taken_in_and_other_cuts_are_not() -> None:
    x, w = inputs((2, 8, 8, 32), (32, 32, 1, 1))
    conv = convolved(x, w)
    [one] = absorbed(relu6(conv))
    assert one.relu
    assert one.ceiling == 6
    low, high = number(-1, conv), number(1, conv)
    raised = build.where(build.binary("lt", conv, low), low, conv)
    assert absorbed(build.where(build.binary("lt", high, raised), high, raised)) == []
    # Somebody looks at what is in between.
    first = convolved(x, w)
    assert absorbed(relu6(first), first) == []
    turned = build.where(build.binary("lt", conv, number(0, conv)), conv, number(0, conv))
    assert absorbed(turned) == []


def test_what_is_not_in_memory_is_not_added_by_the_contraction() -> None:
    x, w, y = inputs((64, 32), (32, 48), (64, 48))
    made = build.unary("exp", y)
    assert absorbed(build.binary("add", build.dot(x, w), made)) == []
    [one] = absorbed(build.binary("add", build.dot(x, w), y))
    assert one.residual is y
    # Read number by number it would take longer than a kernel of its own.
    turned = build.permute(build.input(2, (48, 64), float32), (1, 0))
    assert absorbed(build.binary("add", build.dot(x, w), turned)) == []
    product = build.dot(x, w)
    assert absorbed(build.binary("add", product, product)) == []
    # One number for all is no array.
    assert absorbed(build.binary("add", product, number(3, product))) == []


def test_what_is_added_to_a_donated_input_is_written_over_it() -> None:
    x, w, total = inputs((64, 32), (32, 48), (64, 48))
    sink = build.binary("add", total, build.dot(x, w))
    assert absorbed(sink, donatable=frozenset((2,))) == []
    plan = compile_graph([sink], [x, w, total], [], frozenset((2,)))
    assert plan.outputs == (SameAs(2),)


@pytest.mark.parametrize(("rows", "depth", "columns"), [(70, 3000, 33), (1, 64, 48), (300, 40, 96)])
def test_products_add_what_is_in_memory(rows: int, depth: int, columns: int) -> None:
    shapes = ((rows, depth), (depth, columns), (columns,), (rows, columns), (columns, rows))
    nodes = inputs(*shapes)
    x, w, bias, residual, turned = nodes
    arrays = [random(node, seed) / 4 for seed, node in enumerate(nodes)]
    product = build.binary("add", build.dot(x, w), spread(bias, (rows, columns)))
    other = build.permute(turned, (1, 0))
    for extra in (residual, other):
        agree([relu(build.binary("add", product, extra))], nodes, arrays)
    batch = [build.input(k, (3, *shapes[k]), float32) for k in (0, 1)]
    several = [random(node, seed) / 4 for seed, node in enumerate(batch)] + arrays[3:4]
    row = build.input(2, (rows, columns), float32)
    sink = build.binary("add", spread(row, (3, rows, columns)), build.dot(*batch))
    agree([sink], [*batch, row], several)
