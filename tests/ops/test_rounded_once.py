"""What rounds once and what rounds twice: nothing depends on where a plan ends."""

import numpy as np
import pytest

import rushlight as torch

F32 = np.float32


def _three() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(1003) for _ in range(3)]


def _once(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a * b + c in float64: the product of two float32 is exact there."""
    return (a.astype(np.float64) * b + c).astype(F32)


def test_product_and_sum_round_each() -> None:
    x, y, z = _three()
    whole = x * y + z
    product = x * y
    assert product[0].item() == x[0].item() * F32(y[0].item())  # a plan ends here
    assert torch.equal(whole, product + z)
    assert np.array_equal(whole.numpy(), x.numpy() * y.numpy() + z.numpy())


def test_slope_of_asin_near_one() -> None:
    x = torch.tensor([0.99999], requires_grad=True)
    torch.asin(x).backward()
    near = F32(0.99999)
    expected = 1 / np.sqrt(F32(1) - near * near)
    np.testing.assert_allclose(x.grad.numpy(), [expected], rtol=2e-7)


@pytest.mark.parametrize("alpha", [0.3, -1.7])
def test_alpha_rounds_once(alpha: float) -> None:
    x, y, _ = _three()
    a, b = x.numpy(), y.numpy()
    factor = np.full_like(b, alpha)
    assert np.array_equal(torch.add(x, y, alpha=alpha).numpy(), _once(factor, b, a))
    assert np.array_equal(torch.sub(x, y, alpha=alpha).numpy(), _once(-factor, b, a))


def test_addcmul_and_lerp_round_once() -> None:
    x, y, z = _three()
    a, b, c = x.numpy(), y.numpy(), z.numpy()
    scaled = F32(0.3) * b
    assert np.array_equal(torch.addcmul(x, y, z, value=0.3).numpy(), _once(scaled, c, a))
    near = _once(np.full_like(a, 0.3), b - a, a)
    assert np.array_equal(torch.lerp(x, y, 0.3).numpy(), near)


def test_sgd_rounds_as_its_operations() -> None:
    x, y, _ = _three()
    param = torch.nn.Parameter(x.clone())
    param.grad = y.clone()
    torch.optim.SGD([param], lr=0.1).step()
    assert torch.equal(param.detach(), x.add(y, alpha=-0.1))


def test_alpha_of_halves_rounds_once() -> None:
    x, y, _ = _three()
    half = torch.add(x.half(), y.half(), alpha=0.6875).float()
    wide = torch.add(x.half().float(), y.half().float(), alpha=0.6875)
    assert torch.equal(half, wide.half().float())


def test_square_of_the_size_has_no_imaginary_part() -> None:
    x, y, _ = _three()
    z = torch.complex(x, y)
    assert (z * z.conj()).imag.abs().max().item() == 0


def test_gradients_of_what_rounds_once() -> None:
    x, y, z = (each.double()[:7].requires_grad_() for each in _three())
    assert torch.autograd.gradcheck(lambda a, b, c: torch.addcmul(a, b, c, value=0.3), (x, y, z))
    assert torch.autograd.gradcheck(lambda a, b: torch.add(a, b, alpha=0.3), (x, y))
    assert torch.autograd.gradgradcheck(torch.lerp, (x, y, z))


def test_linspace_rounds_once() -> None:
    x = torch.linspace(0, 1, 40).numpy()
    step, place = np.float64(F32(1) / F32(39)), np.arange(40)
    assert np.array_equal(x[:20], (step * place[:20]).astype(F32))
    assert np.array_equal(x[20:], (1 - step * place[19::-1]).astype(F32))


def test_cross_rounds_its_second_product_only() -> None:
    x, y, _ = (each[:999].reshape(-1, 3) for each in _three())
    a, b = x.numpy(), y.numpy()
    first = _once(a[:, 1], b[:, 2], -(a[:, 2] * b[:, 1]))
    assert np.array_equal(torch.linalg.cross(x, y)[:, 0].numpy(), first)


def test_slope_of_tanh_rounds_once() -> None:
    x, _, _ = _three()
    x.requires_grad_()
    out = torch.tanh(x)
    out.sum().backward()
    y = out.detach().numpy()
    assert np.array_equal(x.grad.numpy(), _once(-y, y, np.ones_like(y)))


def test_affine_part_of_a_norm_rounds_once() -> None:
    x, y, z = (each[:1000].reshape(10, 100) for each in _three())
    plain = torch.nn.functional.layer_norm(x, (100,))
    out = torch.nn.functional.layer_norm(x, (100,), y[0], z[0])
    assert np.array_equal(out.numpy(), _once(plain.numpy(), y[0].numpy(), z[0].numpy()))
