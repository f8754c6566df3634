"""Axes and sizes each on its own, or in one sequence."""

import pytest

import rushlight as torch

x = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("permute", (1, 0)), ("flip", (1, 0)), ("tile", (2, 1)), ("reshape", (3, 2)),
     ("broadcast_to", (4, 2, 3))],
)  # fmt: skip
def test_functions_take_one_sequence_and_methods_either(name, sizes):
    expected = getattr(x, name)(sizes)
    assert torch.equal(getattr(torch, name)(x, list(sizes)), expected)
    if name != "broadcast_to":
        assert torch.equal(getattr(x, name)(*sizes), expected)
    with pytest.raises(TypeError, match="positional arguments"):
        getattr(torch, name)(x, *sizes)
    with pytest.raises(TypeError, match="must be tuple of ints, not int"):
        getattr(torch, name)(x, sizes[0])


def test_squeeze_and_count_nonzero_take_axes_each_on_its_own():
    ones = torch.zeros(1, 1, 3)
    assert ones.squeeze(0, 1).shape == (3,)
    assert ones.squeeze((0, 1)).shape == ones.squeeze(axis=(0, 1)).shape == (3,)
    assert ones.clone().squeeze_(0, 1).shape == (3,)
    assert x.count_nonzero(0, 1).item() == 5
    with pytest.raises(TypeError):
        torch.squeeze(ones, 0, 1)
