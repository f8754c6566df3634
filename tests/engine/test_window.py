"""Views that are another one each time do not make a plan each time."""

import numpy as np

import rushlight as torch
from rushlight.engine import window
from rushlight.engine.flush import clear, stats


def _plans(steps: int, step: object) -> list[int]:
    """How many plans each of ``steps`` steps makes, in an empty trie."""
    clear()
    made = []
    for i in range(steps):
        before = stats.plans
        step(i)  # type: ignore[operator]
        made.append(stats.plans - before)
    return made


def test_slices_of_a_data_set() -> None:
    x, y = torch.randn(400, 4), torch.randint(0, 3, (400,))
    layer = torch.nn.Linear(4, 3)
    losses = []

    def step(i: int) -> None:
        batch, labels = x[i * 32 : (i + 1) * 32], y[i * 32 : (i + 1) * 32]
        layer.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer(batch), labels)
        loss.backward()
        losses.append(loss.item())

    assert sum(_plans(12, step)[4:]) == 0
    out = torch.nn.functional.cross_entropy(layer(x), y, reduction="none")
    expected = [out[i * 32 : (i + 1) * 32].mean().item() for i in range(12)]
    assert all(abs(a - b) < 1e-6 for a, b in zip(losses, expected, strict=True))


def test_the_end_of_a_text_that_grows() -> None:
    text = torch.zeros((1, 1), dtype=torch.int64)
    table = torch.randn(10, 5)

    def step(i: int) -> None:
        nonlocal text
        seen = table[text[:, -4:]].sum()
        ahead = torch.tensor([[int(abs(seen.item())) % 10]])
        text = torch.cat((text, ahead), dim=1)

    assert sum(_plans(16, step)[7:]) == 0
    assert text.shape == (1, 17)


def test_each_window_shows_its_own_numbers_also_after_writes() -> None:
    x = torch.arange(24.0).reshape(6, 4)
    for i in range(5):
        window = x[i : i + 2, 1:3]
        doubled = window * 2
        x[i] = -1.0  # what was recorded saw the numbers before
        assert doubled.tolist() == [[8 * i + 2, 8 * i + 4], [8 * i + 10, 8 * i + 12]]
        assert (window + 0)[0].tolist() == [-1, -1]
        again = x[i : i + 2, 1:3] + window
        assert again[0].tolist() == [-2, -2]


def test_memory_shared_with_numpy_is_read_when_it_is_used() -> None:
    array = np.arange(12.0, dtype=np.float32)
    shared = torch.from_numpy(array)
    for i in range(5):
        window = shared[i : i + 3]
        first = window.sum()
        array[i] = 100.0
        assert first.item() == 3 * i + 3
        assert (window + 0)[0].item() == 100.0


def test_gradients_of_moving_windows() -> None:
    leaf = torch.arange(10.0).requires_grad_()
    for i in range(5):
        leaf.grad = None
        (leaf[i : i + 3] ** 2).sum().backward()
        expected = [2.0 * k if i <= k < i + 3 else 0.0 for k in range(10)]
        assert leaf.grad is not None and leaf.grad.tolist() == expected


def test_a_view_of_memory_that_others_see_is_met_again() -> None:
    """As a program reads an environment's state: ``torch.from_numpy(state).unsqueeze(0)``."""
    layer = torch.nn.Linear(4, 2)

    def step(i: int) -> None:
        state = np.full(4, float(i), dtype=np.float32)
        out = layer(torch.from_numpy(state).unsqueeze(0))
        assert torch.allclose(out[0], layer.weight.sum(1) * i + layer.bias)

    assert sum(_plans(8, step)[3:]) == 0


def test_a_large_view_of_many_rounds_gets_a_plan_at_last() -> None:
    x = torch.arange(3.0 * (1 << 20))
    windows = [slice(None, -1), slice(1, None)]

    def step(i: int) -> None:
        assert (x[windows[i > 0]] + 1)[0].item() == (i > 0) + 1

    rounds = window.WORTH_A_PLAN // (x.nbytes - 4)
    made = _plans(rounds + 4, step)
    assert made[2 : rounds + 1] == [0] * (rounds - 1)  # copied
    assert made[rounds + 1 :] == [1, 0, 0]
