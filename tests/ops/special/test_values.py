"""Special functions at points whose values are known to many digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rushlight as torch

# Mathematical tables (DLMF, Abramowitz and Stegun), 12 digits.
KNOWN = [
    ("bessel_j0", 2.5, -0.048383776468),
    ("bessel_j0", 40.0, 0.007366890584),
    ("bessel_j1", 2.5, 0.497094102464),
    ("bessel_y0", 2.5, 0.498070359615),
    ("bessel_y1", 30.0, 0.084425570660),
    ("modified_bessel_i0", 3.0, 4.880792585865),
    ("modified_bessel_k0", 0.5, 0.924419071227),
    ("modified_bessel_k1", 2.0, 0.139865881817),
    ("airy_ai", 0.0, 0.355028053888),
    ("airy_ai", 1.0, 0.135292416313),
    ("airy_ai", -10.0, 0.040241238486),
    ("erfcx", 1.0, 0.427583576156),
    ("erfcx", 30.0, 0.018795888861),
    ("ndtr", 1.0, 0.841344746069),
    ("ndtri", 0.975, 1.959963984540),
    ("log_ndtr", -40.0, -804.608442013754),
    ("entr", 0.5, 0.346573590280),
    ("i0e", 1000.0, 0.012617240455),
    ("digamma", 1.0, -0.577215664902),
]


@pytest.mark.parametrize(("name", "x", "value"), KNOWN)
def test_known_value(name: str, x: float, value: float) -> None:
    found = getattr(torch.special, name)(torch.tensor(x, dtype=torch.float64)).item()
    assert found == pytest.approx(value, rel=2e-9, abs=2e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_slope_of_sinc_near_zero_has_its_digits(dtype: torch.dtype) -> None:
    # a cos(a) - sin(a) cancels there: at 1e-4 nothing was left in float32.
    at = torch.tensor([1e-5, -1e-4, 0.01, 0.1, 0.1591, 0.16, 0.5], dtype=dtype)
    x = at.clone().requires_grad_(True)
    torch.sinc(x).sum().backward()
    wanted = [
        math.pi * sum((-1) ** k * 2 * k * (math.pi * v) ** (2 * k - 1) / math.factorial(2 * k + 1)
                      for k in range(1, 20))
        for v in at.tolist()
    ]  # fmt: skip
    rel = 3e-6 if dtype is torch.float32 else 1e-14
    assert x.grad.tolist() == pytest.approx(wanted, rel=rel)


def test_the_largest_numbers_of_i0() -> None:
    largest = torch.tensor([1.79e308], dtype=torch.float64)
    assert torch.i0(largest).tolist() == [math.inf]
    assert torch.special.i0e(largest).item() == pytest.approx(2.98e-155, rel=1e-2)


def test_polygamma_far_below_zero_and_at_the_poles() -> None:
    # PyTorch 2.13 printed these: at a pole of float32 the sine of a rounded pi * x decides.
    at = torch.tensor([-1001.7, -13437.7, -0.25, -1.5])
    wanted = [-6.8847e01, -6.8988e01, 1.2270e02, -2.3620e-01]
    assert torch.polygamma(2, at).tolist() == pytest.approx(wanted, rel=1e-4)
    ints = torch.polygamma(1, torch.tensor([-8, -5, 0, 6], dtype=torch.int8))
    assert ints.tolist() == pytest.approx([2.0178e13, 2.1628e13, math.inf, 0.18132], rel=1e-4)
    fine = torch.polygamma(1, torch.tensor([-8.0], dtype=torch.float64))
    assert fine.item() == pytest.approx(1.0282e31, rel=1e-4)
    two = torch.full((2,), 4.0, dtype=torch.float64)
    there = torch.special.zeta(two, torch.tensor([-13437.7, -2.5], dtype=torch.float64))
    assert there.tolist() == pytest.approx([128.1701523900937, 32.457979369864596], rel=1e-12)


def test_zeta_and_polygamma() -> None:
    two = torch.tensor(2.0, dtype=torch.float64)
    one = torch.tensor(1.0, dtype=torch.float64)
    assert torch.special.zeta(two, one).item() == pytest.approx(math.pi**2 / 6, rel=1e-14)
    assert torch.polygamma(1, one).item() == pytest.approx(math.pi**2 / 6, rel=1e-14)
    assert torch.special.zeta(one, one).item() == math.inf
    with pytest.raises(RuntimeError, match="negative n"):
        torch.polygamma(-1, one)


def test_polynomials_by_their_closed_forms() -> None:
    angle = torch.linspace(0.1, 3, 9, dtype=torch.float64)
    x = torch.cos(angle)
    for n in range(6):
        found = torch.special.chebyshev_polynomial_t(x, n)
        np.testing.assert_allclose(found.numpy(), np.cos(n * angle.numpy()), atol=1e-13)
    cube = torch.special.hermite_polynomial_he(x, torch.tensor(3.0, dtype=torch.float64))
    np.testing.assert_allclose(cube.numpy(), x.numpy() ** 3 - 3 * x.numpy(), atol=1e-13)
    assert torch.special.legendre_polynomial_p(x, -1).eq(0).all()


def test_two_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="Tensor"):
        torch.special.zeta(2, 1)
    with pytest.raises(TypeError, match="Tensor"):
        torch.bitwise_and(2, 1)


def test_bessel_functions_of_infinity_and_slopes_near_zero() -> None:
    ends = torch.tensor([math.inf, -math.inf])
    for name in ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"):
        assert getattr(torch.special, name)(ends).isnan().all()  # as PyTorch has it
    for name in ("i1", "i1e"):
        x = torch.tensor([0.0, 1e-9, math.nan], requires_grad=True)
        getattr(torch.special, name)(x).sum().backward()
        assert x.grad.tolist() == [0.5, 0.5, 0.5]


def test_a_kaiser_window_of_a_whole_number() -> None:
    found = torch.signal.windows.kaiser(5, beta=2)
    wanted = [0.43867627984, 0.83476143340, 1.0, 0.83476143340, 0.43867627984]
    assert found.tolist() == pytest.approx(wanted, rel=1e-6)


def test_a_degree_beyond_whole_numbers_counts_as_negative() -> None:
    n = torch.tensor([1e20, -2.0, 3.0])
    assert torch.special.chebyshev_polynomial_t(torch.tensor(0.5), n).tolist() == [0, 0, -1]


def test_masked_logsumexp_of_whole_numbers_is_whole() -> None:
    x = torch.tensor([[1, 2], [3, 4]])
    made = torch.masked.logsumexp(x, 1, mask=torch.tensor([[True, False], [True, True]]))
    assert made.dtype is torch.int64 and made.tolist() == [1, 4]


def test_incomplete_gamma_of_infinity_beside_nan() -> None:
    infinity, nan = float("inf"), float("nan")
    a = torch.tensor([infinity, nan, nan, 0.0, infinity])
    x = torch.tensor([nan, infinity, 0.0, nan, infinity])
    lower, upper = torch.igamma(a, x).tolist(), torch.igammac(a, x).tolist()
    assert lower[:3] == [0, 1, 0]
    assert upper[:3] == [1, 0, 1]
    assert all(value != value for value in (*lower[3:], *upper[3:]))
