"""Gradient clipping and parameters as a vector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import utils


def with_gradients(*values: Any) -> list[Any]:
    params = []
    for value in values:
        param = nn.Parameter(torch.zeros(len(value)))
        param.grad = torch.tensor(value)
        params.append(param)
    return params


def test_clip_by_norm() -> None:
    params = with_gradients([3.0, 0.0], [4.0])
    params.append(nn.Parameter(torch.zeros(2)))  # no gradient
    first = params[0].grad
    assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(5.0)
    np.testing.assert_allclose(first.numpy(), [0.6, 0.0], rtol=1e-5)
    np.testing.assert_allclose(params[1].grad.numpy(), [0.8], rtol=1e-5)
    assert utils.clip_grad_norm_(params, 10.0).item() == pytest.approx(1.0)
    np.testing.assert_allclose(params[1].grad.numpy(), [0.8], rtol=1e-5)


def test_other_norms() -> None:
    assert utils.get_total_norm([torch.tensor([3.0, -4.0])], float("inf")).item() == 4.0
    assert utils.get_total_norm([torch.tensor([3.0, -4.0])], 1).item() == 7.0
    assert utils.get_total_norm([]).item() == 0.0
    params = with_gradients([1.0, 1.0])
    assert utils.clip_grad_norm_(params[0], 1.0, norm_type=1).item() == 2.0


def test_not_finite() -> None:
    params = with_gradients([float("nan")])
    with pytest.raises(RuntimeError, match="non-finite, so it cannot be clipped"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert np.isnan(utils.clip_grad_norm_(params, 1.0).item())


def test_nothing_to_clip_warns() -> None:
    with pytest.warns(UserWarning, match="empty generator"):
        assert utils.clip_grad_norm_((p for p in []), 1.0).item() == 0.0
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0  # a list says nothing


def test_clip_by_value() -> None:
    params = with_gradients([3.0, -2.0, 0.5])
    utils.clip_grad_value_(params, 1.0)
    assert params[0].grad.tolist() == [1.0, -1.0, 0.5]


def test_vectors() -> None:
    params = [nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.zeros(3))]
    vector = utils.parameters_to_vector(params)
    assert vector.tolist() == [1.0] * 4 + [0.0] * 3
    utils.vector_to_parameters(torch.arange(7.0), params)
    assert params[0].tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert params[1].tolist() == [4.0, 5.0, 6.0]
    with pytest.raises(TypeError, match=r"expected torch\.Tensor, but got"):
        utils.vector_to_parameters([1.0], params)
