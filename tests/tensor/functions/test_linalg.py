"""torch.linalg: what a factorisation multiplies back to, gradients of complex matrices, refusals.

Numbers marked so were computed once with PyTorch 2.13.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

RNG = np.random.default_rng(0)
L = torch.linalg
SHAPES = [(4, 4), (5, 3), (3, 5), (2, 4, 3), (0, 3, 3)]


def drawn(*shape: int, kind: str = "complex128") -> Any:
    values = RNG.standard_normal(shape)
    if kind.startswith("complex"):
        values = values + 1j * RNG.standard_normal(shape)
    return torch.tensor(values.astype(kind))


@pytest.mark.parametrize("kind", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES)
def test_factors_multiply_back(shape: tuple[int, ...], kind: str) -> None:
    x = drawn(*shape, kind=kind)
    close: dict[str, Any] = {"atol": 1e-4 if kind in ("float32", "complex64") else 1e-10}
    q, r = L.qr(x)
    assert torch.allclose(q @ r, x, **close)
    u, s, vh = L.svd(x, full_matrices=False)
    assert torch.allclose((u * s.unsqueeze(-2)) @ vh, x, **close)
    assert s.dtype is x.dtype.to_real() and torch.allclose(L.svdvals(x), s, **close)
    p, low, up = L.lu(x)
    assert torch.allclose(p @ low @ up, x, **close) and not p.requires_grad
    packed, pivots = torch.linalg.lu_factor_ex(x)[:2]
    assert torch.equal(torch.lu_unpack(packed, pivots)[1], low)
    assert torch.allclose(x @ L.pinv(x) @ x, x, atol=1e-3)
    a, tau = torch.geqrf(x)
    if shape[-2] >= shape[-1]:
        assert torch.allclose(L.householder_product(a, tau), q, **close)
        assert torch.allclose(torch.ormqr(a, tau, x, transpose=True).triu(), r_of(r, x), **close)


def r_of(r: Any, x: Any) -> Any:
    """R with rows of zeros to the height of x."""
    return torch.cat((r, x.new_zeros(*x.shape[:-2], x.shape[-2] - r.shape[-2], r.shape[-1])), -2)


@pytest.mark.parametrize("kind", ["float64", "complex128"])
def test_square_matrices(kind: str) -> None:
    x, b = drawn(2, 4, 4, kind=kind), drawn(2, 4, 3, kind=kind)
    values, vectors = L.eig(x)
    assert torch.allclose(vectors * values.unsqueeze(-2), x.to(vectors.dtype) @ vectors)
    assert torch.equal(L.eigvals(x), values)
    positive = x @ x.mH + torch.eye(4)
    values, vectors = L.eigh(positive)
    assert torch.allclose((vectors * values.unsqueeze(-2)) @ vectors.mH, positive)
    low = L.cholesky(positive)
    assert torch.allclose(low @ low.mH, positive)
    assert torch.allclose(L.cholesky(positive, upper=True), low.mH)
    assert torch.allclose(positive @ torch.cholesky_solve(b, low), b)
    assert torch.allclose(torch.cholesky_inverse(low), L.inv(positive))
    factor = L.lu_factor(x)
    for turned, matrix in ((False, x), (True, x.mH)):
        assert torch.allclose(matrix @ L.lu_solve(*factor, b, adjoint=turned), b)
        left = L.lu_solve(*factor, b.mH, left=False, adjoint=turned)
        assert torch.allclose(left @ matrix, b.mH)
    sign, size = L.slogdet(x)
    assert torch.allclose(sign * size.exp(), L.det(x))
    assert torch.allclose(L.solve(x, b.mH, left=False) @ x, b.mH)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_triangular_systems(upper: bool, unit: bool) -> None:
    x, b = drawn(4, 4), drawn(2, 4, 3)
    matrix = x.triu() if upper else x.tril()
    if unit:
        matrix = matrix - torch.diag(matrix.diagonal()) + torch.eye(4)
    how = {"upper": upper, "unitriangular": unit}
    assert torch.allclose(matrix @ L.solve_triangular(x, b, **how), b)
    right = L.solve_triangular(x, b.mT, left=False, **how)
    assert torch.allclose(right @ matrix, b.mT)


SLOPES: list[Any] = [
    lambda x: L.inv(x), lambda x: L.det(x), lambda x: L.slogdet(x)[1], lambda x: L.slogdet(x)[0],
    lambda x: L.qr(x)[0], lambda x: L.qr(x[:2])[1], lambda x: L.svdvals(x),
    lambda x: L.svd(x)[0].abs(), lambda x: L.svd(x[:2], False)[2].abs(), lambda x: L.eigvals(x),
    lambda x: L.eig(x)[1].abs(), lambda x: L.eigh(x + x.mH)[1].abs(), lambda x: L.pinv(x[:2]),
    lambda x: L.cholesky(x @ x.mH), lambda x: L.lu(x[:2])[2], lambda x: L.lu(x[:, :2])[1],
    lambda x: L.solve(x, x[0]), lambda x: L.matrix_exp(x), lambda x: L.matrix_power(x, -2),
    lambda x: L.matrix_norm(x, "nuc"), lambda x: L.vector_norm(x, 3), lambda x: L.cond(x),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(SLOPES)))
@pytest.mark.parametrize("kind", ["float64", "complex128"])
def test_gradients_are_slopes(place: int, kind: str) -> None:
    call = SLOPES[place]
    x = drawn(3, 3, kind=kind).requires_grad_()
    y = call(x)
    weight = drawn(*y.shape, kind="complex128" if y.is_complex() else "float64")
    step = drawn(3, 3, kind=kind)

    def loss(at: Any) -> Any:
        made = call(at) * weight.conj()
        return (made.real if made.is_complex() else made).sum()

    (found,) = torch.autograd.grad(loss(x), x)
    h = 1e-6
    slope = (loss(x.detach() + h * step) - loss(x.detach() - h * step)).item() / (2 * h)
    expected = (found.conj() * step).sum()
    told = expected.real.item() if expected.is_complex() else expected.item()
    assert told == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    x = torch.tensor([[1.0, 2, 0], [0, 3, 0], [0, 0, 0]], requires_grad=True)
    (found,) = torch.autograd.grad(L.det(x), x)
    assert torch.allclose(found, torch.tensor([[0.0, 0, 0], [0, 0, 0], [0, 0, 3]]), atol=1e-6)


def test_second_gradients_through_several_results() -> None:
    x = drawn(3, 3, kind="float64").requires_grad_()
    (first,) = torch.autograd.grad(L.svdvals(x).pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.pow(2).sum(), x)
    h = 1e-6
    moved = x.detach().clone()
    moved[1, 2] += h
    moved.requires_grad_()
    (other,) = torch.autograd.grad(L.svdvals(moved).pow(3).sum(), moved)
    slope = (other.pow(2).sum() - first.pow(2).sum()).item() / h
    assert second[1, 2].item() == pytest.approx(slope, rel=1e-3)


def test_tolerances_and_ranks() -> None:
    x = torch.diag(torch.tensor([4.0, 1.0, 0.1]))
    assert L.matrix_rank(x).item() == 3
    assert L.matrix_rank(x, atol=0.5).item() == 2 and L.matrix_rank(x, rtol=0.5).item() == 1
    assert L.matrix_rank(x, 0.5).item() == 2 and L.matrix_rank(x, hermitian=True).item() == 3
    cut = L.pinv(x, rtol=0.5)
    assert torch.allclose(cut, torch.diag(torch.tensor([0.25, 0.0, 0.0])))
    assert torch.allclose(L.pinv(x, hermitian=True), L.inv(x))


def test_least_squares() -> None:
    a, b = drawn(6, 3, kind="float64"), drawn(6, 2, kind="float64")
    wanted, residuals, rank, values = np.linalg.lstsq(a.numpy(), b.numpy(), rcond=None)
    made = L.lstsq(a, b, driver="gelsd")
    assert np.allclose(made.solution.numpy(), wanted)
    assert np.allclose(made.residuals.numpy(), residuals)
    assert made.rank.item() == rank and np.allclose(made.singular_values.numpy(), values)
    plain = L.lstsq(a, b)
    assert plain.residuals.numel() == 0 and plain.singular_values.numel() == 0


def test_tensors_as_matrices() -> None:
    x = drawn(2, 3, 6)
    back = L.tensorinv(x, 2)
    assert back.shape == (6, 2, 3)
    right = drawn(2, 3)
    assert torch.allclose(torch.tensordot(back, right, 2), L.tensorsolve(x, right))
    chain = [drawn(2, 5), drawn(5, 3), drawn(3, 7), drawn(7)]
    whole = chain[0] @ chain[1] @ chain[2] @ chain[3]
    assert torch.allclose(L.multi_dot(chain), whole)
    powers = L.vander(torch.tensor([1, 2, 3]), N=4)
    assert powers.tolist() == [[1, 1, 1, 1], [1, 2, 4, 8], [1, 3, 9, 27]]
    assert torch.allclose(L.vecdot(right, right).imag, torch.zeros(2, dtype=torch.float64))


ZERO, EYE = torch.zeros(3, 3), torch.eye(3)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: L.inv(ZERO), L.LinAlgError, "diagonal element 1 is zero"),
    (lambda: L.inv(torch.stack([EYE, ZERO])), L.LinAlgError, "Batch element 1"),
    (lambda: L.inv_ex(ZERO, check_errors=True), L.LinAlgError, "linalg.inv_ex"),
    (lambda: L.solve(ZERO, EYE), L.LinAlgError, "the input matrix is singular"),
    (lambda: L.cholesky(-EYE), L.LinAlgError, "leading minor of order 1"),
    (lambda: L.eigh(EYE * float("nan")), L.LinAlgError, "failed to converge"),
    (lambda: L.svd(EYE * float("nan")), L.LinAlgError, "non-finite values"),
    (lambda: L.eig(EYE * float("nan")), RuntimeError, "should not contain infs or NaNs"),
    (lambda: L.lu_factor(ZERO), RuntimeError, r"U\[1,1\] is zero"),
    (lambda: L.qr(EYE, "a"), RuntimeError, "unrecognized mode"),
    (lambda: L.eigh(EYE, "X"), RuntimeError, "Expected UPLO"),
    (lambda: L.matrix_norm(EYE, 3), RuntimeError, "Order 3 not supported"),
    (lambda: L.norm(torch.ones(2, 2, 2), 2), RuntimeError, "must be 1D or 2D"),
    (lambda: L.inv(EYE.half()), RuntimeError, "Low precision dtypes not supported"),
    (lambda: L.multi_dot([EYE]), RuntimeError, "at least 2 tensors"),
    (lambda: L.lstsq(EYE, EYE, driver="x"), RuntimeError, "should be one of"),
]


@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_refusals_come_from_the_call(place: int) -> None:
    call, error, message = REFUSED[place]
    with pytest.raises(error, match=message):
        call()


def test_what_is_asked_not_to_raise() -> None:
    made = L.inv_ex(ZERO)
    assert made.info.item() == 1 and L.inv_ex(EYE).info.item() == 0
    low, info = L.cholesky_ex(torch.stack([EYE, -EYE]))
    assert info.tolist() == [0, 1] and torch.equal(low[0], EYE)
    assert L.solve_ex(ZERO, EYE).info.item() == 1
    assert str(L.lu_factor_ex(ZERO).info) == "tensor(1, dtype=torch.int32)"


def test_numbers_of_pytorch() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 3)
    assert str(L.eigvals(x)) == "tensor([ 0.8753+0.0000j, -0.5690+0.9436j, -0.5690-0.9436j])"
    assert str(L.cond(x, "fro")) == "tensor(13.7683)"
    assert L.lu_factor(x).pivots.tolist() == [1, 2, 3]
    assert str(L.slogdet(x).logabsdet) == "tensor(0.0609)"


@pytest.mark.parametrize("hermitian", [True, False])
@pytest.mark.parametrize("n", [1, 3, 7])
def test_symmetric_factors_solve(n: int, hermitian: bool) -> None:
    x, b = drawn(2, n, n), drawn(2, n, 2).requires_grad_()
    matrix = x + (x.mH if hermitian else x.mT)
    if n > 1:
        matrix = matrix * (1 - torch.eye(n))  # needs blocks of two
    factors = L.ldl_factor(matrix, hermitian=hermitian)
    assert n == 1 or (factors.pivots < 0).any()
    made = L.ldl_solve(*factors, b, hermitian=hermitian)
    assert torch.allclose(matrix @ made, b)
    seed = drawn(2, n, 2)
    (found,) = torch.autograd.grad(made, b, seed)
    assert torch.allclose(matrix.mH @ found, seed)
    assert L.ldl_factor_ex(torch.zeros(2, 2)).info.item() == 1


def test_low_rank_approximations() -> None:
    x = drawn(12, 3, kind="float64") @ drawn(3, 8, kind="float64")
    for matrix in (x, x.mT):
        u, s, v = torch.svd_lowrank(matrix, q=3)
        assert torch.allclose((u * s) @ v.mT, matrix)
        u, s, v = torch.pca_lowrank(matrix, q=3)
        assert torch.allclose((u * s) @ v.mT, matrix - matrix.mean(0))
    with pytest.raises(ValueError, match="not greater than min"):
        torch.pca_lowrank(x, q=9)


def test_what_is_gone_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"torch\.linalg\.eigh"):
        torch.symeig(torch.eye(2))


@pytest.mark.parametrize("name", ["inv", "svdvals", "det", "cholesky", "lu_factor", "qr"])
def test_under_vmap(name: str) -> None:
    x = drawn(3, 2, 2, kind="float64")
    x = x @ x.mT + torch.eye(2)
    call = getattr(L, name)
    mapped, whole = torch.func.vmap(call)(x), call(x)
    if not isinstance(whole, torch.Tensor):
        mapped, whole = mapped[0], whole[0]
    assert torch.allclose(mapped, whole)


def test_results_are_of_named_types() -> None:
    types = torch.return_types
    assert isinstance(L.svd(EYE), types.linalg_svd) and isinstance(torch.qr(EYE), types.qr)
    assert isinstance(L.lu_factor(EYE), types.linalg_lu_factor)
    assert isinstance(L.ldl_factor(EYE), types.linalg_ldl_factor)
    assert L.eigh(EYE)._fields == ("eigenvalues", "eigenvectors")


def test_slope_of_eigenvectors_is_shared_between_both_triangles() -> None:
    a = torch.tensor([[2.0, 1.0], [0.5, -1.0]], dtype=torch.float64, requires_grad=True)
    torch.linalg.eigh(a)[1].abs()[0].sum().backward()
    assert a.grad[0, 1].item() == pytest.approx(a.grad[1, 0].item(), abs=1e-12)
    assert abs(a.grad[0, 1].item()) > 1e-3


def test_cholesky_solve_gives_the_unread_triangle_a_slope() -> None:
    low = torch.tensor([[2.0, 0.0], [0.5, 1.0]], requires_grad=True)
    torch.cholesky_solve(torch.tensor([[1.0], [2.0]]), low).sum().backward()
    # PyTorch 2.13 printed this.
    assert low.grad.flatten().tolist() == pytest.approx([0.0625, 0.03125, -1.25, -2.625])


def test_second_gradients_of_cholesky_solve_reach_the_unread_triangle() -> None:
    low = torch.tensor([[2.0, 0.0], [0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([[1.0], [2.0]], dtype=torch.float64, requires_grad=True)
    for made, wanted in (
        # PyTorch 2.13 printed these.
        (torch.cholesky_solve(b, low), [2.0673828125, 4.81201171875, -14.25390625, -47.755859375]),
        (torch.cholesky_inverse(low), [0.3916015625, 0.30810546875, -4.23828125, -9.708984375]),
    ):
        (slope,) = torch.autograd.grad(made.sum(), low, create_graph=True)
        (second,) = torch.autograd.grad((slope * slope).sum(), low)
        assert second.flatten().tolist() == pytest.approx(wanted, rel=1e-12)


def test_matrices_lie_column_by_column_as_lapack_leaves_them() -> None:
    a, tall = 4 * torch.eye(4) + 1, torch.ones(2, 3, 5)
    for made in (
        torch.linalg.cholesky(a), torch.linalg.inv(a), torch.linalg.solve(a, a),
        torch.linalg.eigh(a).eigenvectors, torch.linalg.lu_factor(a).LU, torch.geqrf(a)[0],
        torch.linalg.qr(a).Q, torch.cholesky_solve(a, a),
    ):  # fmt: skip
        assert made.stride() == (1, 4) and not made.is_contiguous()
    u, s, v = torch.linalg.svd(tall, full_matrices=False)
    assert (u.stride(), s.stride(), v.stride()) == ((9, 1, 3), (3, 1), (15, 1, 3))
    assert torch.linalg.solve(a, a[0]).stride() == (1,)
    torch.testing.assert_close(torch.linalg.cholesky(a) @ torch.linalg.cholesky(a).mT, a)
    b = a.clone().requires_grad_()
    torch.linalg.inv(b).sum().backward()
    want = -(torch.linalg.inv(a).sum(0)[:, None] @ torch.linalg.inv(a).sum(1)[None])
    torch.testing.assert_close(b.grad, want)
