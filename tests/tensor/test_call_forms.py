"""Calls of right and of wrong form, taken and refused as PyTorch 2.13 does."""

import pytest

import rushlight as torch

F = torch.nn.functional
X = torch.tensor([1.0, 2.0])
M = torch.eye(3)


def test_full_like_by_name():
    assert torch.full_like(X, fill_value=3.0).tolist() == [3.0, 3.0]
    made = torch.full_like(fill_value=3, input=X, dtype=torch.int64)
    assert made.tolist() == [3, 3] and made.dtype is torch.int64


@pytest.mark.parametrize(
    "fill",
    [
        lambda x: x.uniform_(a=-1, b=1),
        lambda x: x.uniform_("0", 1),
        lambda x: x.uniform_(0, torch.tensor([1.0])),
        lambda x: x.normal_("0", 1),
        lambda x: x.exponential_(torch.tensor([1.0])),
        lambda x: x.log_normal_("0"),
        lambda x: x.random_(0.5),
        lambda x: x.random_(0, 1.0),
        lambda x: x.random_(True),
        lambda x: x.random_(low=1),
    ],
)
def test_random_fills_of_the_wrong_kind(fill):
    with pytest.raises(TypeError):
        fill(torch.zeros(2))


def test_random_fills_by_name():
    assert torch.zeros(2).uniform_(**{"from": 5, "to": 5.0}).tolist() == [5.0, 5.0]
    assert torch.zeros(2).random_(**{"from": 3, "to": 4}).tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.atleast_1d(3),
        lambda: torch.atleast_1d([3]),
        lambda: torch.block_diag([X, X]),
        lambda: torch.cartesian_prod([X, X]),
        lambda: torch.meshgrid(X, 3, indexing="ij"),
        lambda: torch.linalg.multi_dot(M),
        lambda: torch.linalg.matrix_rank(M, rtol=[0]),
        lambda: torch.linalg.matrix_rank(M, 0.1, rtol=0.1),
        lambda: torch.fft.fft2(M, s="x"),
        lambda: torch.fft.fft2(M, s=torch.tensor([2, 2])),
        lambda: torch.signal.windows.hann(3, requires_grad=1),
        lambda: torch.linalg.qr(M, out=M),
        lambda: torch.topk(M, 1, out=(M,)),
        lambda: F.soft_margin_loss(M, 1.5),
        lambda: M.sum_to_size(),
    ],
)
def test_refused_with_type_error(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.meshgrid(X, X.double(), indexing="ij"),
        lambda: torch.meshgrid(indexing="ij"),
        lambda: torch.cartesian_prod(torch.tensor(1.0)),
        lambda: torch.linalg.cross(M, M.double()),
        lambda: torch.cross(M[0], M, dim=-1),
        lambda: F.soft_margin_loss(torch.ones(3, 1), torch.ones(3)),
        lambda: torch.zeros(1, device=0),
    ],
)
def test_refused_with_runtime_error(call):
    with pytest.raises(RuntimeError):
        call()


def test_modes_of_cdist():
    with pytest.raises(ValueError, match="compute_mode"):
        torch.cdist(M, M, compute_mode="bad")
    assert torch.cdist(M, M, compute_mode="use_mm_for_euclid_dist").shape == (3, 3)


def test_names_that_pytorch_takes():
    assert torch.fft.fft(M, axis=0).shape == (3, 3)
    assert torch.linalg.cond(input=M).item() == torch.linalg.cond(A=M).item()
    assert torch.linalg.vector_norm(input=X[:1]).item() == 1.0
    assert M.sum_to_size(size=(1, 1)).tolist() == [[3.0]]
    assert len(torch.unsafe_split(input=M, split_size=2)) == 2


def test_diff_of_several_dtypes():
    made = torch.diff(torch.tensor([1, 3]), prepend=torch.tensor([1], dtype=torch.uint8),
                      append=torch.tensor([1.5]))  # fmt: skip
    assert made.tolist() == [0.0, 2.0, -1.5]


def test_masks():
    x, mask = torch.tensor([[1.0, 5.0]]), torch.tensor([[True, False]])
    found = torch.masked.argmax(torch.tensor([[0.2, 0.9]]), 1, dtype=torch.int32)
    assert found.tolist() == [1] and found.dtype is torch.int32
    assert torch.masked.sum(x, mask=mask[0]).item() == 1.0
    with pytest.raises(IndexError, match="broadcastable mask"):
        torch.masked.sum(x, mask=mask.reshape(1, 1, 2))
    with pytest.raises(RuntimeError):
        torch.masked.sum(torch.ones(1), mask=mask[0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.randint(0, 10.5, (2,)),
        lambda: torch.randint("10", (2,)),
        lambda: torch.randint_like(M, 0, "x"),
        lambda: torch.normal(M, 0, 5),
        lambda: torch.normal(M, M, dtype=torch.float16),
        lambda: M.var(True, correction=0),
        lambda: M.std(unbiased=True, correction=0),
        lambda: M.bfloat16(torch.contiguous_format),
        lambda: M.contiguous(torch.contiguous_format),
    ],
)
def test_more_type_errors(call):
    with pytest.raises(TypeError):
        call()


def test_normalised_with_half_of_the_statistics():
    x = torch.ones(1, 2, 3)
    with pytest.raises(ValueError, match="both be None or neither"):
        F.instance_norm(x, torch.zeros(2), None)
    with pytest.raises(RuntimeError, match="running_var should contain 2 elements not 1"):
        F.instance_norm(x, torch.zeros(2), torch.ones(1))


def test_kinds_that_have_no_kernel():
    for call in (
        lambda: M.cumsum(0, dtype=torch.bool),
        lambda: M.cumprod(0, dtype=torch.bool),
        lambda: torch.triu_indices(2, 2, dtype=torch.float32),
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_norms_of_another_kind():
    with pytest.raises(RuntimeError, match="should be real for real inputs"):
        torch.norm(M, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="without narrowing"):
        torch.linalg.vector_norm(M, dtype=torch.bfloat16)
    assert torch.linalg.vector_norm(M, dtype=torch.float64).dtype is torch.float64


def test_counts_below_zero():
    with pytest.raises(RuntimeError, match="row must be non-negative"):
        torch.triu_indices(-1, 2)
    with pytest.raises(RuntimeError, match="non-negative"):
        torch.combinations(X, r=-3)
    with pytest.raises(RuntimeError, match="one dimension less"):
        torch.linalg.householder_product(torch.ones(1, 3, 3), torch.ones(1))


@pytest.mark.parametrize("unfold", [torch.Tensor.unfold, torch.unfold_copy])
def test_windows_of_less_than_nothing(unfold):
    """A shape below zero wrote past its memory."""
    with pytest.raises(RuntimeError, match="size is -1 but must be >= 0"):
        unfold(torch.ones(10, 10), 1, -1, 3)
