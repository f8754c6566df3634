"""Sparse tensors in coordinate form: products, gradients, forms, printing, what is refused."""

from __future__ import annotations

import pytest

import rushlight as torch


def example() -> torch.Tensor:
    places = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])  # (0, 2) twice
    return torch.sparse_coo_tensor(places, torch.tensor([3.0, 4.0, 5.0, 1.0]), (2, 3))


DENSE = [[0.0, 0.0, 4.0], [4.0, 0.0, 5.0]]


def test_what_it_is() -> None:
    s = example()
    assert isinstance(s, torch.Tensor)
    assert s.is_sparse
    assert s.layout is torch.sparse_coo
    assert (tuple(s.shape), s._nnz(), s.sparse_dim(), s.dense_dim()) == ((2, 3), 4, 2, 0)
    assert s.to_dense().tolist() == DENSE
    merged = s.coalesce()
    assert merged.indices().tolist() == [[0, 1, 1], [2, 0, 2]]
    assert merged.values().tolist() == [4.0, 4.0, 5.0]
    with pytest.raises(RuntimeError, match="Cannot get indices on an uncoalesced tensor"):
        s.indices()


def test_printed_form() -> None:
    assert repr(example().coalesce()) == (
        "tensor(indices=tensor([[0, 1, 1],\n"
        "                       [2, 0, 2]]),\n"
        "       values=tensor([4., 4., 5.]),\n"
        "       size=(2, 3), nnz=3, layout=torch.sparse_coo)"
    )


@pytest.mark.parametrize(
    "product",
    [
        lambda s, x: s @ x,
        torch.mm,
        torch.spmm,
        torch.matmul,
        lambda s, x: torch.sparse.mm(s, x),
        lambda s, x: torch.addmm(torch.zeros(2, 2), s, x),
        lambda s, x: (x.t() @ s.t()).t(),
    ],
)
def test_products_and_their_gradients(product: object) -> None:
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    values = torch.tensor([3.0, 4.0, 5.0, 1.0], requires_grad=True)
    s = torch.sparse_coo_tensor([[0, 1, 1, 0], [2, 0, 2, 2]], values, (2, 3))
    out = product(s, x)  # type: ignore[operator]
    assert out.tolist() == [[16.0, 20.0], [20.0, 29.0]]
    (out * torch.tensor([1.0, 2.0])).sum().backward()
    assert x.grad.tolist() == [[4.0, 8.0], [0.0, 0.0], [9.0, 18.0]]
    assert values.grad.tolist() == [14.0, 2.0, 14.0, 14.0]


def test_arithmetic() -> None:
    s = example()
    assert (s + s).to_dense().tolist() == [[0.0, 0.0, 8.0], [8.0, 0.0, 10.0]]
    assert (2 * s).to_dense().tolist() == (s + s).to_dense().tolist()
    assert (s - s * 0.5).to_dense().tolist() == (s / 2).to_dense().tolist()
    assert s.t().to_dense().tolist() == [list(row) for row in zip(*DENSE, strict=True)]
    assert s.pow(2).to_dense().tolist() == [[0.0, 0.0, 16.0], [16.0, 0.0, 25.0]]
    assert (torch.ones(2, 3) + s).tolist() == [[1.0, 1.0, 5.0], [5.0, 1.0, 6.0]]
    assert torch.sparse.sum(s).item() == 13.0
    assert torch.sparse.sum(s, 0).to_dense().tolist() == [4.0, 0.0, 9.0]
    with pytest.raises(RuntimeError, match=r"add\(sparse, dense\) is not supported"):
        s + torch.ones(2, 3)


def test_softmax_counts_what_is_kept() -> None:
    found = torch.sparse.softmax(example(), 1).to_dense()
    assert found.tolist()[0] == [0.0, 0.0, 1.0]
    assert found[1].tolist() == pytest.approx([0.26894, 0.0, 0.73106], abs=1e-5)


def test_from_dense_with_gradient() -> None:
    x = torch.tensor([[0.0, 2.0], [3.0, 0.0]], requires_grad=True)
    s = x.to_sparse()
    assert s.indices().tolist() == [[0, 1], [1, 0]]
    (s.to_dense() ** 2).sum().backward()
    assert x.grad.tolist() == [[0.0, 4.0], [6.0, 0.0]]


def test_old_and_empty_and_hybrid() -> None:
    old = torch.sparse.FloatTensor(torch.tensor([[1], [0]]), torch.tensor([2.0]), (2, 2))
    assert old.to_dense().tolist() == [[0.0, 0.0], [2.0, 0.0]]
    assert torch.sparse_coo_tensor((2, 3)).to_dense().tolist() == [[0.0] * 3] * 2
    hybrid = torch.sparse_coo_tensor([[0, 2]], [[1.0, 2.0], [3.0, 4.0]], (3, 2))
    assert hybrid.to_dense().tolist() == [[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]
    assert (hybrid.sparse_dim(), hybrid.dense_dim()) == (1, 1)


def test_what_is_refused() -> None:
    s = example()
    with pytest.raises(NotImplementedError, match=r"torch\.cumsum is not there for sparse"):
        torch.cumsum(s, 0)
    with pytest.raises(NotImplementedError, match="not there for sparse tensors"):
        s.squeeze()
    with pytest.raises(NotImplementedError, match=r"only torch\.sparse_coo"):
        torch.eye(2).to_sparse_csr()
    with pytest.raises(TypeError, match="can't convert Sparse layout tensor to numpy"):
        s.numpy()
    with pytest.raises(RuntimeError, match="size is inconsistent with indices"):
        torch.sparse_coo_tensor([[5]], [1.0], (2,))
    with pytest.raises(RuntimeError, match="must have same nnz"):
        torch.sparse_coo_tensor([[0, 1]], [1.0], (2,))
    with pytest.raises(RuntimeError, match="got Strided"):
        torch.ones(2).coalesce()


def test_sparse_times_sparse() -> None:
    values = torch.tensor([3.0, 4.0, 5.0, 1.0], requires_grad=True)
    s = torch.sparse_coo_tensor([[0, 1, 1, 0], [2, 0, 2, 2]], values, (2, 3))
    squares = s @ s.t()
    assert squares.is_sparse
    assert squares.to_dense().tolist() == [[16.0, 20.0], [20.0, 41.0]]
    squares.to_dense().sum().backward()
    assert values.grad.tolist() == [18.0, 8.0, 18.0, 18.0]
    other = torch.sparse_coo_tensor([[0, 1], [2, 1]], [10.0, 7.0], (2, 3))
    both = s * other
    assert both.indices().tolist() == [[0], [2]]
    assert both.values().tolist() == [40.0]


def test_kept_for_backward_and_in_a_buffer() -> None:
    class Weighted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, values, x):  # type: ignore[no-untyped-def]
            a = torch.sparse_coo_tensor(torch.tensor([[0, 1], [1, 0]]), values, (2, 2))
            ctx.save_for_backward(a, x)
            return a @ x

        @staticmethod
        def backward(ctx, g):  # type: ignore[no-untyped-def]
            a, x = ctx.saved_tensors
            return (g @ x.t())[a._indices()[0], a._indices()[1]], a.t() @ g

    values = torch.tensor([2.0, 3.0], requires_grad=True)
    x = torch.tensor([[1.0], [5.0]], requires_grad=True)
    Weighted.apply(values, x).sum().backward()
    assert values.grad.tolist() == [5.0, 1.0]
    assert x.grad.tolist() == [[3.0], [2.0]]
    module = torch.nn.Module()
    module.register_buffer("adjacency", example())
    assert module.double().adjacency.dtype is torch.float64


def test_zeros_like_a_sparse_tensor_is_sparse():
    s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2))
    for like in (torch.zeros_like, torch.empty_like):
        made = like(s)
        assert (made.is_sparse, made._nnz(), tuple(made.shape)) == (True, 0, (2, 2))
    assert torch.zeros_like(s, dtype=torch.int64).dtype is torch.int64
    assert torch.zeros_like(s, layout=torch.strided).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(NotImplementedError):
        torch.ones_like(s)


def test_values_that_want_a_gradient_later_are_another_matter():
    values = torch.ones(2)
    made = torch.sparse_coo_tensor([[0, 1]], values, (3,))
    values.requires_grad_()
    assert not made.requires_grad
    assert not (made * 2).requires_grad


def whole(count: int) -> torch.Tensor:
    return torch.arange(float(count))


SHAPED = {
    "select": (lambda s: s[1], lambda d: d[1]),
    "select of the other axis": (lambda s: s.select(1, 2), lambda d: d.select(1, 2)),
    "one element": (lambda s: s[0, 2], lambda d: d[0, 2]),
    "index_select": (
        lambda s: s.index_select(1, torch.tensor([2, 1, 2])),
        lambda d: d.index_select(1, torch.tensor([2, 1, 2])),
    ),
    "narrow_copy": (lambda s: torch.narrow_copy(s, 1, 1, 2), lambda d: d.narrow(1, 1, 2)),
    "cat": (lambda s: torch.cat([s, s], 1), lambda d: torch.cat([d, d], 1)),
    "stack": (lambda s: torch.stack([s, s * 2], 1), lambda d: torch.stack([d, d * 2], 1)),
    "unsqueeze": (lambda s: s.unsqueeze(-1), lambda d: d.unsqueeze(-1)),
    "permute": (lambda s: s.permute(1, 0), lambda d: d.permute(1, 0)),
    "rows": (lambda s: list(s)[1], lambda d: d[1]),
    "bmm": (
        lambda s: torch.bmm(torch.stack([s, s * 2]), whole(12).view(2, 3, 2)),
        lambda d: torch.bmm(torch.stack([d, d * 2]), whole(12).view(2, 3, 2)),
    ),
    "times a row": (lambda s: s * whole(3), lambda d: d * whole(3)),
    "norm": (lambda s: s.norm(), lambda d: d.norm()),
}


@pytest.mark.parametrize("name", SHAPED)
def test_shaped_as_dense_ones_are(name: str) -> None:
    ours, theirs = SHAPED[name]
    made, wanted = ours(example()), theirs(torch.tensor(DENSE))
    assert made.shape == wanted.shape
    assert made.to_dense().tolist() == wanted.tolist()


def test_dense_axes_are_shaped() -> None:
    s = torch.sparse_coo_tensor([[2, 0]], [[1.0, 2.0], [3.0, 4.0]], (3, 2))
    d = s.to_dense()
    for ours, theirs in (
        (s[2], d[2]), (s[1], d[1]), (s[0, 1], d[0, 1]), (s.select(1, 0), d.select(1, 0)),
        (torch.cat([s, s], 1), torch.cat([d, d], 1)), (s.unsqueeze(2), d.unsqueeze(2)),
        (s.index_select(1, torch.tensor([1, 1])), d.index_select(1, torch.tensor([1, 1]))),
    ):  # fmt: skip
        assert ours.to_dense().tolist() == theirs.tolist()
    mask = torch.ones(3, 2).sparse_mask(s)
    assert mask.to_dense().tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]


def test_one_that_wants_a_gradient() -> None:
    s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2), requires_grad=True)
    assert s.is_leaf
    assert s.requires_grad
    assert repr(s).endswith("layout=torch.sparse_coo, requires_grad=True)")
    torch.sparse.mm(s, torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert s.grad.is_sparse
    assert s.grad.to_dense().tolist() == [[0.0, 7.0], [3.0, 0.0]]
    s[0].to_dense().sum().backward()
    assert s.grad.to_dense().tolist() == [[0.0, 8.0], [3.0, 0.0]]
    with pytest.raises(NotImplementedError, match="optimise the values"):
        torch.optim.SGD([s], 0.1)


def test_a_difference_is_merged_where_places_are_in_order() -> None:
    s = torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2))
    assert (s - s)._nnz() == 2
    assert not (s - s).is_coalesced()
    assert (example() + example())._nnz() == 8


def test_other_kinds_and_new_ones() -> None:
    s = example()
    assert s.half().dtype is torch.float16
    assert s.bool().to_dense().tolist() == [[False, False, True], [True, False, True]]
    assert s.new_zeros(2, 5).is_sparse
    assert tuple(s.new_zeros(2, 5).shape) == (2, 5)
    with pytest.raises(NotImplementedError, match="indexed by whole numbers"):
        s[1:]


def test_a_pass_may_start_from_a_sparse_tensor() -> None:
    x = torch.tensor([[1.0, 0, 2], [0, 0, 3]], requires_grad=True)
    for seed in (torch.full((2, 3), 2.0), torch.full((2, 3), 2.0).to_sparse()):
        (found,) = torch.autograd.grad((x * x).to_sparse(), x, seed)
        assert torch.equal(found, 4 * x.detach())
    x.to_sparse().backward(torch.ones(2, 3))  # a gradient is not cut to what is kept of the values
    assert x.grad.tolist() == [[1.0] * 3] * 2
    values = torch.tensor([3.0, 4.0], requires_grad=True)
    row = torch.sparse_coo_tensor(torch.tensor([[0, 2]]), values, (3,))
    (found,) = torch.autograd.grad(row, values, torch.tensor([1.0, 2.0, 3.0]))
    assert found.tolist() == [1.0, 3.0]
