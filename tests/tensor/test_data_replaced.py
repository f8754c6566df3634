"""``w.data = other`` between the forward and the backward pass: backward reads the new numbers."""

import pytest

import rushlight as torch


def test_the_gradient_is_of_what_the_leaf_holds_now():
    w = torch.ones(3, requires_grad=True)
    y = (w * w).sum()
    w.data = torch.full((3,), 5.0)
    y.backward()
    assert w.grad.tolist() == [10.0, 10.0, 10.0]


def test_of_another_dtype_it_is_converted():
    w = torch.ones(3, requires_grad=True)
    y = (w * w).sum()
    w.data = torch.full((3,), 5.0, dtype=torch.float64)
    y.backward()
    assert w.grad.tolist() == [10.0, 10.0, 10.0]


def test_of_another_shape_it_is_an_error():
    w = torch.ones(3, requires_grad=True)
    y = (w * w).sum()
    w.data = torch.full((4,), 5.0)
    with pytest.raises(RuntimeError, match="needs the same shape"):
        y.backward()


def test_others_keep_the_old_numbers():
    w = torch.full((3,), 2.0, requires_grad=True)
    v = torch.ones(3, requires_grad=True)
    y = (v * w.detach()).sum()
    w.data = torch.full((3,), 5.0)
    y.backward()
    assert v.grad.tolist() == [2.0, 2.0, 2.0]


def test_numbers_swapped_and_swapped_back():
    """As averaged weights are tried out."""
    w = torch.full((2,), 3.0, requires_grad=True)
    for _ in range(2):
        own, w.data = w.data, torch.zeros(2)
        with torch.no_grad():
            assert (w * w).sum().item() == 0.0
        w.data = own
        w.grad = None
        (w * w).sum().backward()
        assert w.grad.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_no_leaf_is_read_anew_too(times):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = (y * y).sum()
    for _ in range(times - 1):
        y.data = torch.zeros(2)
    y.data = torch.tensor([10.0, 20.0])
    z.backward()
    assert x.grad.tolist() == [60.0, 120.0]


def test_written_to_after_it_was_given():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = (y * y).sum()
    y.data = torch.tensor([1.0, 2.0])
    y.data.mul_(10)
    z.backward()
    assert x.grad.tolist() == [60.0, 120.0]


def test_a_result_keeps_what_its_own_gradient_needs():
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    y = x.exp()
    z = (y * 2).sum()
    y.data = torch.tensor([10.0, 20.0])
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0]
