"""What public libraries import from PyTorch as they are imported, and that it does what it says."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("rushlight.autograd.function", "FunctionCtx"),
        ("rushlight.distributed.algorithms.join", "Joinable"),
        ("rushlight.distributed.constants", "default_pg_timeout"),
        ("rushlight.distributions.utils", "_standard_normal"),
        ("rushlight.utils.data.dataloader", "_MultiProcessingDataLoaderIter"),
        ("rushlight.utils._pytree", "SUPPORTED_NODES"),
        ("rushlight._C", "_TensorMeta"),
        ("rushlight.jit", "_overload_method"),
        ("rushlight.backends", "mkldnn"),
        ("rushlight", "ScriptModule"),
        ("rushlight", "PyTorchFileReader"),
    ],
)
def test_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.PyTorchFileReader("x"),
        lambda: torch.onnx.export(None),
        lambda: importlib.import_module("rushlight.utils.flop_counter").FlopCounterMode(),
        lambda: importlib.import_module("rushlight.distributed.rpc").init_rpc("x"),
    ],
)
def test_what_is_only_a_name_says_so(call: Any) -> None:
    with pytest.raises(NotImplementedError):
        call()


def test_torch_is_torch() -> None:
    assert torch.torch is torch
    assert not torch.onnx.is_in_onnx_export()
    assert torch._C._get_tracing_state() is None


def test_futures() -> None:
    first: Any = torch.futures.Future()
    after = first.then(lambda done: done.value() + 1)
    failed = first.then(lambda done: 1 / 0)
    threading.Timer(0.01, first.set_result, (1,)).start()
    assert after.wait() == 2
    with pytest.raises(ZeroDivisionError):
        failed.wait()
    with pytest.raises(RuntimeError, match="once"):
        first.set_result(2)
    assert torch.futures.wait_all([first, after]) == [1, 2]
    assert torch.futures.wait_all([]) == []


def test_state_shared_with_nobody() -> None:
    dist = torch.distributed
    optim = importlib.import_module("rushlight.distributed.optim")
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:29500", rank=0, world_size=1)
    try:
        weights = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
        shared = optim.ZeroRedundancyOptimizer(weights[:1], torch.optim.Adam, lr=0.1)
        alone = torch.optim.Adam(weights[1:], lr=0.1)
        for _ in range(3):
            for weight, optimizer in zip(weights, (shared, alone), strict=True):
                optimizer.zero_grad()
                (weight**2).sum().backward()
                optimizer.step()
        assert torch.equal(*weights)
        shared.load_state_dict(alone.state_dict())
        assert shared.state_dict()["state"][0]["step"] == 3
    finally:
        dist.destroy_process_group()


def test_numbers_of_a_librarys_own_printed_form() -> None:
    printed = importlib.import_module("rushlight._tensor_str")
    assert printed._tensor_str(torch.ones(2), 4) == "[1., 1.]"
    assert printed._add_suffixes("I([1]", ["a=1"], 2, True) == "I([1],\n  a=1)"
    assert printed.PRINT_OPTS.linewidth == 80


def test_autocast_of_devices_that_are_not_here_keeps_what_was_set() -> None:
    for device in ("mps", "xpu", "hpu"):
        with torch.autocast(device, enabled=False):
            assert not torch.is_autocast_enabled(device)
    x = torch.ones(2, 2)
    with torch.autocast("mps"):
        assert (x @ x).dtype is torch.float32


def test_what_a_tensor_has_to_be() -> None:
    torch._assert_async(torch.tensor(2))
    with pytest.raises(RuntimeError, match="but got zero"):
        torch._assert_async(torch.tensor(0.0))


def test_cudnn_switches_for_a_while() -> None:
    cudnn = importlib.import_module("rushlight.backends.cudnn")
    with cudnn.flags(enabled=False, deterministic=True):
        assert not cudnn.enabled and cudnn.deterministic
    assert cudnn.enabled and not cudnn.deterministic
