"""SparseAdam: only what has a gradient moves. The numbers are PyTorch 2.13's."""

from __future__ import annotations

import io

import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats


def test_steps_and_a_state_saved_between() -> None:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(3, 2))
    optimizer = torch.optim.SparseAdam([weight], lr=0.1, betas=(0.8, 0.9), maximize=True)
    for step in range(4):
        places = torch.tensor([[step % 3, 0, 0]])  # an index twice: their gradients add up
        values = torch.tensor([[1.0, 2.0], [0.5, -1.0], [0.25, 0.0]])
        weight.grad = torch.sparse_coo_tensor(places, values, (3, 2))
        optimizer.step()
        if step == 1:
            file = io.BytesIO()
            torch.save(optimizer.state_dict(), file)
            file.seek(0)
            optimizer = torch.optim.SparseAdam([weight], lr=0.3)
            optimizer.load_state_dict(torch.load(file))
    assert weight.flatten().tolist() == pytest.approx(WANTED, rel=1e-6)
    state = optimizer.state_dict()["state"][0]
    assert list(state) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["step"] == 4
    assert isinstance(state["step"], int)


WANTED = [0.3724056, 1.043787, 2.076578, 3.076578, 4.067468, 5.067468]


def test_dense_gradients_are_refused() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    weight.sum().backward()
    with pytest.raises(RuntimeError, match="does not support dense gradients"):
        torch.optim.SparseAdam([weight]).step()


def test_what_others_say_of_sparse_gradients() -> None:
    weight = torch.nn.Parameter(torch.ones(3, 2))
    gradient = torch.tensor([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    for name in ("Adam", "AdamW", "RMSprop", "Adafactor", "Muon", "NAdam"):
        weight.grad = gradient.to_sparse()
        with pytest.raises(RuntimeError, match="does not support sparse gradients"):
            getattr(torch.optim, name)([weight]).step()
    for make in (
        lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9),
        lambda p: torch.optim.Adagrad([p], lr=0.1),
    ):
        twins = [torch.nn.Parameter(torch.ones(3, 2)) for _ in range(2)]
        twins[0].grad, twins[1].grad = gradient.to_sparse(), gradient.clone()
        for twin in twins:
            optimizer = make(twin)
            optimizer.step()
            optimizer.step()
        assert twins[0].tolist() == twins[1].tolist()


def test_rows_that_come_twice_need_no_plan_of_their_own() -> None:
    # How many different rows a batch has changes from step to step; the step's shapes do not.
    clear()
    torch.manual_seed(0)
    layer = torch.nn.Embedding(12, 3, sparse=True)
    optimizer = torch.optim.SparseAdam(layer.parameters(), lr=0.1)
    plans = []
    for step in range(8):
        rows = torch.arange(8) % (step + 1)
        before = stats.plans
        loss = (layer(rows) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        plans.append(stats.plans - before)
    assert sum(plans[3:]) == 0


def test_shared_sums() -> None:
    places = torch.tensor([[2, 0, 2, 1]])
    elements = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    grad = torch.sparse_coo_tensor(places, elements, (4, 2))
    assert grad.shared_sums().tolist() == [[6, 8], [3, 4], [6, 8], [7, 8]]
    assert grad.coalesce().shared_sums().tolist() == [[3, 4], [7, 8], [6, 8]]
    assert torch.sparse_coo_tensor(size=(4, 2)).shared_sums().numel() == 0
