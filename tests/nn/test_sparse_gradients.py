"""Embedding(sparse=True): gradients that hold only the rows that were looked up."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rushlight as torch
from rushlight import nn


def ones(**settings: object) -> nn.Embedding:
    layer = nn.Embedding(4, 2, sparse=True, **settings)
    nn.init.ones_(layer.weight)
    return layer


def test_the_rows_that_were_looked_up() -> None:
    layer = ones(padding_idx=1)
    layer(torch.tensor([[0, 1], [3, 0]])).sum().backward()
    grad = layer.weight.grad
    assert grad.is_sparse
    assert not grad.is_coalesced()
    assert grad._indices().tolist() == [[0, 3, 0]]
    assert grad._values().tolist() == [[1.0, 1.0]] * 3
    assert grad.to_dense().tolist() == [[2.0, 2.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]


def test_they_add_up() -> None:
    layer = ones()
    for _ in range(2):
        (layer(torch.tensor([0, 1])) * layer(torch.tensor([1, 3]))).sum().backward()
    assert layer.weight.grad.is_sparse
    assert layer.weight.grad.to_dense()[:, 0].tolist() == [2.0, 4.0, 0.0, 2.0]
    layer.weight.sum().backward()  # beside a dense one: dense
    assert layer.weight.grad[:, 0].tolist() == [3.0, 5.0, 1.0, 3.0]
    tied = ones()
    (tied(torch.tensor([0])) @ tied.weight.t()).sum().backward()
    assert tied.weight.grad[:, 0].tolist() == [5.0, 1.0, 1.0, 1.0]


def test_grad_hooks_and_a_second_walk() -> None:
    layer, seen = ones(), []
    layer.weight.register_hook(lambda grad: seen.append(grad.is_sparse))
    loss = layer(torch.tensor([2])).sum()
    (grad,) = torch.autograd.grad(loss, layer.weight, retain_graph=True)
    assert grad.is_sparse
    loss.backward()
    assert seen == [True, True]
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()
    (slope,) = torch.autograd.grad(
        (layer(torch.tensor([0])) ** 3).sum(), layer.weight, create_graph=True
    )
    assert slope.to_dense()[0].tolist() == [3.0, 3.0]


def test_training() -> None:
    rows = torch.tensor([0, 2, 0])
    for name, settings in (("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9}),
                           ("Adagrad", {"lr": 0.1})):  # fmt: skip
        sparse, dense = ones(), nn.Embedding(4, 2)
        nn.init.ones_(dense.weight)
        for layer in (sparse, dense):
            optimizer = getattr(torch.optim, name)(layer.parameters(), **settings)
            for _ in range(3):
                optimizer.zero_grad(set_to_none=False)
                layer(rows).square().sum().backward()
                optimizer.step()
        assert torch.allclose(sparse.weight, dense.weight)
    layer = ones()
    optimizer = torch.optim.SparseAdam(layer.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        layer(rows).square().sum().backward()
        optimizer.step()
    assert layer.weight[:, 0].tolist() == pytest.approx([0.8004123, 1.0, 0.8004123, 1.0], rel=1e-5)


def test_bags() -> None:
    for mode, share in (("sum", 1.0), ("mean", 0.5)):
        bag = nn.EmbeddingBag(4, 2, mode=mode, sparse=True)
        bag(torch.tensor([[0, 1], [3, 0]])).sum().backward()
        assert bag.weight.grad.is_sparse
        assert bag.weight.grad.to_dense()[:, 0].tolist() == [2 * share, share, 0.0, share]
    with pytest.raises(ValueError, match="max mode does not support sparse"):
        nn.EmbeddingBag(4, 2, mode="max", sparse=True)(torch.tensor([[0, 1]]))
    with pytest.raises(RuntimeError, match="scale_grad_by_freq not supported"):
        ones(scale_grad_by_freq=True)(torch.tensor([0])).sum().backward()


def test_in_a_process_that_did_nothing_sparse_before() -> None:
    program = (
        "import rushlight as torch\n"
        "weight = torch.ones(4, 2, requires_grad=True)\n"
        "seen = []\n"
        "weight.register_hook(lambda grad: seen.append(grad._nnz()))\n"
        "find = torch.nn.functional.embedding\n"
        "look = lambda *rows: find(torch.tensor(rows), weight, sparse=True)\n"
        "(look(0, 1) * look(1, 3)).sum().backward()\n"
        "look(2).sum().backward()\n"
        "print(seen, weight.grad.to_dense()[:, 0].tolist(), weight.grad.is_coalesced())\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[3, 1] [1.0, 2.0, 1.0, 1.0] False\n", ran.stderr


def test_gradients_are_changed_in_place() -> None:
    layer = ones()
    layer(torch.tensor([0, 1])).sum().backward()
    grad = layer.weight.grad
    grad.data.mul_(4).div_(2.0)
    grad += grad
    grad -= torch.sparse_coo_tensor([[3]], [[1.0, 1.0]], (4, 2))
    assert grad is layer.weight.grad
    assert grad.to_dense()[:, 0].tolist() == [4.0, 4.0, 0.0, -1.0]
    dense = layer.weight.grad = torch.ones(4, 2)
    layer(torch.tensor([2])).sum().backward()
    assert layer.weight.grad is dense and dense[:, 0].tolist() == [1.0, 1.0, 2.0, 1.0]
