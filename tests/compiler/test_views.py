"""Windows: movement between a kernel of its own and a buffer as strides."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import int64
from rushlight.compiler.views import view_base, window
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret

X = build.input(0, (4, 6, 5), int64)
HEADS = build.permute(
    build.reshape(build.slice(X, (0, 1, 0), (4, 4, 5), (1, 1, 1)), (2, 2, 4, 5)), (2, 0, 1, 3)
)
ROW = build.expand(build.reshape(build.input(0, (5,), int64), (1, 5)), (3, 5))


@pytest.mark.parametrize(
    "node", [HEADS, build.permute(X, (2, 1, 0)), ROW], ids=["heads", "turned", "row"]
)
def test_a_window_reads_the_elements(node: Node) -> None:
    base, offset, strides = window(node)
    assert base.op == "input"
    values = np.arange(base.size).reshape(base.shape)
    seen = np.lib.stride_tricks.as_strided(
        values.reshape(-1)[offset:], node.shape, [8 * stride for stride in strides]
    )
    np.testing.assert_array_equal(seen, interpret([node], [values])[0])


def test_what_strides_cannot_say_is_put_into_a_buffer() -> None:
    turned = build.permute(X, (1, 0, 2))
    flat = build.reshape(turned, (24, 5))
    assert view_base(flat) is turned
    assert view_base(build.permute(flat, (1, 0))) is turned
    padded = build.pad(X, (1, 0, 0), (0, 0, 0), 0)
    assert view_base(build.permute(padded, (1, 0, 2))) is padded
