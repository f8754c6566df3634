"""Module: attributes, registration, hooks, saving and loading, copying."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.act = nn.ReLU()
        self.second = nn.Linear(3, 2, bias=False)
        self.register_buffer("scale", torch.ones(2))
        self.register_buffer("cache", torch.zeros(1), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.second(self.act(self.first(x))) * self.scale


def equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a.detach().numpy(), b.detach().numpy()))


# Attributes


def test_attributes_are_found_without_getattr() -> None:
    net = Net()
    assert net.__dict__["first"] is net._modules["first"] is net.first
    assert net.first.__dict__["weight"] is net.first._parameters["weight"]
    assert net.second.bias is None


def test_writes_to_the_dicts_are_seen() -> None:
    net = Net()
    other = nn.Linear(4, 3)
    net._modules["first"] = other
    assert net.first is other
    del net._modules["act"]
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'act'"):
        _ = net.act
    net._buffers.update(scale=None)
    assert net.scale is None
    assert net._buffers.pop("scale") is None
    assert not hasattr(net, "scale")
    net._parameters = {"w": nn.Parameter(torch.ones(1))}
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["w"]
    assert net.w is net._parameters["w"]


def test_kinds_replace_each_other() -> None:
    module = nn.Module()
    module.x = 3
    module.x = nn.Linear(1, 1)
    assert list(module._modules) == ["x"]
    module.x = nn.Parameter(torch.ones(1))
    assert not module._modules
    assert list(module._parameters) == ["x"]
    module.x = None
    assert module.x is None
    assert module._parameters == {"x": None}
    del module.x
    assert not hasattr(module, "x")
    module.x = nn.Buffer(torch.ones(2), persistent=False)
    assert list(module._buffers) == ["x"]
    assert module._non_persistent_buffers_set == {"x"}
    module.x = torch.zeros(2)
    assert list(module._buffers) == ["x"]


def test_class_attributes_win_over_children() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.helper = nn.ReLU()

        def helper(self) -> str:
            return "method"

    assert Odd().helper() == "method"


def test_a_module_is_freed_when_the_last_reference_goes() -> None:
    gc.disable()
    try:
        net = Net()
        watch = weakref.ref(net.first)
        del net
        assert watch() is None
    finally:
        gc.enable()


def test_walks() -> None:
    net = Net()
    net.again = net.first
    assert [name for name, _ in net.named_children()] == ["first", "act", "second"]
    names = [name for name, _ in net.named_parameters()]
    assert names == ["first.weight", "first.bias", "second.weight"]
    twice = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert twice == [*names, "again.weight", "again.bias"]
    assert [name for name, _ in net.named_buffers("net")] == ["net.scale", "net.cache"]
    assert net.get_submodule("first") is net.first
    assert net.get_parameter("first.weight") is net.first.weight
    assert net.get_buffer("scale") is net.scale
    net.set_submodule("act", nn.Tanh())
    assert isinstance(net.act, nn.Tanh)
    seen: list[Any] = []
    assert net.apply(seen.append) is net
    assert seen[-1] is net
    assert "scale" in dir(net)


def test_modes_and_types() -> None:
    net = Net()
    assert net.eval() is net
    assert not net.first.training
    net.train().requires_grad_(False)
    assert net.first.training
    assert not any(param.requires_grad for param in net.parameters())
    weight = net.first.weight
    net.double()
    assert net.first.weight is weight
    assert weight.dtype == torch.float64
    assert net.scale.dtype == torch.float64
    net.register_buffer("count", torch.tensor(3))
    net.to(torch.float32)
    assert weight.dtype == torch.float32
    assert net.count.dtype == torch.int64
    net.to("cpu", torch.float64)
    assert weight.dtype == torch.float64
    net.to(torch.zeros(1))
    assert weight.dtype == torch.float32


def test_zero_grad() -> None:
    net = Net()
    net(torch.ones(1, 4)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert equal(net.first.weight.grad, torch.zeros(3, 4))
    net.zero_grad()
    assert net.first.weight.grad is None


# Saving and loading


def test_state_dict_and_back() -> None:
    net, other = Net(), Net()
    state = net.state_dict()
    assert list(state) == ["scale", "first.weight", "first.bias", "second.weight"]
    assert not state["first.weight"].requires_grad
    assert net.state_dict(keep_vars=True)["first.weight"] is net.first.weight
    assert next(iter(net.state_dict(prefix="a."))) == "a.scale"
    assert str(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert equal(other.first.weight, net.first.weight)
    assert other.first.weight is not net.first.weight


def test_load_not_strict() -> None:
    net = Net()
    state = OrderedDict(net.state_dict())
    state.pop("scale")
    state["extra"] = torch.ones(1)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["scale"]
    assert result.unexpected_keys == ["extra"]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "scale"'):
        net.load_state_dict(state)


def test_load_by_assignment() -> None:
    net = Net()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(state, assign=True)
    assert isinstance(net.first.weight, nn.Parameter)
    assert net.scale is state["scale"]


def test_extra_state() -> None:
    class Counting(nn.Module):
        count = 3

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    saved = Counting().state_dict()
    assert saved == {"_extra_state": {"count": 3}}
    module = Counting()
    saved["_extra_state"]["count"] = 5
    module.load_state_dict(saved)
    assert module.count == 5


def test_state_dict_hooks() -> None:
    net = Net()
    seen: list[str] = []
    net.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append("pre"))

    def leave_out(module: Any, state: Any, prefix: str, metadata: Any) -> None:
        del state["scale"]

    net.register_state_dict_post_hook(leave_out)
    assert "scale" not in net.state_dict()
    assert seen == ["pre"]

    def fill(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        state.setdefault(prefix + "scale", torch.ones(2))

    net.register_load_state_dict_pre_hook(fill)
    net.register_load_state_dict_post_hook(lambda module, keys: seen.append("post"))
    net.load_state_dict(net.state_dict())
    assert seen == ["pre", "pre", "post"]


def test_old_batch_norm_files_load() -> None:
    norm = nn.BatchNorm1d(3)
    state = {key: value for key, value in norm.state_dict().items() if "num" not in key}
    assert not norm.load_state_dict(state).missing_keys


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(clone: Any) -> None:
    net = Net()
    other = clone(net)
    assert other.first is not net.first
    assert equal(other.first.weight, net.first.weight)
    assert isinstance(other.first.weight, nn.Parameter)
    assert other.first.weight is other.first._parameters["weight"]
    with torch.no_grad():
        other.second.weight.zero_()
    assert not equal(other.second.weight, net.second.weight)
    x = torch.ones(1, 4)
    assert equal(other(x), torch.zeros(1, 2))


# Hooks


def test_forward_hooks() -> None:
    double = nn.Identity()
    log: list[Any] = []
    handle = double.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    double.register_forward_hook(lambda module, args, out: log.append((args, out)))
    double.register_forward_hook(lambda module, args, out: out * 2)
    assert double(3) == 8
    assert log == [((4,), 4)]
    handle.remove()
    handle.remove()
    assert double(3) == 6
    double._forward_hooks.clear()
    with double.register_forward_hook(lambda module, args, out: "replaced"):
        assert double(3) == "replaced"
    assert double(3) == 3


def test_forward_hooks_with_keywords_and_order() -> None:
    class Sum(nn.Module):
        def forward(self, a: int, b: int = 0) -> int:
            return a + b

    module = Sum()
    order: list[str] = []
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "b": 10}), with_kwargs=True
    )
    module.register_forward_pre_hook(lambda m, args: order.append("second"))
    module.register_forward_pre_hook(lambda m, args: order.append("first"), prepend=True)
    module.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["b"], with_kwargs=True)
    assert module(1, b=2) == 21
    assert order == ["first", "second"]


def test_always_called_hook() -> None:
    class Failing(nn.Module):
        def forward(self) -> None:
            raise RuntimeError("on purpose")

    module = Failing()
    log: list[Any] = []
    module.register_forward_hook(lambda m, args, out: log.append(out), always_call=True)
    module.register_forward_hook(lambda m, args, out: log.append("not reached"))
    with pytest.raises(RuntimeError, match="on purpose"):
        module()
    assert log == [None]


def test_global_hooks() -> None:
    from rushlight.nn.modules.module import register_module_forward_hook

    log: list[str] = []
    handle = register_module_forward_hook(lambda m, args, out: log.append(type(m).__name__))
    nn.Sequential(nn.Identity(), nn.Identity())(1)
    handle.remove()
    nn.Identity()(1)
    assert log == ["Identity", "Identity", "Sequential"]


def test_full_backward_hooks() -> None:
    linear = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        linear.weight.fill_(3.0)
    log: list[Any] = []

    def note(module: Any, grad_input: Any, grad_output: Any) -> Any:
        log.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10,)

    linear.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 2,))
    linear.register_full_backward_hook(note)
    x = torch.ones(1, 2, requires_grad=True)
    linear(x).sum().backward()
    assert log == [([[6.0, 6.0]], [[2.0]])]
    assert x.grad.tolist() == [[60.0, 60.0]]
    assert linear.weight.grad.tolist() == [[2.0, 2.0]]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_backward_hook_without_input_gradient() -> None:
    linear = nn.Linear(2, 1)
    log: list[Any] = []
    linear.register_full_backward_hook(lambda module, gi, go: log.append((gi, go[0].tolist())))
    linear(torch.ones(1, 2)).sum().backward()
    assert log == [((None,), [[1.0]])]


def test_a_getattr_of_ones_own_is_asked_for_every_parameter() -> None:
    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []
            self.weight = nn.Parameter(torch.ones(2))
            self.inner = nn.Linear(2, 2)

        def __getattr__(self, name: str) -> Any:
            found = super().__getattr__(name)
            self.__dict__["asked"].append(name)
            return found

    watched = Watched()
    watched.asked.clear()
    for _ in range(2):
        assert watched.weight is watched._parameters["weight"]
        assert watched.inner is watched._modules["inner"]
    assert watched.asked == ["weight", "inner"] * 2


def test_a_dictionary_of_parameters_built_again_by_its_type_is_a_plain_one() -> None:
    entries = nn.Linear(2, 2)._parameters
    assert type(entries)(OrderedDict(entries)) == dict(entries)


def test_names_of_parts_left_out_are_unexpected() -> None:
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "bias"'):
        nn.Linear(2, 2, bias=False).load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match='"running_mean", "running_var", "num_batches_tracked"'):
        nn.BatchNorm1d(2, track_running_stats=False).load_state_dict(nn.BatchNorm1d(2).state_dict())
    found = nn.Linear(2, 2, bias=False).load_state_dict(nn.Linear(2, 2).state_dict(), strict=False)
    assert repr(found) == "_IncompatibleKeys(missing_keys=[], unexpected_keys=['bias'])"


def test_a_full_backward_hook_without_inputs_that_learn_is_told() -> None:
    module = nn.Linear(2, 2)
    module.register_full_backward_hook(lambda *given: None)
    with pytest.warns(UserWarning, match="since no inputs require gradients"):
        module(torch.ones(1, 2)).sum().backward()


@pytest.mark.filterwarnings("ignore:Full backward hook")
def test_a_full_backward_hook_without_inputs_that_learn_may_return_nones() -> None:
    module = nn.Linear(2, 2)
    handle = module.register_full_backward_hook(lambda *given: (None,))
    module(torch.ones(1, 2)).sum().backward()
    assert module.bias.grad.tolist() == [1.0, 1.0]
    handle.remove()
    module.register_full_backward_hook(lambda *given: (torch.ones(1, 2),))
    with pytest.raises(RuntimeError, match="where no input requires gradient"):
        module(torch.ones(1, 2)).sum().backward()


def test_a_tensor_is_not_its_own_gradient() -> None:
    weight = nn.Parameter(torch.ones(2))
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        weight.grad = weight
