"""One known number is compared at once, with the bit that a recorded comparison gives."""

import math
import operator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.tensor.compare_now import compared

NAMES = ("eq", "ne", "lt", "le", "gt", "ge")
NUMBERS: list[Any] = [
    0, 1, -1, 0.1, 0.5, -0.0, 2.5, True, math.inf, -math.inf, math.nan, 1e39, 1e-40, 1e-46, 3e38,
    2**24, 2**24 + 1, 2**40 + 1, 2**62, 16777217.0, 0.1 + 2**-30,
]  # fmt: skip
ELEMENTS = {
    torch.float32: [0.1, 0.5, -0.0, 1e-40, math.inf, math.nan, 16777216.0, 3e38],
    torch.float64: [0.1, 2.5, 1e39, 1e-310, math.nan, float(2**40 + 1)],
    torch.int64: [0, 1, -1, 2**24 + 1, 2**40 + 1, 2**62],
    torch.int32: [0, 3],
    torch.bool: [True],
    torch.bfloat16: [0.1],
}


@pytest.mark.parametrize("kind", list(ELEMENTS), ids=str)
def test_same_as_recorded(kind: Any) -> None:
    x = torch.tensor(ELEMENTS[kind], dtype=kind)
    some = False
    for name in NAMES:
        compare, recorded = getattr(operator, name), getattr(torch, name)
        for element in x:
            for other in (*NUMBERS, *x):
                made = compared(compare, element, other)
                if made is not None:
                    assert made.dtype is torch.bool and made.shape == ()
                    assert made.item() is recorded(element, other).item(), (name, element, other)
                    some = True
    assert some == (kind in (torch.float32, torch.float64, torch.int64, torch.int32))


def test_what_is_compared_at_once() -> None:
    x = torch.tensor([1.0, -2.0, 3.0])
    for each in x:
        assert compared(operator.gt, each, 0) is not None
    assert [bool(each > 0) for each in x] == [True, False, True]
    assert [bool(0 > each) for each in x] == [False, True, False]  # noqa: SIM300
    assert compared(operator.gt, x, 0) is None
    assert compared(operator.gt, x[0], "0") is None
    assert compared(operator.gt, (x + 1)[0], 0) is None  # not computed yet
    assert compared(operator.gt, x[0], torch.tensor(1)) is None  # of another dtype
    with pytest.raises(TypeError):
        x[0] > "0"  # type: ignore[operator]  # noqa: B015


def test_shapes_and_what_the_result_is() -> None:
    one = torch.tensor([[2.0]])
    assert (one == 2).shape == (1, 1)
    assert (one < torch.ones(3)).tolist() == [[False, False, False]]
    first, second = one > 1, one > 1
    first.fill_(False)
    assert not first.item() and second.item()
    array = second.numpy()
    array[...] = False
    assert not second.item() and (one > 1).item()
    leaf = torch.tensor(2.0, requires_grad=True)
    assert not (leaf > 1).requires_grad


def test_what_is_written_later_and_outside() -> None:
    array = np.ones(2, np.float32)
    seen = torch.from_numpy(array)
    assert (seen[1] > 0).item()
    array[1] = -1
    assert not (seen[1] > 0).item()
    x = torch.ones(3)
    assert (x[1] == 1).item()
    made = x[1] == 1
    x.add_(1)
    assert made.item() and not (x[1] == 1).item()  # the second is of a lazy one


def test_where_values_are_samples() -> None:
    found = torch.func.vmap(lambda row: torch.where(row > torch.tensor(0.5), 1, 0))(
        torch.tensor([0.2, 0.7])
    )
    assert found.tolist() == [0, 1]


def test_modes_hear_of_it() -> None:
    names = []

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            names.append(getattr(function, "__name__", str(function)))
            return function(*args, **(kwargs or {}))

    x = torch.tensor(1.0)
    with Mode():
        assert (x > 0).item()
    assert any("gt" in name for name in names)
