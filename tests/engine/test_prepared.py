"""What a plan packs of inputs that do not change is kept until they change."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.engine import prepared
from rushlight.engine.flush import clear
from rushlight.engine.watch import Ran, watch

F = nn.functional


class Net(nn.Module):
    """A convolution for Winograd's algorithm, one for panels, a product with panels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(32, 32, 3, padding=1)
        self.second = nn.Conv2d(32, 48, 3, stride=2)
        self.last = nn.Linear(48 * 9 * 9, 40)

    def forward(self, x: Any) -> Any:
        return self.last(self.second(self.first(x).relu()).flatten(1))


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    clear()
    monkeypatch.setattr(prepared, "_LOOKS", (1, 3))


def net() -> tuple[Net, Any]:
    torch.manual_seed(3)
    return Net(), torch.randn(24, 32, 20, 20)


def infer(model: Net, x: Any) -> Any:
    with torch.no_grad():
        return model(x).numpy().copy()


def anew(model: Net, x: Any) -> Any:
    """The same from copies of all weights, which no plan has met before."""
    state = {name: torch.tensor(each.tolist()) for name, each in model.state_dict().items()}
    with torch.no_grad():
        return torch.func.functional_call(model, state, (x,)).numpy().copy()


@contextmanager
def seen() -> Iterator[list[str]]:
    """The labels of all commands that run meanwhile."""
    labels: list[str] = []

    def watcher(ran: Ran) -> None:
        labels.extend(ran.plan.labels if ran.plan is not None else ())

    stop = watch(watcher)
    try:
        yield labels
    finally:
        stop()


def packed(model: Net, x: Any) -> int:
    """How many convolutions' weights are packed in an inference."""
    with seen() as labels:
        infer(model, x)
    return sum(label.startswith(("pack weights", "winograd weights")) for label in labels)


def test_weights_that_stay_are_packed_once() -> None:
    model, x = net()
    before = infer(model, x)
    first = packed(model, x)
    assert first >= 2
    results = [infer(model, x) for _ in range(6)]
    assert packed(model, x) == 0
    assert all((each == before).all() for each in results)


def in_place(model: Net) -> None:
    with torch.no_grad():
        model.first.weight.mul_(0.5)


def by_optimizer(model: Net) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(4, 32, 20, 20)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def by_data(model: Net) -> None:
    model.second.weight.data = model.second.weight.data * 2
    model.second.weight.sum().item()  # so that it is no part of the next plan


def by_element(model: Net) -> None:
    model.first.weight.data[0, 0, 0, 0] = 5.0


def by_numpy(model: Net) -> None:
    model.second.weight.detach().numpy()[:] *= 3


def by_storage(model: Net) -> None:
    model.first.weight.data.untyped_storage().fill_(0)


def by_view(model: Net) -> None:
    with torch.no_grad():
        model.first.weight.view(-1)[::7].zero_()


def by_state(model: Net) -> None:
    kept = io.BytesIO()
    torch.save({name: each + 1 for name, each in model.state_dict().items()}, kept)
    kept.seek(0)
    model.load_state_dict(torch.load(kept))


def by_other_dtype(model: Net) -> None:
    model.first.weight.data.view(torch.int32)[:4] -= 1 << 23  # half as much


def by_swap(model: Net) -> None:
    with torch.no_grad():
        model.last.weight.copy_(model.last.weight.flip(0))


WAYS = [in_place, by_optimizer, by_data, by_element, by_numpy, by_storage, by_view, by_state,
        by_other_dtype, by_swap]  # fmt: skip


@pytest.mark.parametrize("change", WAYS, ids=[each.__name__ for each in WAYS])
def test_weights_that_change_are_packed_anew(change: Callable[[Net], None]) -> None:
    model, x = net()
    old = [infer(model, x) for _ in range(6)][-1]
    assert packed(model, x) == 0
    for k in range(2):  # the second time, what is kept is of the first change
        change(model)
        found = [infer(model, x) for _ in range(3)]
        expected = anew(model, x)
        assert all((each == expected).all() for each in found)
        assert k or (found[0] != old).any()


def test_memory_that_others_see_is_packed_each_time() -> None:
    model, x = net()
    view = model.first.weight.detach().numpy()
    for k in range(8):
        view[:] = k
        assert (infer(model, x) == anew(model, x)).all()
    address = model.second.weight.data_ptr()
    outside = np.ctypeslib.as_array((np.ctypeslib.ctypes.c_float * 8).from_address(address))
    for k in range(8):
        outside[:] = k
        assert (infer(model, x) == anew(model, x)).all()


def test_a_program_that_trains_on_packs_in_each_run_again() -> None:
    model, x = net()
    for _ in range(6):
        infer(model, x)
    assert packed(model, x) == 0
    for _ in range(prepared._PATIENCE + 1):
        by_data(model)
        infer(model, x)
    by_data(model)
    assert packed(model, x) >= 2
    assert (infer(model, x) == anew(model, x)).all()


def test_too_much_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_left", 100)
    model, x = net()
    for _ in range(6):
        infer(model, x)
    assert packed(model, x) >= 2
