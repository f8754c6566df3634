"""Equal elements go where PyTorch's unstable sort puts them: compiled, and in Python."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.ir import build, tied_order
from rushlight.ir.interpret import interpret

# Of real PyTorch 2.13, for (torch.arange(40) * 7) % 5.
UPWARDS = [
    10, 20, 25, 15, 30, 35, 5, 0, 33, 8, 28, 13, 3, 38, 23, 18, 31, 1, 36, 26, 21, 6, 16, 11,
    39, 19, 4, 34, 9, 29, 14, 24, 12, 27, 32, 7, 17, 37, 2, 22,
]  # fmt: skip
DOWNWARDS = [
    17, 2, 37, 22, 7, 32, 27, 12, 9, 24, 14, 29, 19, 34, 4, 39, 21, 1, 26, 31, 36, 16, 11, 6,
    18, 23, 38, 13, 28, 3, 8, 33, 0, 20, 5, 35, 10, 30, 15, 25,
]  # fmt: skip


def _x() -> torch.Tensor:
    return (torch.arange(40) * 7) % 5


def test_as_pytorch_names_them() -> None:
    assert torch.argsort(_x()).tolist() == UPWARDS
    assert torch.argsort(_x().float(), descending=True).tolist() == DOWNWARDS
    values, places = torch.sort(_x())
    assert places.tolist() == UPWARDS
    assert values.equal(_x()[places])


def test_stable_and_short_rows_stay_in_order() -> None:
    x = _x()
    expected = np.argsort(x.numpy(), kind="stable").tolist()
    assert torch.argsort(x, stable=True).tolist() == expected
    assert torch.sort(x[:16])[1].tolist() == np.argsort(x[:16].numpy(), kind="stable").tolist()


def test_large_vectors_of_integers_stay_in_order() -> None:
    x = torch.arange(40_000) % 13
    expected = np.argsort(x.numpy(), kind="stable")
    assert np.array_equal(torch.sort(x)[1].numpy(), expected)
    assert not np.array_equal(torch.sort(x.float())[1].numpy(), expected)


def _killer(count: int) -> list[int]:
    """What makes the median of three part unevenly (Musser, 1997): the heap has its turn."""
    half, made = count // 2, [0] * count
    for k in range(1, half + 1):
        if k % 2:
            made[k - 1], made[k] = k, half + k
        made[half + k - 1] = 2 * k
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("descending", [False, True])
def test_compiled_as_interpreted(dtype: type, descending: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 9, (2, 300, 2)).astype(dtype)
    node = build.argsort(build.input(0, x.shape, torch.from_numpy(x).dtype), 1, descending, True)
    (expected,) = interpret([node], [x])
    found = torch.sort(torch.from_numpy(x), 1, descending)[1]
    assert np.array_equal(found.numpy(), expected)


def test_the_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    row, heaps = _killer(4000), []
    heap = tied_order._heap_select
    monkeypatch.setattr(tied_order, "_heap_select", lambda *a: heaps.append(a) or heap(*a))
    keys = np.array(row) // 5
    expected = tied_order.sorted_places(keys)
    assert heaps
    assert torch.argsort(torch.from_numpy(keys).float()).tolist() == expected
