"""``out=`` of linear algebra, and norms that keep every axis."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_results_are_written_where_asked() -> None:
    x = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    out = torch.empty(2, 2)
    assert torch.linalg.inv(x, out=out) is out
    assert out.tolist() == [[0.5, 0], [0, 0.25]]
    sign, size = torch.empty(()), torch.empty(())
    torch.linalg.slogdet(x, out=(sign, size))
    assert (sign.item(), round(size.item(), 4)) == (1, 2.0794)


def test_norm_keeps_every_axis() -> None:
    x = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    kept = torch.linalg.norm(x, keepdim=True)
    assert (kept.shape, kept.item()) == ((1, 1), 5)


def test_resizing_out_warns() -> None:
    target = torch.zeros(2)
    with pytest.warns(UserWarning, match="was resized"):
        torch.add(torch.ones(3), 1, out=target)
    assert target.tolist() == [2, 2, 2]


def test_some_results_are_converted_and_some_are_not() -> None:
    wide = torch.zeros(2, dtype=torch.float64)
    assert torch.add(torch.ones(2), 1, out=wide).tolist() == [2, 2]
    for refuses in (torch.floor, torch.neg, lambda x, out: torch.softmax(x, 0, out=out)):
        with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float"):
            refuses(torch.ones(2), out=wide)
    assert wide.tolist() == [2, 2]
    inner = torch.empty(0)
    assert torch.tensordot(torch.ones(2, 2), torch.ones(2, 2), 1, out=inner) is inner
    assert inner.tolist() == [[2, 2], [2, 2]]


def test_what_is_made_of_no_tensor_takes_the_dtype_of_out() -> None:
    wide = torch.zeros(3, dtype=torch.float64)
    assert torch.full((3,), 2, out=wide).tolist() == [2, 2, 2]
    assert torch.eye(3, out=torch.zeros(0, dtype=torch.int64)).dtype is torch.int64
    assert torch.linspace(0, 1, 3, out=wide).tolist() == [0, 0.5, 1]
    with pytest.raises(RuntimeError, match=r"dtype Float does not match .* \(Double\)"):
        torch.zeros(3, out=wide, dtype=torch.float32)
    with pytest.raises(RuntimeError, match="only supports bool tensor for result"):
        torch.any(wide, out=wide)
    assert torch.any(wide, out=torch.tensor(0, dtype=torch.uint8)).item() == 1
