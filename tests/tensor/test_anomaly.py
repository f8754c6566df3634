"""Anomaly detection: nan in a backward pass, and the forward line it comes from."""

from __future__ import annotations

import warnings

import pytest

import rushlight as torch
from rushlight.autograd import detect_anomaly, set_detect_anomaly
from rushlight.base import warn


def make_nan() -> torch.Tensor:
    x = torch.tensor([0.0, -1.0], requires_grad=True)
    (x.sqrt() * 2).sum().backward()
    assert x.grad is not None
    return x.grad


def test_nan_is_an_error_that_names_the_forward_line() -> None:
    told = r"^Function 'SqrtBackward0' returned nan values in its 0th output"
    with (
        pytest.warns(UserWarning) as caught,
        detect_anomaly(),
        pytest.raises(RuntimeError, match=told),
    ):
        make_nan()
    first, second = (str(each.message) for each in caught)
    assert first.startswith("Anomaly Detection has been enabled.")
    assert "Error detected in SqrtBackward0. Traceback of forward call" in second
    assert "(x.sqrt() * 2).sum().backward()" in second
    assert not torch.is_anomaly_enabled()


def test_without_the_check_nan_passes() -> None:
    with pytest.warns(UserWarning, match="Anomaly Detection"), detect_anomaly(check_nan=False):
        assert torch.isnan(make_nan())[1]


def test_a_graph_from_before_has_no_forward_line() -> None:
    x = torch.tensor([-1.0], requires_grad=True)
    y = x.log().sum().sqrt()
    with (
        set_detect_anomaly(True),
        pytest.warns(UserWarning, match="No forward pass information available"),
        pytest.raises(RuntimeError, match="returned nan values in its 0th output"),
    ):
        y.backward()


def test_an_overwritten_tensor_is_named_with_its_line() -> None:
    with set_detect_anomaly(True), pytest.warns(UserWarning, match="Error detected in Exp") as seen:
        x = torch.ones(2, requires_grad=True)
        y = x.exp()
        y.add_(1)
        with pytest.raises(RuntimeError, match=r"output 0 of Exp, is at version 1.*Good luck!"):
            y.sum().backward()
    assert "y = x.exp()" in str(seen[0].message)


def test_switches() -> None:
    set_detect_anomaly(True, check_nan=False)
    assert (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()) == (True, False)
    set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()
    with pytest.raises(TypeError, match="must be a bool"):
        set_detect_anomaly("yes")  # type: ignore[arg-type]


def test_the_same_gradients_as_without() -> None:
    grads = []
    for enabled in (False, True):
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        with set_detect_anomaly(enabled):
            layer(torch.ones(4, 3)).tanh().sum().backward()
        grads.append(layer.weight.grad)
    assert torch.equal(*grads)


def test_a_number_that_wants_a_gradient_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warn, "_told", set())
    x = torch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="Converting a tensor with requires_grad=True"):
        float(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(x) == 1.0
        assert int(x) == 1
