"""Names without a page in PyTorch's documentation that published packages import all the same."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight._subclasses.fake_tensor import unset_fake_temporarily
from rushlight.audio.functional.functional import _hz_to_mel
from rushlight.distributions.transforms import _clipped_sigmoid
from rushlight.distributions.utils import _sum_rightmost
from rushlight.hub import HASH_REGEX, _get_torch_home
from rushlight.jit import annotations
from rushlight.nn import functional as F
from rushlight.nn.common_types import _size_2_t
from rushlight.nn.modules.module import _IncompatibleKeys
from rushlight.nn.modules.transformer import _get_activation_fn, _get_clones
from rushlight.optim.optimizer import (
    _default_to_fused_or_foreach,
    _get_capturable_supported_devices,
    _params_t,
    _use_grad_for_differentiable,
)
from rushlight.serialization import MAP_LOCATION
from rushlight.utils.checkpoint import get_device_states, set_device_states


def test_they_work() -> None:
    assert _sum_rightmost(torch.ones(2, 3, 4), 2).tolist() == [12, 12]
    found = HASH_REGEX.search("net-0123abcd.pth")
    assert found is not None and found.group(1) == "0123abcd"
    assert isinstance(_get_torch_home(), str)
    module = nn.Linear(2, 2)
    assert isinstance(module.load_state_dict(module.state_dict()), _IncompatibleKeys)
    assert _get_activation_fn("relu") is F.relu
    with pytest.raises(RuntimeError, match="relu/gelu, not tanh"):
        _get_activation_fn("tanh")
    copies = _get_clones(module, 2)
    assert len(copies) == 2 and copies[0].weight is not copies[1].weight
    assert _default_to_fused_or_foreach([torch.ones(1)], False) == (False, False)
    assert "xla" not in _get_capturable_supported_devices(supports_xla=False)
    assert _params_t is not None and MAP_LOCATION is not None
    assert get_device_states(torch.ones(2)) == ([], [])
    set_device_states([], [])
    with pytest.raises(AssertionError, match="sizes differ"):
        torch._assert(torch.tensor(False), "sizes differ")
    torch._assert(True, "unused")


def test_the_addresses_of_names_that_libraries_take_from_inside() -> None:
    assert float(_clipped_sigmoid(torch.tensor(200.0))) < 1.0
    assert torch._C._jit_set_profiling_executor(False) is True
    assert not isinstance(torch.ones(1), torch.DeviceObjType)
    assert _size_2_t == int | tuple[int, int]
    assert float(_hz_to_mel(1000.0, "slaney")) == pytest.approx(15.0)
    with unset_fake_temporarily():
        assert torch.ones(1).item() == 1.0


def test_a_users_optimizer_with_pytorchs_decorator() -> None:
    class Plain(optim.Optimizer):
        def __init__(self, params: object, lr: float) -> None:
            super().__init__(params, {"lr": lr, "differentiable": False})

        @_use_grad_for_differentiable
        def step(self, closure: object = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(p.grad, alpha=-group["lr"])

    weight = nn.Parameter(torch.ones(2))
    (weight * 3).sum().backward()
    Plain([weight], lr=0.5).step()
    assert weight.tolist() == [-0.5, -0.5] and weight.is_leaf


def test_functions_marked_for_fx() -> None:
    with pytest.raises(RuntimeError, match="Unsupported type int"):
        torch.fx.wrap(3)
    with pytest.raises(NotImplementedError, match="top level of a module"):
        torch.fx.wrap(len)


def test_types_of_torchscript() -> None:
    assert annotations.Optional[int] == (int | None)
    assert annotations.BroadcastingList2[int] is int
