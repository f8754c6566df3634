"""``view(dtype)``: one memory under two dtypes."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_the_same_bits() -> None:
    x = torch.tensor([1.0, -2.0, 0.0])
    assert x.view(torch.int32).tolist() == [0x3F800000, 0xC0000000 - 2**32, 0]
    assert x.view(dtype=torch.int32).view(torch.float32).tolist() == x.tolist()
    assert x.bfloat16().view(torch.int16).tolist() == [0x3F80, 0xC000 - 2**16, 0]


def test_another_width_changes_the_last_axis() -> None:
    x = torch.arange(8.0).reshape(2, 4)
    narrow = x[:, 2:].view(torch.uint8)
    assert narrow.shape == (2, 8)
    assert narrow.stride() == (16, 1)
    assert narrow.storage_offset() == 8
    wide = x.view(torch.int64)
    assert wide.shape == (2, 2)
    assert wide[0, 0].item() == 0x3F800000 << 32
    assert torch.zeros(0, 3).view(torch.uint8).shape == (0, 12)


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8, torch.int64])
def test_writes_are_seen_on_the_other_side(dtype: torch.dtype) -> None:
    x = torch.ones(2, 4)
    bits = x.view(dtype)
    bits.zero_()
    assert x.tolist() == [[0.0] * 4] * 2
    x.add_(1.5)
    doubled = x * 2
    assert bits.view(torch.float32).tolist() == [[1.5] * 4] * 2
    bits[0] = 0
    assert x.tolist() == [[0.0] * 4, [1.5] * 4]
    assert doubled.tolist() == [[3.0] * 4] * 2
    assert x.data_ptr() == bits.data_ptr()


def test_no_gradient_flows_through_a_dtype() -> None:
    x = torch.ones(2, requires_grad=True)
    assert not (x * 2).view(torch.int32).requires_grad
    assert not x.view(torch.float32).requires_grad


def test_a_transposed_tensor_keeps_its_steps() -> None:
    bits = torch.arange(6.0).reshape(2, 3).t().view(torch.int32)
    assert bits.stride() == (1, 3)
    assert bits.view(torch.float32).tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
