"""Operations on complex numbers whose values PyTorch 2.13 printed."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch

X = [[1 + 2j, 3 - 1j, 0.5j], [2, 1j, -1]]


def _near(mine: torch.Tensor, theirs: object) -> None:
    np.testing.assert_allclose(mine.detach().numpy(), np.array(theirs), atol=2e-4)


def test_logcumsumexp_and_its_slope() -> None:
    x = torch.tensor(X, requires_grad=True)
    y = torch.logcumsumexp(x, 1)
    y.backward(torch.tensor([[1 + 1j, 2, 3], [0.5j, 1, -1j]]))
    _near(y[0], [1 + 2j, 2.8564 - 0.9780j, 2.8633 - 0.9211j])
    _near(x.grad[0], [0.2375 + 0.8473j, 5.7370 + 0.3220j, 0.0255 - 0.1693j])


def test_logaddexp_is_shifted_by_the_larger_real_part() -> None:
    x, y = torch.tensor([1 + 1j, 800 + 2j, -np.inf]), torch.tensor([2 - 1j, 801 + 0j, -np.inf])
    found = torch.logaddexp(x, y)
    _near(found[0], np.log(np.exp(1 + 1j) + np.exp(2 - 1j)))
    _near(found[1], 801 + np.log(1 + np.exp(-1 + 2j)))
    assert found[2].real.item() == -np.inf


def test_silu_normalize_and_gradient() -> None:
    x = torch.tensor(X)
    _near(torch.nn.functional.silu(x), np.array(X) / (1 + np.exp(-np.array(X))))
    _near(torch.nn.functional.normalize(x)[1], [0.8165, 0.4082j, -0.4082])
    assert torch.gradient(x, dim=1)[0].dtype is torch.complex64


def test_masked_variance_counts_in_real_numbers() -> None:
    mask = torch.tensor([[True, False, True], [False, False, False]])
    _near(torch.masked.var(torch.tensor(X), 1, mask=mask)[0], 1.625)
    _near(torch.masked.logsumexp(torch.tensor(X), 1, mask=mask)[0], 1.0859 + 1.6565j)


def test_abs_is_refused_in_place() -> None:
    with pytest.raises(RuntimeError, match="In-place abs"):
        torch.tensor(X).abs_()


def test_parts_of_an_empty_complex_tensor() -> None:
    assert torch.zeros(1, 0, 3, dtype=torch.complex64).imag.shape == (1, 0, 3)


def test_softsign_divides_by_the_modulus() -> None:
    x = torch.tensor([3 + 4j], requires_grad=True)
    y = torch.nn.functional.softsign(x)
    _near(y, [0.5 + 0.6667j])
    y.backward(torch.tensor([1 + 0j]))
    # 1/6 - 3 (3 + 4j) / (5 * 36): through the modulus too
    _near(x.grad, [1 / 6 - 3 * (3 + 4j) / 180])


def test_float_power_in_place_wants_doubles() -> None:
    with pytest.raises(RuntimeError, match="float_power_"):
        torch.ones(2).float_power_(2)


def test_angle_of_real_numbers_has_no_slope() -> None:
    x = torch.tensor([1.0, -1.0, 0.0, float("nan"), float("-inf")], requires_grad=True)
    out = x.angle()
    out.sum().backward()
    assert x.grad.tolist() == [0.0] * 5
    assert out[1].item() == out[4].item() == 3.1415927410125732


def test_linspace_between_complex_numbers() -> None:
    assert torch.linspace(0, 1j, 3).tolist() == [0, 0.5j, 1j]
