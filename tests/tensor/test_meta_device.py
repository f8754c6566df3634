"""Tensors of the device "meta": a shape and a dtype, nothing computed, no random number drawn."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.engine.flush import clear, stats

X = torch.empty(2, 3, device="meta")
NO_DATA = "Cannot copy out of meta tensor; no data!"


def test_what_is_made_of_one_is_one_and_nothing_runs() -> None:
    clear()
    before = stats.flushes
    made = (X + 1) @ torch.empty(3, 4, device="meta")
    loss = nn.functional.softmax(made, -1)[0].reshape(2, 2).t().sum()
    assert loss.is_meta and str(loss.device) == "meta" and not loss.is_cpu
    assert made.stride() == (4, 1) and torch.cat([X, X]).shape == (4, 3)
    assert (torch.empty(100_000, 100_000, 100, device="meta") * 2).sum(0).shape == (100_000, 100)
    assert stats.flushes == before


def test_printed() -> None:
    assert repr(X) == "tensor(..., device='meta', size=(2, 3))"
    assert f"{X.half().sum()}" == "tensor(..., device='meta', size=(), dtype=torch.float16)"
    assert repr(nn.Parameter(X)).endswith("size=(2, 3), requires_grad=True)")


def test_made_under_a_device_without_drawing() -> None:
    torch.manual_seed(0)
    wanted = torch.rand(2)
    torch.manual_seed(0)
    with torch.device("meta"):
        here = torch.ones(2, device="cpu")
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LSTM(3, 4))
        made = [
            torch.randn(3, 4), torch.arange(5), torch.tensor([1.0]), torch.linspace(0, 1, 5),
            torch.full((2,), 3.0), torch.randint(0, 5, (3,)), torch.randperm(4), torch.ones(2),
        ]  # fmt: skip
    assert torch.equal(torch.rand(2), wanted)
    assert here.device.type == torch.ones(1).device.type == "cpu"
    assert all(each.is_meta for each in (*made, *net.state_dict().values()))
    assert [tuple(each.shape) for each in made] == [
        (3, 4),
        (5,),
        (1,),
        (5,),
        (2,),
        (3,),
        (4,),
        (2,),
    ]
    assert made[1].dtype == made[5].dtype == torch.int64


def test_the_default_device() -> None:
    torch.set_default_device("meta")
    try:
        assert torch.ones(1).is_meta and torch.get_default_device().type == "meta"
    finally:
        torch.set_default_device(None)
    assert not torch.ones(1).is_meta


def test_like_another() -> None:
    assert torch.zeros_like(X).is_meta and X.new_zeros(3).is_meta and torch.randn_like(X).is_meta
    assert not torch.empty_like(X, device="cpu").is_meta
    assert not X.new_zeros(3, device="cpu").is_meta
    moved = torch.ones(2).to(device="meta", dtype=torch.float16)
    assert moved.is_meta and moved.dtype == torch.float16


def test_writes_are_nothing_and_the_random_stream_stays() -> None:
    layer = nn.Linear(4, 5, device="meta")
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    nn.init.kaiming_uniform_(layer.weight)
    nn.init.normal_(layer.bias)
    X.copy_(torch.ones(2, 3)).add_(1).fill_(2.0)
    X[0] = 1.0
    assert torch.equal(torch.rand(1), wanted) and X.is_meta and layer.weight.is_meta


def test_a_backward_pass() -> None:
    layer = nn.Linear(4, 5, device="meta")
    layer(torch.empty(2, 4, device="meta")).sum().backward()
    assert layer.weight.grad.is_meta and layer.weight.grad.shape == (5, 4)
    assert copy.deepcopy(layer).weight.is_meta


def test_a_model_gets_its_weights_by_assignment() -> None:
    given = nn.Linear(2, 2).state_dict()
    model = nn.Linear(2, 2, device="meta")
    with pytest.warns(UserWarning, match="which is a no-op"):
        model.load_state_dict(given)
    assert model.weight.is_meta
    model.load_state_dict(given, assign=True)
    assert isinstance(model.weight, nn.Parameter) and model.weight.requires_grad
    assert torch.equal(model.weight, given["weight"])
    empty = nn.Linear(2, 2, device="meta").to_empty(device="cpu")
    assert not empty.weight.is_meta and empty.weight.requires_grad


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: X.sum().item(), RuntimeError, "cannot be called on meta tensors"),
        (lambda: X.tolist(), NotImplementedError, NO_DATA),
        (lambda: X.numpy(), TypeError, "can't convert meta device type tensor to numpy"),
        (lambda: X.cpu(), NotImplementedError, NO_DATA),
        (lambda: X.to("cpu"), NotImplementedError, NO_DATA),
        (lambda: torch.ones(2, 3).copy_(X), NotImplementedError, NO_DATA),
        (lambda: X.nonzero(), NotImplementedError, NO_DATA),
        (lambda: nn.Linear(2, 2, device="meta").to("cpu"), NotImplementedError, "to_empty"),
    ],
)
def test_there_is_nothing_to_read(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_other_forms_are_on_the_cpu() -> None:
    for each in (torch.eye(2).to_sparse(), nn.UninitializedParameter()):
        assert each.device.type == "cpu" and each.is_cpu and not each.is_meta


def test_numbers_among_tensors_without_any_are_refused():
    numbers, shell = torch.ones(3), torch.ones(3, device="meta")
    for call in (
        lambda: numbers + shell,
        lambda: torch.cat([shell, numbers]),
        lambda: torch.mm(numbers[None], shell[:, None]),
        lambda: torch.where(numbers > 0, shell, numbers),
    ):
        with pytest.raises(RuntimeError, match="not on the expected device"):
            call()
    assert (shell + torch.tensor(1.0)).is_meta
    assert shell[torch.tensor([0])].is_meta
    assert numbers.type_as(shell).is_meta


def test_steps_in_memory_stay() -> None:
    made = torch.empty_strided((2, 3), (1, 2), device="meta", requires_grad=True)
    assert made.stride() == (1, 2) and made.is_leaf and made.requires_grad
