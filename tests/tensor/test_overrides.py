"""__torch_function__: sub-classes, objects like tensors, modes. In a process of its own, because
the first sub-class changes every function."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import rushlight as torch
from rushlight.overrides import TorchFunctionMode, has_torch_function, is_tensor_like

heard = []


class Duck:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return "duck", func.__name__, types == (Duck,)


assert torch.add(torch.ones(2), Duck()) == ("duck", "add", True)


class Kept(torch.Tensor):
    pass


x = torch.ones(2, 3, requires_grad=True)
kept = x.as_subclass(Kept)
made = [kept + 1, torch.exp(kept), kept.sum(), torch.cat([kept, kept]), kept.view(6), kept[0]]
assert [type(each) for each in made] == [Kept] * 6, made
assert type(torch.nn.Parameter(torch.ones(1)) * 2) is torch.Tensor
made[2].backward()
assert x.grad.tolist() == [[1.0] * 3] * 2


class Log(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        heard.append((func.__name__, types))
        return super().__torch_function__(func, types, args, kwargs)


log = torch.ones(2).as_subclass(Log)
heard.clear()
assert type(torch.sin(log)) is Log
assert heard == [("sin", (Log,))], heard


class Names(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        heard.append(func.__name__)
        return func(*args, **(kwargs or {}))


heard.clear()
with Names():
    out = torch.exp(torch.zeros(2))
torch.exp(out)
assert heard == ["zeros", "exp"], heard
assert out.tolist() == [1.0, 1.0]
assert has_torch_function((kept,)) and not has_torch_function((out,))
assert is_tensor_like(Duck()) and not is_tensor_like(3)


class Never:
    @classmethod
    def __torch_function__(cls, *args, **kwargs):
        return NotImplemented


try:
    torch.exp(Never())
except TypeError as error:
    assert "returned NotImplemented" in str(error)
else:
    raise AssertionError("torch.exp took what it cannot")

heard.clear()
square = torch.eye(2).as_subclass(Log)
made = [torch.linalg.inv(square), torch.linalg.svd(square)[0], torch.fft.fft(square)]
assert [type(each) for each in made] == [Log] * 3, made
assert [name for name, _ in heard] == ["linalg_inv", "linalg_svd", "fft_fft"], heard

pair = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).as_subclass(Kept)
assert repr(pair) == "Kept([[1., 2.],\\n      [3., 4.]])", repr(pair)
assert type(pair.data) is Kept and f"{pair[0, 0]}" == "Kept(1.)"


class Weight(torch.nn.Parameter):
    pass


class Disabled(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl


heard.clear()
log, before = torch.ones(2).as_subclass(Log), log
before += 1
before[0] = 5
made = [before.new_zeros(2), torch.zeros_like(before), before.mul_(2)]
assert made[2] is before and before.tolist() == [10.0, 4.0]
assert [type(each) for each in made] == [Log] * 3, made
assert [name for name, _ in heard] == [
    "add_", "__setitem__", "new_zeros", "zeros_like", "mul_", "tolist"
], heard


class Sum:
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return "sum" if func is torch.Tensor.add else NotImplemented


assert torch.ones(2) + Sum() == "sum"
assert (torch.ones(2) == Sum()) is False
try:
    torch.ones(2) @ Sum()
except TypeError as error:
    assert "unsupported operand" in str(error)
else:
    raise AssertionError("a product that nobody makes")

one = torch.ones(3).as_subclass(Disabled)
assert type(one + 1) is type(torch.add(one, one)) is torch.Tensor

printed = repr(Weight(torch.ones(1)))
assert printed == "Parameter containing:\\nParameter(Weight([1.], requires_grad=True))", printed
"""


@pytest.mark.parametrize(
    "used", ["", "import rushlight as t; t.exp(t.ones(2)) + t.ones(2).sum()\n"]
)
def test_overrides(used):
    done = subprocess.run(
        [sys.executable, "-c", used + PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
