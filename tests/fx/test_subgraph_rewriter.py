"""replace_pattern, ShapeProp, and arguments fixed while tracing that have defaults."""

import pytest

import rushlight as torch
from rushlight import fx, nn
from rushlight.fx.passes.shape_prop import ShapeProp


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        nn.init.constant_(self.layer.weight, 0.5)
        nn.init.zeros_(self.layer.bias)

    def forward(self, x, y=None, flag=False):
        h = torch.relu(self.layer(x)) + torch.relu(x)
        if flag:
            h = h * 2
        return h if y is None else h + y


x = torch.arange(3.0)


def traced(flag=False):
    return fx.symbolic_trace(Branching(), concrete_args={"y": None, "flag": flag})


def test_fixed_arguments_keep_their_defaults():
    assert traced()(x).tolist() == [1.5, 2.5, 3.5]
    assert traced(True)(x, None, True).tolist() == [3.0, 5.0, 7.0]
    assert "def forward(self, x, y_1 = None, flag_1 = False)" in traced().code
    with pytest.raises(AssertionError, match="specialized to have value True"):
        traced(True)(x)


def test_each_occurrence_is_replaced():
    g = traced()
    found = fx.replace_pattern(g, lambda a: torch.relu(a), lambda a: torch.sigmoid(a))
    assert [match.anchor.name for match in found] == ["relu", "relu_1"]
    expected = torch.sigmoid(g.layer(x)) + torch.sigmoid(x)
    assert torch.equal(g(x), expected)
    assert not fx.replace_pattern(g, lambda a: torch.sin(a), lambda a: torch.cos(a))


def test_a_pattern_of_several_steps_and_one_whose_steps_are_used_elsewhere():
    g = traced()
    found = fx.replace_pattern(
        g, lambda a, b: torch.relu(a) + torch.relu(b), lambda a, b: torch.relu(a) * b
    )
    assert len(found) == 1
    assert g(x).tolist() == [0.0, 1.5, 3.0]

    def shared(a):
        b = torch.relu(a)
        return torch.neg(b) + b

    g = fx.symbolic_trace(shared)
    assert not fx.replace_pattern(g, lambda a: torch.neg(torch.relu(a)), lambda a: torch.sigmoid(a))
    chain = fx.symbolic_trace(lambda a: torch.relu(torch.relu(a)))
    assert len(fx.replace_pattern(chain, lambda a: torch.relu(a), lambda a: torch.neg(a))) == 2
    assert chain(x).tolist() == x.tolist()


def test_shapes_are_noted():
    g = traced()
    ShapeProp(g).propagate(x, None, False)
    told = {n.name: n.meta["tensor_meta"] for n in g.graph.nodes if "tensor_meta" in n.meta}
    assert set(told) == {"x", "layer", "relu", "relu_1", "add", "output"}
    assert (tuple(told["add"].shape), told["add"].dtype, told["add"].stride) == (
        (3,), torch.float32, (1,),
    )  # fmt: skip
    assert told["layer"].requires_grad
