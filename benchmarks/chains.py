"""What memory limits (element-wise, reduction and softmax chains), and what arithmetic limits.

16M float32 elements are 64 MiB, beyond every cache. A chain reads its inputs and writes its result
once; that is what ``bytes_moved`` counts. Results are kept alive until they are whole.
"""

from __future__ import annotations

from typing import Any

from benchmarks.workload import Step, workload

_SIDE = 4096
_MB = _SIDE * _SIDE * 4


def _read_one(result: Any) -> float:
    """Make the whole of ``result`` be there, at the cost of one element."""
    return result.view(-1)[0].item()  # type: ignore[no-any-return]


@workload("relu(x * 0.5 + y), 16M", bytes_moved=3 * _MB, unit="GB/s")
def relu_chain(torch: Any, _: int) -> Step:
    x, y = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE)
    return lambda: _read_one(torch.relu(x * 0.5 + y))


@workload("sigmoid(2 * x + 1) * x, 16M", bytes_moved=2 * _MB, unit="GB/s")
def sigmoid_chain(torch: Any, _: int) -> Step:
    x = torch.randn(_SIDE, _SIDE)
    return lambda: _read_one(torch.sigmoid(2 * x + 1) * x)


@workload("gelu(x + b), 4096 x 4096, b a row", bytes_moved=2 * _MB, unit="GB/s")
def gelu_chain(torch: Any, _: int) -> Step:
    x, b = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE)
    return lambda: _read_one(torch.nn.functional.gelu(x + b))


@workload("((x - y) ** 2).mean(), 16M", bytes_moved=2 * _MB, unit="GB/s")
def mean_square(torch: Any, _: int) -> Step:
    x, y = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE)
    return lambda: ((x - y) ** 2).mean().item()


@workload("(x * 2).sum(0), 4096 x 4096", bytes_moved=_MB, unit="GB/s")
def column_sum(torch: Any, _: int) -> Step:
    x = torch.randn(_SIDE, _SIDE)
    return lambda: _read_one((x * 2).sum(0))


@workload("x.var(1), 4096 x 4096", bytes_moved=_MB, unit="GB/s")
def row_variance(torch: Any, _: int) -> Step:
    x = torch.randn(_SIDE, _SIDE)
    return lambda: _read_one(x.var(1))


@workload("softmax(x / 8, 1), 4096 x 4096", bytes_moved=2 * _MB, unit="GB/s")
def softmax_rows(torch: Any, _: int) -> Step:
    x = torch.randn(_SIDE, _SIDE)
    return lambda: _read_one(torch.softmax(x / 8, 1))


@workload("log_softmax(x, 0), 4096 x 4096", bytes_moved=2 * _MB, unit="GB/s")
def log_softmax_columns(torch: Any, _: int) -> Step:
    x = torch.randn(_SIDE, _SIDE)
    return lambda: _read_one(torch.log_softmax(x, 0))


@workload("layer_norm, 4096 x 4096", bytes_moved=2 * _MB, unit="GB/s")
def layer_norm(torch: Any, _: int) -> Step:
    x, w, b = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE), torch.randn(_SIDE)
    return lambda: _read_one(torch.nn.functional.layer_norm(x, (_SIDE,), w, b))


@workload(
    "matmul {0} x {0} x {0}", sizes=(1024,), threads=(1, 2), flops=2 * 1024**3, unit="GFLOP/s"
)
def matmul(torch: Any, size: int) -> Step:
    a, b = torch.randn(size, size), torch.randn(size, size)
    return lambda: _read_one(a @ b)
