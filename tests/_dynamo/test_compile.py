"""torch.compile: the wrapper that programs and checkpoints see."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn


class Doubling(nn.Module):
    """Something with attributes of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.times = 2

    def forward(self, x: Any) -> Any:
        return self.layer(x) * self.times

    def other(self) -> int:
        return self.times


def test_a_compiled_module_is_a_module_around_the_module() -> None:
    module = Doubling()
    compiled = torch.compile(module)
    assert compiled._orig_mod is module
    assert list(compiled.state_dict()) == ["_orig_mod.layer.weight", "_orig_mod.layer.bias"]
    assert [name for name, _ in compiled.named_modules()] == ["", "_orig_mod", "_orig_mod.layer"]
    assert repr(compiled).splitlines()[:2] == ["OptimizedModule(", "  (_orig_mod): Doubling("]
    x = torch.randn(3, 2)
    assert torch.equal(compiled(x), module(x))
    assert isinstance(compiled, torch._dynamo.OptimizedModule)
    assert not isinstance(compiled, Doubling)


def test_attributes_are_the_modules() -> None:
    module = Doubling()
    compiled = torch.compile(module)
    assert compiled.other() == 2
    compiled.times = 5
    assert module.times == 5
    compiled.layer = nn.Linear(2, 3)
    assert module.layer.out_features == 3 and "layer" not in compiled._modules
    assert compiled.eval() is compiled and not module.training
    compiled.train()
    assert module.training and module.layer.training
    del compiled.times
    assert not hasattr(module, "times")
    with pytest.raises(AttributeError, match="'Doubling' object has no attribute 'absent'"):
        _ = compiled.absent
    with pytest.raises(TypeError, match=r"Doubling does not support len\(\)"):
        len(compiled)
    assert len(torch.compile(nn.Sequential(nn.ReLU()))) == 1


def test_names_must_match_when_loading() -> None:
    module = nn.Linear(2, 2)
    compiled = torch.compile(module)
    with pytest.raises(RuntimeError, match=r'Missing key.*"_orig_mod.weight"'):
        compiled.load_state_dict(module.state_dict())
    compiled.load_state_dict({f"_orig_mod.{k}": v * 0 for k, v in module.state_dict().items()})
    assert module.weight.abs().sum() == 0


def test_hooks_copies_and_files() -> None:
    compiled = torch.compile(Doubling())
    seen: list[str] = []
    compiled.register_forward_hook(lambda m, a, out: seen.append(type(m).__name__))
    compiled(torch.ones(1, 2)).sum().backward()
    assert seen == ["OptimizedModule"] and compiled.layer.weight.grad is not None
    other = copy.deepcopy(compiled)
    assert other._orig_mod is not compiled._orig_mod
    assert torch.equal(other.layer.weight, compiled.layer.weight)
    file = io.BytesIO()
    torch.save(torch.compile(nn.Linear(2, 2)), file)
    file.seek(0)
    assert type(torch.load(file, weights_only=False)).__name__ == "OptimizedModule"


def test_what_is_not_wrapped() -> None:
    def double(x: int) -> int:
        return 2 * x

    assert torch.compile(double) is double
    assert torch.compile(mode="reduce-overhead")(double) is double
    module = nn.ReLU()
    assert torch.compile(module, disable=True) is module
    assert type(torch.compile(fullgraph=True)(module)).__name__ == "OptimizedModule"


def test_wrong_arguments() -> None:
    module = nn.ReLU()
    with pytest.raises(AssertionError, match="callable function is expected"):
        torch.compile(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="Unrecognized mode=fast, should be one of: default"):
        torch.compile(module, mode="fast")
    with pytest.raises(RuntimeError, match="Either mode or options"):
        torch.compile(module, mode="default", options={})
    with pytest.raises(torch._dynamo.exc.InvalidBackend, match="Invalid backend: 'mine'"):
        torch.compile(module, backend="mine")
    assert torch.compiler.list_backends() == ["cudagraphs", "inductor", "openxla", "tvm"]
    assert "eager" in torch._dynamo.list_backends(())


def test_a_function_as_backend_is_not_called_and_that_is_said() -> None:
    def of_mine(graph: Any, inputs: Any) -> Any:
        raise AssertionError

    with pytest.warns(UserWarning, match="backend 'of_mine' is not called"):
        compiled = torch.compile(lambda x: x + 1, backend=of_mine)
    assert compiled(torch.ones(2)).tolist() == [2, 2]
