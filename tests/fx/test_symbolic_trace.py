"""Tracing: the graphs and the code that PyTorch 2.13 prints for the same functions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import fx, nn


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.full((5,), 2.0))
        self.linear = nn.Linear(4, 5)
        self.seq = nn.Sequential(nn.ReLU(), nn.Dropout(0.0))

    def forward(self, x: Any, scale: float = 2.0) -> Any:
        y = self.seq(self.linear(x * self.weight)).clamp(min=0.0)
        z = F.relu(y) * scale + self.shift
        z = torch.cat([z, y], dim=1)
        z -= 1
        w = z.view(z.shape[0], -1)[:, :3]
        values, places = torch.topk(torch.sum(w, dim=-1), 2)
        return {"v": (values, None), "p": [places, torch.tensor([1.0])]}


GRAPH = """graph():
    %x : Any [num_users=1] = placeholder[target=x]
    %scale : float [num_users=1] = placeholder[target=scale](default=2.0)
    %weight : [num_users=1] = get_attr[target=weight]
    %mul : [num_users=1] = call_function[target=operator.mul](args = (%x, %weight), kwargs = {})
    %linear : [num_users=1] = call_module[target=linear](args = (%mul,), kwargs = {})
    %seq_0 : [num_users=1] = call_module[target=seq.0](args = (%linear,), kwargs = {})"""
CODE = """
    mul = x * weight;  x = weight = None
    linear = self.linear(mul);  mul = None
    seq_0 = getattr(self.seq, "0")(linear);  linear = None
    seq_1 = getattr(self.seq, "1")(seq_0);  seq_0 = None
    clamp = seq_1.clamp(min = 0.0);  seq_1 = None
    relu = torch.nn.functional.relu(clamp, inplace = False)
    mul_1 = relu * scale;  relu = scale = None
    shift = self.shift
    add = mul_1 + shift;  mul_1 = shift = None
    cat = torch.cat([add, clamp], dim = 1);  add = clamp = None
    sub = cat - 1;  cat = None
    getattr_1 = sub.shape
    getitem = getattr_1[0];  getattr_1 = None
    view = sub.view(getitem, -1);  sub = getitem = None
    getitem_1 = view[(slice(None, None, None), slice(None, 3, None))];  view = None
    sum_1 = torch.sum(getitem_1, dim = -1);  getitem_1 = None
    topk = torch.topk(sum_1, 2);  sum_1 = None
    getitem_2 = topk[0]
    getitem_3 = topk[1];  topk = None
    _tensor_constant0 = self._tensor_constant0
    return {'v': (getitem_2, None), 'p': [getitem_3, _tensor_constant0]}
"""


def test_a_module_prints_as_in_pytorch_and_computes_the_same() -> None:
    module = Layers()
    traced = fx.symbolic_trace(module)
    assert str(traced.graph).startswith(GRAPH)
    assert CODE in traced.code
    x = torch.randn(3, 4)
    ours, plain = traced(x), module(x)
    assert torch.equal(ours["v"][0], plain["v"][0]) and torch.equal(ours["p"][0], plain["p"][0])
    ours["v"][0].sum().backward()
    assert module.weight.grad is not None  # the parameters are the module's own
    assert list(traced.state_dict()) == [
        "weight", "shift", "_tensor_constant0", "linear.weight", "linear.bias"
    ]  # fmt: skip
    assert type(traced).__name__ == "Layers" and "def forward(self, x" in str(traced)
    again = copy.deepcopy(traced)
    assert torch.equal(again(x)["v"][0], ours["v"][0])
    assert again.linear is not traced.linear


def test_a_function_is_changed_by_hand() -> None:
    def f(x: Any, y: Any) -> Any:
        return torch.sin(x) @ y.T, x.size(0), 3 - x**2 // y, ~(x > 0)

    traced = fx.symbolic_trace(f)
    x, y = torch.eye(2), torch.full((2, 2), 3.0)
    for one, other in zip(traced(x, y), f(x, y), strict=True):
        assert one == other if isinstance(one, int) else torch.equal(one, other)
    for node in traced.graph.nodes:
        if node.target is torch.sin:
            with traced.graph.inserting_after(node):
                made = traced.graph.call_function(torch.cos, node.args)
            node.replace_all_uses_with(made)
            with pytest.raises(RuntimeError, match="still had 1 users"):
                traced.graph.erase_node(made)
            traced.graph.erase_node(node)
    traced.graph.lint()
    traced.recompile()
    assert torch.equal(traced(x, y)[0], torch.cos(x) @ y.T)


def test_what_depends_on_values_is_refused() -> None:
    with pytest.raises(fx.proxy.TraceError, match="inputs to control flow"):
        fx.symbolic_trace(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(fx.proxy.TraceError, match="cannot be iterated"):
        fx.symbolic_trace(lambda x: [each + 1 for each in x])
    with pytest.raises(RuntimeError, match="'len' is not supported"):
        fx.symbolic_trace(lambda x: len(x))
    # Nothing is left behind: modules and functions are as before.
    assert torch.equal(nn.ReLU()(torch.tensor([-1.0])), torch.zeros(1))
    assert type(torch).__name__ == "module"


def test_fixed_arguments_are_checked_when_it_runs() -> None:
    def f(x: Any, double: bool = False, bias: Any = None) -> Any:
        return x * 2 if double else x

    traced = fx.symbolic_trace(f, concrete_args={"double": True, "bias": None})
    assert traced(torch.ones(1), True).item() == 2.0
    with pytest.raises(AssertionError, match="double has been specialized to have value True"):
        traced(torch.ones(1), False)
    with pytest.raises(AssertionError, match="bias has been specialized to have value None"):
        traced(torch.ones(1), True, 1)


def test_a_graph_made_by_hand() -> None:
    graph = fx.Graph()
    x = graph.placeholder("x")
    unused = graph.call_function(torch.exp, (x,))
    y = graph.call_module("act", (x,))
    graph.output(graph.call_method("neg", (y,)))
    module = fx.GraphModule({"act": nn.ReLU()}, graph)
    assert module(torch.tensor([-1.0, 2.0])).tolist() == [0.0, -2.0]
    assert graph.eliminate_dead_code() and unused not in list(graph.nodes)
    with pytest.raises(ValueError, match="Callable is expected"):
        graph.call_function("relu", (x,))
    with graph.inserting_before(x):
        graph.call_function(torch.relu, (y,))
    with pytest.raises(RuntimeError, match="used before it has been defined"):
        graph.lint()


def test_interpreters_and_transformers() -> None:
    traced = fx.symbolic_trace(lambda x: torch.sigmoid(x) + x.neg())

    class Twice(fx.Interpreter):
        def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
            return 2 * super().call_function(target, args, kwargs)

    assert Twice(traced).run(torch.zeros(1)).item() == 2.0

    class Hyperbolic(fx.Transformer):
        def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
            if target is torch.sigmoid:
                return torch.tanh(*args, **kwargs)
            return super().call_function(target, args, kwargs)

    changed = Hyperbolic(traced).transform()
    assert "tanh = torch.tanh(x)" in changed.code and "sigmoid" not in changed.code
    assert changed(torch.zeros(1)).item() == 0.0


def test_a_tracer_of_ones_own_keeps_modules_whole() -> None:
    class Whole(fx.Tracer):
        def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
            return True

    graph = Whole().trace(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 3))))
    assert [node.target for node in graph.find_nodes(op="call_module")] == ["0", "1"]


def test_graphs_made_by_hand_from_proxies() -> None:
    graph = fx.Graph()
    x = fx.Proxy(graph.placeholder("x"))
    torch._assert(x.ndim == 2, "two axes")
    graph.output(torch.einsum("ij->i", x * 2).node)
    sums = fx.GraphModule(torch.nn.Module(), graph)
    assert sums(torch.ones(2, 3)).tolist() == [6.0, 6.0]
    with pytest.raises(AssertionError, match="two axes"):
        sums(torch.ones(2))
