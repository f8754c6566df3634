"""Optimisers by themselves: formulas, groups, closures, hooks, saved states."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn, optim


def one(value: float = 1.0, grad: float | None = 0.5) -> Any:
    param = nn.Parameter(torch.tensor([value]))
    if grad is not None:
        param.grad = torch.tensor([grad])
    return param


def test_sgd_by_hand() -> None:
    param = one()
    optimizer = optim.SGD([param], lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.2)
    optimizer.step()
    assert param.item() == pytest.approx(1 - 0.1 * 0.7)
    velocity = 0.9 * 0.7 + 0.5 * (0.5 + 0.2 * param.item())
    expected = param.item() - 0.1 * velocity
    optimizer.step()
    assert param.item() == pytest.approx(expected)
    assert optimizer.state[param]["momentum_buffer"].item() == pytest.approx(velocity)


def test_adam_by_hand() -> None:
    param = one()
    optimizer = optim.Adam([param], lr=0.1)
    optimizer.step()
    # after one step both corrections cancel: the step is lr * sign(grad)
    assert param.item() == pytest.approx(0.9)
    param.grad = torch.tensor([-1.0])
    optimizer.step()
    mean = (0.9 * 0.05 - 0.1) / (1 - 0.9**2)
    square = (0.999 * 0.00025 + 0.001) / (1 - 0.999**2)
    assert param.item() == pytest.approx(0.9 - 0.1 * mean / np.sqrt(square), rel=1e-5)


def test_adamw_decays_the_parameter_itself() -> None:
    param = one(2.0, 0.0)
    optim.AdamW([param], lr=0.1, weight_decay=0.5).step()
    assert param.item() == pytest.approx(2.0 * (1 - 0.05))


def test_rmsprop_by_hand() -> None:
    param = one()
    optim.RMSprop([param], lr=0.1, alpha=0.9).step()
    assert param.item() == pytest.approx(1 - 0.1 * 0.5 / np.sqrt(0.1 * 0.25))


def test_parameters_without_gradient_stay() -> None:
    params = [one(), one(grad=None)]
    optimizer = optim.Adam(params, lr=0.1)
    optimizer.step()
    assert params[1].item() == 1.0
    assert params[1] not in optimizer.state
    params[1].grad = torch.tensor([1.0])
    optimizer.step()  # the two have now seen different numbers of gradients
    assert params[1].item() == pytest.approx(0.9)
    assert optimizer.state_dict()["state"][0]["step"].item() == 2.0
    assert optimizer.state_dict()["state"][1]["step"].item() == 1.0


def test_the_learning_rate_may_change() -> None:
    param = one()
    optimizer = optim.SGD([param], lr=1.0)
    for rate, expected in ((0.1, 0.95), (0.2, 0.85)):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        assert param.item() == pytest.approx(expected)


def test_the_learning_rate_may_be_a_tensor() -> None:
    param = one()
    optim.SGD([param], lr=torch.tensor(0.1)).step()
    assert param.item() == pytest.approx(0.95)


def test_groups_have_settings_of_their_own() -> None:
    first, second, third = one(), one(), one()
    optimizer = optim.SGD([{"params": [first]}, {"params": second, "lr": 1.0}], lr=0.1)
    optimizer.add_param_group({"params": [third], "momentum": 0.9})
    optimizer.step()
    assert [each.item() for each in (first, second, third)] == pytest.approx([0.95, 0.5, 0.95])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [first]})


def test_named_parameters() -> None:
    layer = nn.Linear(1, 1)
    optimizer = optim.SGD(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="with/without names"):
        optimizer.add_param_group({"params": [one()]})


def test_closure() -> None:
    param = one(3.0, None)
    optimizer = optim.SGD([param], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (param * param).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9.0
    assert param.item() == pytest.approx(2.4)


def test_zero_grad() -> None:
    param = one()
    optimizer = optim.SGD([param], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert param.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert param.grad is None


def test_training_goes_down() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.randn(16, 3)
    y = x.sum(1, keepdim=True)
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop):
        model = copy.deepcopy(net)
        optimizer = kind(model.parameters(), lr=0.01)
        losses = []
        for _ in range(30):
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]


def test_step_hooks() -> None:
    optimizer = optim.SGD([one()], lr=0.1)
    log: list[str] = []
    first = optimizer.register_step_pre_hook(lambda opt, args, kwargs: log.append("pre"))
    optimizer.register_step_post_hook(lambda opt, args, kwargs: log.append("post"))
    handle = optim.optimizer.register_optimizer_step_post_hook(
        lambda opt, args, kwargs: log.append("global")
    )
    optimizer.step()
    first.remove()
    handle.remove()
    optimizer.step()
    assert log == ["pre", "post", "global", "post"]


def test_state_dict_hooks() -> None:
    optimizer = optim.SGD([one()], lr=0.1)
    optimizer.register_state_dict_post_hook(lambda opt, state: {**state, "more": 1})
    assert optimizer.state_dict()["more"] == 1
    log: list[str] = []
    optimizer.register_load_state_dict_pre_hook(lambda opt, state: log.append("pre"))
    optimizer.register_load_state_dict_post_hook(lambda opt: log.append("post"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert log == ["pre", "post"]


def test_an_optimiser_of_ones_own() -> None:
    class Halve(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for param in group["params"]:
                    param.data.mul_(0.5)

    param = one()
    optimizer = Halve([param])
    optimizer.step()
    assert param.item() == 0.5
    assert repr(optimizer) == "Halve (\nParameter Group 0\n)"


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies(clone: Any) -> None:
    optimizer = optim.Adam([one()], lr=0.1)
    optimizer.step()
    other = clone(optimizer)
    (param,) = other.param_groups[0]["params"]
    assert other.state[param]["exp_avg"].item() == pytest.approx(0.05)
    param.grad = torch.tensor([0.5])
    other.step()
    assert param.item() == pytest.approx(0.8)


def test_loading_goes_on_where_saving_stopped() -> None:
    for kind in (optim.Adam, optim.RMSprop):
        whole, first = one(), one()
        straight = kind([whole], lr=0.1)
        before = kind([first], lr=0.1)
        for _ in range(2):
            straight.step()
            before.step()
        second = one(first.item())
        after = kind([second], lr=0.7)
        after.load_state_dict(before.state_dict())
        straight.step()
        after.step()
        assert second.item() == pytest.approx(whole.item())


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        optim.SGD([one()], lr=-1)
    with pytest.raises(ValueError, match="empty parameter list"):
        optim.SGD([], lr=1)
    with pytest.raises(TypeError, match="iterable of Tensors or dicts"):
        optim.SGD(one(), lr=1)
    with pytest.raises(ValueError, match="non-leaf"):
        optim.SGD([one() * 2], lr=1)
    with pytest.raises(RuntimeError, match="does not support `differentiable`"):
        optim.Adam([one()], differentiable=True, fused=True)
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        optim.SGD([one()], foreach=True, fused=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        param = one()
        optim.SGD([param, param], lr=1)
