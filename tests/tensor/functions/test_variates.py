"""Numbers by rejection: PyTorch's, and the stream goes on where PyTorch's does."""

from __future__ import annotations

import pytest

import rushlight as torch


def near(tensor: torch.Tensor, wanted: list[float]) -> bool:
    return tensor.tolist() == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_one_stream_for_all_of_them() -> None:
    torch.manual_seed(11)
    a = torch.tensor([0.2, 1.5, 30.0])
    assert near(torch._standard_gamma(a), [0.81984, 0.39351, 31.61254])
    assert near(torch.poisson(a), [1.0, 3.0, 21.0])
    assert near(torch.binomial(torch.full((3,), 40.0), a / 40), [1.0, 2.0, 26.0])
    assert near(torch._sample_dirichlet(a), [0.0, 0.04358, 0.95642])
    assert near(torch.randn(2), [-0.30804, -0.49216])


def test_ends_and_errors() -> None:
    assert torch.poisson(torch.zeros(0)).shape == (0,)
    assert torch.binomial(torch.tensor(5.0), torch.tensor([0.0, 1.0])).tolist() == [0.0, 5.0]
    assert torch.poisson(torch.ones(2, dtype=torch.float64)).dtype is torch.float64
    with pytest.raises(RuntimeError, match="expected rate to be non-negative"):
        torch.poisson(torch.tensor([-1.0]))
    with pytest.raises(NotImplementedError, match="poisson_cpu"):
        torch.poisson(torch.ones(2, dtype=torch.int64))
    with pytest.raises(ValueError, match="only supports floating-point"):
        torch.binomial(torch.tensor([5]), torch.tensor([0.5]))


def test_poisson_has_gradient_zero() -> None:
    rate = torch.tensor([3.0, 4.0], requires_grad=True)
    torch.poisson(rate).sum().backward()
    assert rate.grad.tolist() == [0.0, 0.0]


def test_gamma_in_double_precision() -> None:
    torch.manual_seed(2)
    drawn = torch._standard_gamma(torch.tensor([0.3, 2.0, 9.0], dtype=torch.float64))
    assert drawn.tolist() == pytest.approx(
        [0.0006991750991387, 3.116424182882, 7.276590452707], rel=1e-11
    )


def test_numbers_of_float32_are_pytorchs_to_the_last_place() -> None:
    torch.manual_seed(0)
    assert torch._standard_gamma(torch.tensor([0.1, 0.5, 2.0, 7.0])).tolist() == [
        3.1292356392933324e-16, 0.04415091872215271, 2.243497371673584, 9.072978973388672,
    ]  # fmt: skip
    torch.manual_seed(0)
    assert torch.nn.functional.rrelu(-torch.ones(3), training=True).tolist() == [
        -0.3270943760871887, -0.27246248722076416, -0.22070477902889252,
    ]  # fmt: skip
