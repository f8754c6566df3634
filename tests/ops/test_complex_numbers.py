"""Complex numbers: parts, views, conjugates, gradients by PyTorch's convention, refusals.

The numbers were computed once with PyTorch 2.13.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

Z = np.array([[1 + 2j, -0.5 + 0.25j], [3 - 1j, 0.1 - 2j]])


def z(grad: bool = False) -> Any:
    return torch.tensor(Z, requires_grad=grad)


def test_parts_are_views_that_write_through() -> None:
    x = torch.zeros(2, 2, dtype=torch.cfloat)
    x.real[0] = 1
    x.imag.t()[1] = 3
    torch.view_as_real(x)[1, 0, 0] = 7
    assert x.tolist() == [[1, 1 + 3j], [7, 3j]]
    x.real = x.real + 1
    assert x.tolist() == [[2, 2 + 3j], [8, 1 + 3j]]
    pairs = torch.zeros(3, 2)
    torch.view_as_complex(pairs)[1] = 5 - 1j
    assert pairs.tolist() == [[0, 0], [5, -1], [0, 0]]


def test_what_cannot_be_viewed() -> None:
    with pytest.raises(RuntimeError, match="last dimension of size 2"):
        torch.view_as_complex(torch.ones(3))
    with pytest.raises(RuntimeError, match="last dimension with stride 1"):
        torch.view_as_complex(torch.ones(2, 4)[:, ::2])
    with pytest.raises(RuntimeError, match="imag is not implemented"):
        _ = torch.ones(3).imag
    with pytest.raises(RuntimeError, match="only supported for complex"):
        torch.view_as_real(torch.ones(3))


def test_conjugates() -> None:
    assert np.array_equal(z().conj().resolve_conj().numpy(), Z.conj())
    assert z().conj().is_conj() and not z().conj().resolve_conj().is_conj()
    assert np.array_equal(z().mH.resolve_conj().numpy(), Z.conj().T)
    assert torch.equal(z().H, z().adjoint())
    ones = torch.ones(3)
    assert ones.conj() is ones and not ones.is_conj()
    with pytest.raises(RuntimeError, match=r"tensor\.H is only supported on matrices"):
        _ = ones.H


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (torch.float32, 1j, torch.complex64), (torch.int64, 1j, torch.complex64),
        (torch.float64, 1j, torch.complex128), (torch.complex64, 1.5, torch.complex64),
    ],
)  # fmt: skip
def test_python_numbers_promote(left: Any, right: complex, wanted: Any) -> None:
    made = torch.ones(2, dtype=left) + right
    assert made.dtype is wanted and made.tolist() == [1 + right] * 2
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Float"):
        torch.ones(2).add_(1j)


def test_a_python_number_keeps_its_digits() -> None:
    assert (torch.ones(1, dtype=torch.float64) * 1.1j).item() == 1.1j
    assert torch.add(z(), z(), alpha=2j).tolist() == (Z + 2j * Z).tolist()


def test_printed_forms() -> None:
    assert str(torch.tensor([1 + 2j, 3.5 - 1j])) == "tensor([1.0000+2.j, 3.5000-1.j])"
    assert str(torch.tensor(1j, dtype=torch.cdouble)) == "tensor(0.+1.j, dtype=torch.complex128)"


def test_random_numbers_are_pytorchs() -> None:
    torch.manual_seed(0)
    drawn = torch.randn(3, dtype=torch.cfloat)
    assert str(drawn) == "tensor([ 1.0896-0.2075j, -1.5406+0.4019j, -0.7669-0.9890j])"
    assert str(torch.rand(2, dtype=torch.cdouble)) == (
        "tensor([0.1786+0.3511j, 0.5813+0.2882j], dtype=torch.complex128)"
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x < 1, lambda x: x.sign(), lambda x: x.max(), lambda x: x.sort(),
        lambda x: x.clamp(0), lambda x: x // x, lambda x: x % x, lambda x: x.floor(),
        lambda x: x.erf(), lambda x: x.relu(), lambda x: x.atan2(x), lambda x: x.argmax(),
        lambda x: torch.signbit(x), lambda x: x.lgamma(), lambda x: float(x[0, 0]),
    ],
)  # fmt: skip
def test_what_needs_an_order_is_refused(call: Any) -> None:
    with pytest.raises(RuntimeError, match=r"not (implemented|supported|intended)|overflow"):
        call(z())


CASES: list[tuple[Any, complex]] = [
    # d(sum |f(z)|**2)/dz at z[0, 0] = 1 + 2j, by PyTorch
    (lambda x: x.exp(), 14.7781121978613 + 0j),
    (lambda x: x * x.conj(), 20 + 40j),
    (lambda x: x.abs(), 2 + 4j),
    (lambda x: x.sgn(), 0j),
    (lambda x: x**3, 150 + 300j),
    (lambda x: x.real * x, 12 + 4j),
    (lambda x: torch.view_as_real(x), 2 + 4j),
]


@pytest.mark.parametrize("place", range(len(CASES)))
def test_gradients_are_conjugate_wirtinger(place: int) -> None:
    call, wanted = CASES[place]
    x = z(True)
    (call(x).abs() ** 2).sum().backward()
    assert abs(complex(x.grad[0, 0]) - wanted) < 1e-9


def test_real_inputs_get_real_gradients() -> None:
    x, y = torch.ones(2, dtype=torch.float64, requires_grad=True), z(True)
    (x * y).sum().abs().backward()
    assert x.grad.dtype is torch.float64 and y.grad.dtype is torch.complex128
    total = Z.sum()
    wanted = (Z.sum(0) * total.conj()).real / abs(total)
    assert np.allclose(x.grad.numpy(), wanted)


def test_second_gradients() -> None:
    x = z(True)
    (first,) = torch.autograd.grad((x.abs() ** 2).sum(), x, create_graph=True)
    first.abs().sum().backward()
    assert np.allclose(x.grad.numpy(), 2 * Z / abs(Z))


def test_a_complex_loss_is_refused() -> None:
    with pytest.raises(RuntimeError, match="only for real scalar outputs but got"):
        z(True).sum().backward()


def test_complex_in_a_plan_leaves_the_rest_compiled() -> None:
    from rushlight.base import events

    heard: list[Any] = []
    events.subscribe("interpreted", lambda **told: heard.append(told))
    x = torch.ones(64, 64) * 2
    made = (torch.complex(x, x).abs() @ x).sum().item()
    assert not heard
    assert made == pytest.approx(8**0.5 * 2 * 64**3, rel=1e-6)


def test_gradcheck_knows_both_parts() -> None:
    x, y = z(True), torch.tensor(Z.real, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: (a * b).exp(), (x, y))
    assert torch.autograd.gradcheck(lambda a: (a.abs(), a.conj() * a), (x,))
    assert torch.autograd.gradgradcheck(lambda a, b: (a * b).sin(), (x, y))

    class Forgetful(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * ctx.saved_tensors[0] * g  # not conjugated

    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(Forgetful.apply, (x,))


def test_a_cast_to_real_numbers_warns() -> None:
    with pytest.warns(UserWarning, match="discards the imaginary part"):
        assert z().float().tolist() == Z.real.astype(np.float32).tolist()
    assert z().bool().all()


def test_parts_under_vmap() -> None:
    mapped = torch.func.vmap(lambda x: x.imag * x.real + torch.view_as_real(x)[..., 0])(z())
    assert torch.equal(mapped, z().imag * z().real + z().real)


def test_polar_of_a_length_below_zero_has_the_slopes_of_its_modulus() -> None:
    # PyTorch 2.13's numbers.
    length = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    angle = torch.tensor([0.3, 0.4, 0.5], requires_grad=True)
    g = torch.tensor([1 + 2j, 1 - 1j, 0.5 - 1j])
    slopes = torch.autograd.grad(torch.polar(length, angle), (length, angle), g)
    assert torch.allclose(slopes[0], torch.tensor([-1.5463769, 0.0, -0.0406343]))
    assert torch.allclose(slopes[1], torch.tensor([-3.2303, 0.0, -3.3519]), atol=1e-4)
