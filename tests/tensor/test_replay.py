"""Backward passes done in one stride give what the walk gives, and give way to it where needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.tensor import replay

F = nn.functional


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Grows by one whenever a known passage is taken; none is known at the start."""
    torch.engine.clear()
    count: list[int] = []
    take = replay.Passage.take

    def counted(self: Any, *args: Any) -> Any:
        count.append(len(count))
        return take(self, *args)

    monkeypatch.setattr(replay.Passage, "take", counted)
    yield count


def walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every pass is walked node by node."""
    monkeypatch.setattr(replay.Passage, "match", lambda *args: None)


class Wide(nn.Module):
    """Shared weights, several outputs, numbers, views, in-place operations, broadcasting."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm1d(6)
        self.last = nn.Linear(8, 3)
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.first(x), inplace=True)
        x = self.norm(self.first(x)) * 0.5 + x / 3.0
        left, right = x.chunk(2, 1)
        x = torch.cat([left * right, right**2, x], 1)
        x = self.conv(x.view(-1, 1, 3, 4)).flatten(1)
        x = x.repeat(1, 2)[:, :8] * self.scale
        return self.last(x) - 2.0 * x.mean()


def train(steps: int = 4, seed: int = 0) -> list[Any]:
    torch.manual_seed(seed)
    model = Wide()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, y = torch.randn(5, 6), torch.randint(0, 3, (5,))
    seen: list[Any] = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
        seen += [p.grad.tolist() for p in model.parameters()]
    return seen + [p.tolist() for p in model.parameters()]


def test_the_same_numbers(taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    torch.engine.clear()
    quick = train()
    assert len(taken) >= 2
    walking(monkeypatch)
    assert train() == quick


def twice(taken: list[int], step: Callable[[], Any]) -> Any:
    """Until the pass is known; what it gave."""
    for _ in range(3):
        result = step()
    before = len(taken)
    assert step() == result
    assert len(taken) > before
    return result


def layer() -> tuple[nn.Linear, torch.Tensor]:
    torch.manual_seed(0)
    return nn.Linear(3, 2), torch.randn(4, 3)


def gradient(model: nn.Linear, x: torch.Tensor) -> list[Any]:
    model.zero_grad()
    model(x).tanh().sum().backward()
    return [None if p.grad is None else p.grad.tolist() for p in model.parameters()]


def test_hook_on_a_leaf(taken: list[int]) -> None:
    model, x = layer()
    weight, bias = twice(taken, lambda: gradient(model, x))
    handle = model.bias.register_hook(lambda g: g * 2)
    assert gradient(model, x) == [weight, [2 * b for b in bias]]
    handle.remove()
    assert gradient(model, x) == [weight, bias]
    seen: list[Any] = []
    after = model.bias.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist()))
    assert gradient(model, x) == [weight, bias]
    assert seen == [bias]
    after.remove()


def test_hook_on_a_result(taken: list[int]) -> None:
    model, x = layer()
    expected = twice(taken, lambda: gradient(model, x))
    model.zero_grad()
    hidden = model(x)
    hidden.register_hook(lambda g: g * 2)
    hidden.tanh().sum().backward()
    assert model.bias.grad.tolist() == [2 * b for b in expected[1]]
    model.zero_grad()
    hidden = model(x)
    hidden.retain_grad()
    hidden.tanh().sum().backward()
    assert hidden.grad.shape == (4, 2)
    assert model.bias.grad.tolist() == expected[1]
    model.zero_grad()
    hidden = model(x).tanh()
    called: list[int] = []
    hidden.grad_fn.register_hook(lambda ins, outs: called.append(1))
    hidden.sum().backward()
    assert called == [1]
    assert model.bias.grad.tolist() == expected[1]


def test_requires_grad_switched(taken: list[int]) -> None:
    model, x = layer()
    weight, bias = twice(taken, lambda: gradient(model, x))
    model.weight.requires_grad_(False)
    assert gradient(model, x) == [None, bias]
    assert gradient(model, x) == [None, bias]
    model.weight.requires_grad_(True)
    assert gradient(model, x) == [weight, bias]
    x.requires_grad_(True)
    assert gradient(model, x) == [weight, bias]
    assert x.grad.shape == x.shape


def test_parameter_replaced(taken: list[int]) -> None:
    model, x = layer()
    twice(taken, lambda: gradient(model, x))
    old = model.weight
    model.weight = nn.Parameter(torch.zeros(2, 3))
    old.grad = None
    fresh = gradient(model, x)
    assert old.grad is None
    assert model.weight.grad.tolist() == fresh[0]


def test_one_tensor_in_two_places(taken: list[int]) -> None:
    def slopes(a: torch.Tensor, b: torch.Tensor) -> list[Any]:
        a.grad = b.grad = None
        ((a * 2) * (b * 3)).sum().backward()
        return [a.grad.tolist(), b.grad.tolist()]

    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    assert twice(taken, lambda: slopes(a, b)) == [[6.0, 6.0], [6.0, 6.0]]
    assert slopes(a, a) == [[12.0, 12.0]] * 2
    assert slopes(a, a) == [[12.0, 12.0]] * 2
    assert slopes(a, b) == [[6.0, 6.0], [6.0, 6.0]]
    # Two leaves of one value: the trace sees one input, the graph has two leaves.
    c = a.detach().requires_grad_()
    for _ in range(2):
        assert slopes(a, c) == [[6.0, 6.0], [6.0, 6.0]]


def test_held_gradients_are_added_to(taken: list[int]) -> None:
    x = torch.ones(3, requires_grad=True)

    def step() -> list[float]:
        x.grad = None
        (x * 2).sum().backward()
        held = x.grad
        (x * 2).sum().backward()
        assert x.grad is held
        return held.tolist()

    assert twice(taken, step) == [4.0] * 3
    (x * 2).sum().backward()
    kept = x.grad
    x.grad = None
    (x * 2).sum().backward()
    assert kept.tolist() == [6.0] * 3
    assert x.grad.tolist() == [2.0] * 3


def test_zeroed_gradients(taken: list[int]) -> None:
    model, x = layer()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    weight = gradient(model, x)[0]
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        model(x).tanh().sum().backward()
        optimizer.step()
        assert model.weight.grad.tolist() == weight
    assert taken


def test_graph_kept_and_freed(taken: list[int]) -> None:
    w = torch.ones(2, requires_grad=True)

    def step() -> list[float]:
        w.grad = None
        loss = (w.exp() * w).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()
        return w.grad.tolist()

    twice(taken, step)
    w.grad = None
    loss = (w.exp() * w).sum()
    (slope,) = torch.autograd.grad(loss, w, create_graph=True)
    slope.sum().backward()
    assert w.grad.tolist() == pytest.approx([3 * 2.718281828] * 2)


def test_overwritten_after_forward(taken: list[int]) -> None:
    w = torch.ones(2, requires_grad=True)

    def step(spoil: bool) -> list[float]:
        w.grad = None
        hidden = w * 2
        loss = (hidden * hidden).sum()
        if spoil:
            hidden.add_(1)
        loss.backward()
        return w.grad.tolist()

    twice(taken, lambda: step(False))
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        step(True)
    assert step(False) == [8.0, 8.0]


def test_looking_between_forward_and_backward(taken: list[int]) -> None:
    model, x = layer()

    def step(look: bool) -> list[float]:
        model.zero_grad()
        loss = model(x).tanh().sum()
        if look:
            loss.item()
        loss.backward()
        return model.bias.grad.tolist()

    expected = twice(taken, lambda: step(False))
    for look in (True, False, True):
        assert step(look) == pytest.approx(expected)


def test_numbers_are_those_of_this_step(taken: list[int]) -> None:
    x = torch.ones(2, requires_grad=True)
    for number in (2.0, 3.0, 4.0, 5.0):
        x.grad = None
        ((x * number) ** 3 * (number + 1)).sum().backward()
        assert x.grad.tolist() == pytest.approx([3 * number**3 * (number + 1)] * 2)
    assert len(taken) >= 2


def test_graph_of_an_earlier_trace(taken: list[int]) -> None:
    """The same steps of the trie, but the graph belongs to values computed before."""
    a, b = (torch.full((2,), n, requires_grad=True) for n in (2.0, 3.0))

    def fresh(p: torch.Tensor) -> torch.Tensor:
        return (p * p).sum()

    for _ in range(3):
        a.grad = None
        fresh(a).backward()
    old = fresh(a)
    old.item()
    new = fresh(b)
    assert new.requires_grad
    a.grad = b.grad = None
    old.backward()
    assert a.grad.tolist() == [4.0, 4.0]
    assert b.grad is None
    new.backward()
    assert b.grad.tolist() == [6.0, 6.0]


def test_memory_of_numpy_is_read_when_it_is_used(taken: list[int]) -> None:
    import numpy as np

    array = np.ones(2, np.float32)
    x = torch.from_numpy(array)
    w = torch.ones(2, requires_grad=True)
    for n in range(4):
        array[:] = n
        w.grad = None
        (w * x).sum().backward()
        array[:] = 100
        assert w.grad.tolist() == [n, n]


def test_gradients_that_are_not_kept_cost_no_memory(taken: list[int]) -> None:
    """No cycle keeps a step alive: what a step made is gone with the last name for it."""
    import gc
    import weakref

    model, x = layer()
    twice(taken, lambda: gradient(model, x))
    gc.collect()
    gc.disable()
    try:
        loss = model(x).tanh().sum()
        node = weakref.ref(loss.grad_fn)
        value = weakref.ref(loss._value)
        loss.backward()
        del loss
        torch.engine.flush()
        assert node() is None
        assert value() is None
    finally:
        gc.enable()


def test_grad_of_leaves_in_one_stride(taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    start = torch.randn(5, 2)

    def chain(retain: bool = False) -> list[float]:
        x, found = start.clone(), []
        for number in range(4):
            y = x.clone().requires_grad_(True)
            w = torch.tensor(1.5, requires_grad=True)
            energy = ((y - number) ** 2 * w).sum() + torch.logsumexp(y * 0.5, 0).sum()
            slope, of_w = torch.autograd.grad(energy, (y, w), retain_graph=retain)
            if retain:
                (again,) = torch.autograd.grad(energy, y)
                assert again.tolist() == slope.tolist()
            else:
                with pytest.raises(RuntimeError, match="second time"):
                    energy.backward()
            assert y.grad is None and w.grad is None
            x = (x - 0.1 * slope).detach()
            found += [*x.flatten().tolist(), of_w.item()]
        return found

    first = [chain(), chain(True)]
    assert taken
    monkeypatch.setattr(replay.Passage, "match", lambda *args: None)
    assert [chain(), chain(True)] == first


def test_grad_of_some_leaves_and_hooks(taken: list[int]) -> None:
    weight = torch.tensor([2.0, 3.0], requires_grad=True)
    for number in range(4):
        x = torch.tensor([1.0, float(number)], requires_grad=True)
        (slope,) = torch.autograd.grad((x * weight).sum(), x)
        assert slope.tolist() == [2, 3] and weight.grad is None
    assert len(taken) == 3
    for number in range(4):  # the same graph, asked for its other leaf, and with a part of its own
        x = torch.tensor([1.0, float(number)], requires_grad=True)
        own = (weight * 2).sum()
        (slope,) = torch.autograd.grad((x * x).sum() + own, x)
        assert slope.tolist() == [2, 2 * number]
        own.backward()  # nobody went there
    assert weight.grad is not None and weight.grad.tolist() == [8, 8]
    weight.grad = None
    for number in range(4):
        x = torch.tensor([1.0, float(number)], requires_grad=True)
        if number % 2:
            x.register_hook(lambda gradient: gradient * 10)
        both = torch.autograd.grad((x * weight).sum(), (weight, x, weight))
        assert [each.tolist() for each in both] == [
            [1, number], [20, 30] if number % 2 else [2, 3], [1, number]
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [(1, TypeError, "hook returned 'int'"), (torch.ones(2), RuntimeError, "should return None")],
)
def test_hooks_after_accumulation_return_none(
    given: Any, error: type[Exception], said: str
) -> None:
    w = torch.ones(2, requires_grad=True)
    w.register_post_accumulate_grad_hook(lambda leaf: given)
    with pytest.raises(error, match=said):
        w.sum().backward()
    assert w.grad is not None and w.grad.tolist() == [1.0, 1.0]
