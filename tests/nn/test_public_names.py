"""What dir() and __doc__ of the namespaces of training show, and the small names in them."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.optim import lr_scheduler


def test_dir_lists_functions_made_when_first_asked_for() -> None:
    names = set(dir(F))
    assert {"conv2d", "relu_", "ctc_loss", "grid_sample", "softmax", "embedding_bag"} <= names
    assert all(getattr(F, name) is not None for name in names)


def test_every_public_method_of_layers_and_schedules_says_what_it_does() -> None:
    kinds = [kind for kind in vars(nn).values() if isinstance(kind, type)]
    layers = [kind for kind in kinds if issubclass(kind, nn.Module)]
    schedules = [getattr(lr_scheduler, name) for name in lr_scheduler.__all__]
    silent = [
        f"{kind.__name__}.{name}"
        for kind in (*layers, *schedules) for name in dir(kind)
        if name[0] != "_" and callable(getattr(kind, name)) and not getattr(kind, name).__doc__
    ]  # fmt: skip
    assert len(layers) > 150 and silent == []


def test_methods_of_users_classes_stay_as_they_were_written() -> None:
    class Own(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    assert Own.forward.__doc__ is None


def test_modules_as_often_as_they_are_there() -> None:
    shared = nn.Linear(1, 1)
    net = nn.Sequential(shared, shared)
    assert list(net.modules()) == [net, shared]
    assert list(net.modules(remove_duplicate=False)) == [net, shared, shared]


def test_accelerators_that_are_not_there() -> None:
    with pytest.raises(AssertionError, match="MTIA"):
        nn.Linear(1, 1).mtia()
    with pytest.raises(RuntimeError, match="ipu"):
        nn.Linear(1, 1).ipu()


def test_factory_kwargs() -> None:
    given = {"device": "cpu", "factory_kwargs": {"dtype": torch.float64}}
    assert nn.factory_kwargs(given) == {"device": "cpu", "dtype": torch.float64}
    assert nn.factory_kwargs(None) == {}
    with pytest.raises(TypeError, match="unexpected kwargs"):
        nn.factory_kwargs({"foo": 3})
    with pytest.raises(TypeError, match="dtype specified twice"):
        nn.factory_kwargs({"dtype": 1, "factory_kwargs": {"dtype": 2}})


def test_a_users_step_with_hooks_around_it() -> None:
    seen = []

    class Counting:
        _optimizer_step_pre_hooks = {1: lambda *given: seen.append("before")}  # noqa: RUF012
        _optimizer_step_post_hooks = {1: lambda *given: seen.append("after")}  # noqa: RUF012

        @torch.optim.Optimizer.profile_hook_step
        def step(self) -> str:
            seen.append("step")
            return "done"

    assert Counting().step() == "done"
    assert seen == ["before", "step", "after"]
