"""What recording costs: operations on so little data that nothing else is left."""

from __future__ import annotations

from typing import Any

from benchmarks.workload import Step, workload

_OPS = 200


@workload("one op on 4 numbers", threads=(1,), ops=_OPS + 1, unit="us")
def one_op(torch: Any, _: int) -> Step:
    x = torch.full((4,), 1.001)

    def step() -> float:
        y = x
        for _ in range(_OPS // 2):
            y = y * x
            y = y - x
        return y.sum().item()  # type: ignore[no-any-return]

    return step
