"""A number equal to the default of its parameter is a constant of the plan, as the default is."""

from typing import Any

import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats

x = torch.tensor([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])  # in memory, not recorded


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (torch.nn.functional.softplus, 1.0),
        (torch.nn.functional.celu, 1.0),
        (torch.nn.functional.elu, 1.0),
    ],
)
def test_of_equal_numbers_there_is_one_plan(call: Any, number: float) -> None:
    clear()  # what tests before this one have left to be computed would be part of the first plan
    expected = call(x).tolist()
    before = stats.plans
    assert call(x, float(str(number))).tolist() == expected
    assert stats.plans == before
    call(x, 0.75 * number).tolist()
    assert stats.plans == before + 1


def test_whole_numbers_give_the_same() -> None:
    assert torch.nn.functional.celu(x, 1).tolist() == torch.nn.functional.celu(x).tolist()
