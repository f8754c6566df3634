"""torch.lobpcg beside all eigenvalues of small matrices."""

import pytest

import rushlight as torch

torch.manual_seed(0)
_random = torch.randn(12, 12, dtype=torch.float64)
matrix = _random @ _random.T + torch.eye(12)
every = torch.linalg.eigvalsh(matrix)


def check(E, X, A=matrix, B=None):
    torch.testing.assert_close(A @ X, (X if B is None else B @ X) * E.unsqueeze(-2), atol=1e-5,
                               rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize("method", ["ortho", "basic"])
def test_largest_and_smallest(method):
    E, X = torch.lobpcg(matrix, k=2, method=method)
    torch.testing.assert_close(E, every[-2:].flip(0))
    check(E, X)
    E, X = torch.lobpcg(matrix, 3, largest=False, method=method)
    torch.testing.assert_close(E, every[:3])
    torch.testing.assert_close(X.T @ X, torch.eye(3, dtype=torch.float64))


def test_generalised_sparse_preconditioned_batched_and_single():
    B = torch.diag(torch.linspace(1, 2, 12, dtype=torch.float64))
    E, X = torch.lobpcg(matrix, k=1, B=B)
    check(E, X, B=B)
    assert (X.T @ B @ X).item() == pytest.approx(1.0)
    torch.testing.assert_close(torch.lobpcg(matrix.to_sparse(), k=1)[0], every[-1:])
    E, _ = torch.lobpcg(matrix, k=1, iK=torch.linalg.inv(matrix), largest=False)
    torch.testing.assert_close(E, every[:1])
    E, X = torch.lobpcg(torch.stack([matrix, 2 * matrix]), k=2)
    torch.testing.assert_close(E[1], 2 * E[0])
    assert X.shape == (2, 12, 2)
    E, X = torch.lobpcg(matrix.float(), k=1)
    assert E.dtype is X.dtype is torch.float32
    torch.testing.assert_close(E.double(), every[-1:], rtol=1e-4, atol=1e-4)


def test_it_draws_as_randn_does_and_takes_a_start():
    torch.manual_seed(3)
    torch.lobpcg(matrix, k=2)
    after = torch.rand(1)
    torch.manual_seed(3)
    torch.randn(12, 2, dtype=torch.float64)
    assert torch.equal(after, torch.rand(1))
    start = torch.eye(12, dtype=torch.float64)[:, :3]
    assert torch.lobpcg(matrix, X=start)[1].shape == (12, 3)
    assert torch.lobpcg(matrix, k=1, X=start)[0].shape == (1,)


def test_a_tracker_sees_each_step_and_may_end_it():
    seen = []

    def look(state):
        seen.append((state.ivars["istep"], tuple(state.E.shape), tuple(state.X.shape)))
        state.bvars["force_stop"] = len(seen) == 2

    torch.lobpcg(matrix, k=2, tracker=look)
    assert seen == [(1, (2,), (12, 2)), (2, (2,), (12, 2))]


def test_the_gradient_is_that_of_eigh():
    A = matrix.clone().requires_grad_()
    weights = torch.arange(24.0, dtype=torch.float64).reshape(12, 2) / 10

    def total(E, X):
        return E.sum() + (weights * X * X[0].sign()).sum()

    (found,) = torch.autograd.grad(total(*torch.lobpcg(A, k=2)), A)
    E, X = torch.linalg.eigh(A)
    (expected,) = torch.autograd.grad(total(E[-2:].flip(0), X[:, -2:].flip(1)), A)
    torch.testing.assert_close(found, expected)
    with pytest.raises(ValueError, match="no gradient with B"):
        torch.lobpcg(A, k=1, B=torch.eye(12, dtype=torch.float64))


def test_what_is_refused():
    with pytest.raises(ValueError, match="smaller than 3 x"):
        torch.lobpcg(matrix, k=5)
    with pytest.raises(AssertionError, match="A must be square"):
        torch.lobpcg(matrix[:3])
    with pytest.raises(RuntimeError, match="float32 or float64"):
        torch.lobpcg(matrix.long())
    with pytest.raises(torch.linalg.LinAlgError):
        torch.lobpcg(matrix, k=1, B=-torch.eye(12, dtype=torch.float64))
