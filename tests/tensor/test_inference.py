"""Tensors made in inference_mode: what they are, and what is refused of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F

NO_WRITE = "Inplace update to inference tensor outside InferenceMode is not allowed"
NO_SAVE = "Inference tensors cannot be saved for backward"


def made() -> torch.Tensor:
    with torch.inference_mode():
        return torch.ones(2) * 2


def test_which_tensors_are() -> None:
    x = torch.ones(2)
    with torch.inference_mode():
        y = x * 2
        data, view = torch.tensor([1.0]), x[:1]
        assert y.is_inference()
        assert data.is_inference()
        assert not view.is_inference()
        x.add_(1)
        y.add_(1)
        assert (x.is_inference(), y.is_inference(), y[:1].is_inference()) == (False, True, True)
        with torch.inference_mode(False):
            assert torch.is_grad_enabled()
            assert not (x * 1).is_inference()
    assert (y.is_inference(), x.is_inference(), torch.is_inference(data)) == (True, False, True)
    assert y.view(2, 1).is_inference()
    assert not y.clone().is_inference()
    assert not (y * 2).is_inference()
    assert y.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.add_(1), lambda x: x.zero_(), lambda x: x.copy_(torch.ones(2)),
        lambda x: x.__setitem__(0, 1.0), lambda x: x.normal_(),
        lambda x: torch.add(torch.ones(2), 1, out=x),
    ],
)  # fmt: skip
def test_writes_are_refused_outside(write: Callable[[Any], Any]) -> None:
    x = made()
    with pytest.raises(RuntimeError, match=NO_WRITE):
        write(x)
    assert x.tolist() == [2.0, 2.0]


def test_none_is_saved_for_backward() -> None:
    w, x = torch.ones(2, requires_grad=True), made()
    with pytest.raises(RuntimeError, match=NO_SAVE):
        w * x
    with pytest.raises(RuntimeError, match=NO_SAVE):
        F.mse_loss(w, x)
    (w + x).sum().backward()  # saves nothing
    (w * x.clone()).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [3.0, 3.0]


def test_the_same_program_with_and_without() -> None:
    w = torch.ones(2, requires_grad=True)
    for _ in range(3):
        (w * (torch.ones(2) * 2)).sum().backward()
        with pytest.raises(RuntimeError, match=NO_SAVE):
            w * made()


def test_no_gradient_and_no_version() -> None:
    x = made()
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        x.requires_grad_()
    with pytest.raises(RuntimeError, match="do not track version counter"):
        assert x._version
