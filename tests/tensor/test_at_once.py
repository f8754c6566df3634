"""Many tensors in memory are joined at once: which of them are alike is no part of a step."""

import random

import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats


def test_batches_from_a_replay_buffer_are_one_step() -> None:
    clear()
    torch.manual_seed(0)
    states = [torch.full((1, 3), float(i)) for i in range(40)]
    rewards = [torch.tensor([i % 2]) for i in range(40)]
    layer, draw = torch.nn.Linear(3, 1), random.Random(0)
    plans = []
    for _ in range(6):
        chosen = [draw.randrange(40) for _ in range(16)]
        batch = torch.cat([states[i] for i in chosen])
        ahead = torch.stack([states[(i + 1) % 40][0] for i in chosen])
        assert batch[:, 0].tolist() == chosen
        loss = ((layer(batch) - layer(ahead)) * torch.cat([rewards[i] for i in chosen])).mean()
        loss.backward()
        before = stats.plans
        loss.item()
        plans.append(stats.plans - before)
    assert sum(plans[2:]) == 0


def test_same_as_recorded() -> None:
    whole = torch.arange(60.0).reshape(10, 6)
    parts = [row[1:5:2].reshape(1, 2) for row in whole]  # views
    lazily = [part + 0 for part in parts]
    for dim in (0, 1, -1):
        assert torch.equal(torch.cat(parts, dim), torch.cat(lazily, dim))
        assert torch.equal(torch.stack(parts, dim), torch.stack(lazily, dim))
    whole.zero_()  # what was joined is a copy
    assert torch.cat(parts).sum() == 0
    ragged = [torch.ones(2, n) for n in range(9)]
    assert torch.cat(ragged, axis=1).shape == (2, 36)
    mixed = [torch.ones(1), *[torch.ones(1, dtype=torch.int64)] * 8]
    assert torch.cat(mixed).dtype is torch.float32


def test_gradients_flow_and_errors_are_the_same() -> None:
    leaves = [torch.ones(2, requires_grad=True) for _ in range(9)]
    (torch.cat(leaves) * 3).sum().backward()
    assert leaves[4].grad is not None and leaves[4].grad.tolist() == [3, 3]
    with torch.no_grad():
        assert not torch.stack(leaves).requires_grad
    with pytest.raises(RuntimeError, match="must match except in dimension 0"):
        torch.cat([torch.ones(2, 3)] * 8 + [torch.ones(2, 4)])
    with pytest.raises(RuntimeError, match="equal size"):
        torch.stack([torch.ones(3)] * 8 + [torch.ones(4)])
    with pytest.raises(IndexError, match="out of range"):
        torch.cat([torch.ones(3)] * 8, 1)


def test_rows_in_memory_of_every_layout() -> None:
    whole = torch.arange(72.0).reshape(12, 3, 2)
    rows = list(whole)  # parts of one memory, each without gaps
    assert torch.equal(torch.stack(rows), whole)
    assert torch.equal(torch.cat(rows), whole.reshape(36, 2))
    turned = [row.t() for row in rows]  # with gaps
    assert torch.equal(torch.stack(turned), whole.transpose(1, 2))
    assert torch.cat([torch.ones(0, 3)] * 9).shape == (0, 3)
    assert torch.stack([torch.tensor(True)] * 9).tolist() == [True] * 9
    halves = [torch.full((2,), float(i), dtype=torch.bfloat16) for i in range(9)]
    assert torch.cat(halves)[::2].tolist() == list(range(9))
    ragged = [torch.full((n % 4, 2), float(n)) for n in range(11)]
    assert torch.cat(ragged)[:, 1].tolist() == [n for n in range(11) for _ in range(n % 4)]
    with pytest.raises(RuntimeError, match="equal size"):
        torch.stack(ragged)
