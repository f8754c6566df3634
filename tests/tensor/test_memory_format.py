"""Memory formats: strides where a user asks for them, copies that keep them, PyTorch's refusals."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_channels_last_and_back() -> None:
    x = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).float()
    y = x.to(memory_format=torch.channels_last)
    assert y.stride() == (60, 1, 15, 3) and x.stride() == (60, 20, 5, 1)
    assert not y.is_contiguous() and y.is_contiguous(memory_format=torch.channels_last)
    assert not x.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, y) and y.contiguous(memory_format=torch.channels_last) is y
    assert y.contiguous().stride() == x.stride() and x.contiguous() is x
    z = torch.ones(2, 3, 4, 5, 6).contiguous(memory_format=torch.channels_last_3d)
    assert z.stride() == (360, 1, 90, 18, 3)


def test_copies_lie_as_what_they_copy() -> None:
    x = torch.rand(4, 3).t()
    assert x.clone().stride() == x.double().stride() == x.to(torch.float16).stride() == (1, 3)
    assert x.clone(memory_format=torch.contiguous_format).stride() == (4, 1)
    assert torch.rand(3, 1).expand(3, 4).clone().stride() == (4, 1)
    assert torch.rand(6, 4)[::2].clone().stride() == (4, 1)
    y = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert y.clone().stride() == y.double().stride() == y.stride()


def test_gradients_go_through() -> None:
    x = torch.rand(1, 2, 3, 3, requires_grad=True)
    weight = torch.rand(4, 2, 2, 2)
    torch.conv2d(x.to(memory_format=torch.channels_last), weight).sum().backward()
    expected = torch.autograd.grad(torch.conv2d(x, weight).sum(), x)[0]
    assert x.grad is not None and torch.equal(x.grad, expected)


@pytest.mark.parametrize(
    ("shape", "wanted"), [((2,), "channels_last"), ((2, 3, 4, 5), "channels_last_3d")]
)
def test_ranks_that_do_not_fit(shape: tuple[int, ...], wanted: str) -> None:
    with pytest.raises(RuntimeError, match=f"required rank [45] tensor to use {wanted} format"):
        torch.ones(shape).to(memory_format=getattr(torch, wanted))


def test_other_refusals() -> None:
    with pytest.raises(RuntimeError, match="preserve memory format is unsupported"):
        torch.ones(2).contiguous(memory_format=torch.preserve_format)
    with pytest.raises(TypeError, match=r"must be torch\.memory_format, not str"):
        torch.ones(2).clone(memory_format="channels_last")


def test_casts_to_the_same_dtype_take_the_format() -> None:
    x = torch.arange(36.0).reshape(2, 3, 2, 3)
    assert x.float(memory_format=torch.channels_last).stride() == (18, 1, 9, 3)
    assert x.to(torch.float32, memory_format=torch.channels_last).stride() == (18, 1, 9, 3)
    assert x.cpu(memory_format=torch.channels_last).stride() == (18, 1, 9, 3)
    assert x.float() is x
    assert x.float(memory_format=torch.contiguous_format) is x


def test_a_tensor_without_elements_lies_channels_last_by_its_strides() -> None:
    x = torch.zeros(3, 2, 2, 0, requires_grad=True)
    assert not x.is_contiguous(memory_format=torch.channels_last)
    assert not x.contiguous(memory_format=torch.channels_last).is_leaf
