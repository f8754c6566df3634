"""torch.nn.utils: parametrizations, pruning, fusion and errors as PyTorch 2.13 has them."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import parametrizations, parametrize, prune, stateless
from tests.nn.utils_programs import PROGRAMS, outcome

WANTED: dict[str, Any] = json.loads(Path(__file__).with_name("utils_programs.json").read_text())


def _same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, float):
        return isinstance(got, float) and abs(got - wanted) <= 2e-6 + 1e-5 * abs(wanted)
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(_same, got, wanted))
    if isinstance(wanted, dict):
        return list(got) == list(wanted) and all(_same(got[key], wanted[key]) for key in wanted)
    return bool(got == wanted)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    got = outcome(torch, name)
    assert _same(got, WANTED[name]), (got, WANTED[name])


class Wider(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.double()


class Shorter(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:1]


def _layer() -> nn.Linear:
    return nn.Linear(2, 2)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: parametrize.register_parametrization(_layer(), "x", Wider()),
         ValueError, "does not have a parameter"),
        (lambda: parametrize.register_parametrization(_layer(), "weight", Wider()),
         ValueError, "may not change the dtype"),
        (lambda: parametrize.register_parametrization(_layer(), "weight", Shorter()),
         ValueError, "may not change the shape"),
        (lambda: parametrize.remove_parametrizations(_layer(), "weight"),
         ValueError, "does not have a parametrization on weight"),
        (lambda: pickle.dumps(parametrizations.weight_norm(_layer())),
         RuntimeError, "only supported through state_dict"),
        (lambda: parametrizations.orthogonal(_layer(), name="bias"),
         ValueError, "Expected a matrix"),
        (lambda: parametrizations.orthogonal(_layer(), orthogonal_map="x"),
         ValueError, "orthogonal_map has to be one of"),
        (lambda: parametrizations.spectral_norm(_layer(), n_power_iterations=0),
         ValueError, "n_power_iterations to be positive"),
        (lambda: nn.utils.remove_weight_norm(_layer()), ValueError, "not found in"),
        (lambda: nn.utils.remove_spectral_norm(_layer()), ValueError, "not found in"),
        (lambda: nn.utils.weight_norm(nn.utils.weight_norm(_layer())),
         RuntimeError, "Cannot register two weight_norm hooks"),
        (lambda: nn.utils.spectral_norm(nn.utils.spectral_norm(_layer())),
         RuntimeError, "Cannot register two spectral_norm hooks"),
        (lambda: prune.l1_unstructured(_layer(), "x", 1), AttributeError, "no attribute 'x'"),
        (lambda: prune.l1_unstructured(_layer(), "weight", 5), ValueError, "should be smaller"),
        (lambda: prune.l1_unstructured(_layer(), "weight", 1.5), ValueError, r"range \[0, 1\]"),
        (lambda: prune.l1_unstructured(_layer(), "weight", "a"), TypeError, "Invalid type"),
        (lambda: prune.random_structured(_layer(), "bias", 1, 0), ValueError, "multidimensional"),
        (lambda: prune.random_structured(_layer(), "weight", 1, 5), IndexError, "Invalid index 5"),
        (lambda: prune.remove(_layer(), "weight"), ValueError, "has to be pruned before"),
        (lambda: prune.global_unstructured(3, prune.L1Unstructured, amount=1),
         TypeError, "not an Iterable"),
        (lambda: nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)),
         AssertionError, "only for eval"),
        (lambda: nn.utils.skip_init(nn.ReLU), RuntimeError, "must support a 'device' arg"),
        (lambda: stateless.functional_call(_layer(), {"x": torch.ones(2)}, torch.ones(2),
                                           strict=True),
         RuntimeError, "Unexpected key"),
    ],
)  # fmt: skip
def test_error(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_failed_pruning_leaves_the_layer_as_it_was() -> None:
    layer = _layer()
    with pytest.raises(ValueError, match="should be smaller"):
        prune.l1_unstructured(layer, "weight", 5)
    assert list(layer.state_dict()) == ["bias", "weight"]
    assert isinstance(layer.weight, nn.Parameter)


def test_other_parameters_get_the_gradients() -> None:
    layer = _layer()
    other = {"weight": torch.ones(2, 2, requires_grad=True)}
    with pytest.warns(FutureWarning, match="torch.func"):
        stateless.functional_call(layer, other, torch.ones(1, 2)).sum().backward()
    assert other["weight"].grad is not None
    assert layer.weight.grad is None


def test_matrix_exp_and_its_two_derivatives() -> None:
    a = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(torch.matrix_exp, (a,))
    assert torch.autograd.gradgradcheck(torch.matrix_exp, (a,))
    turn = torch.tensor([[0.0, -3.0], [3.0, 0.0]]).matrix_exp()
    assert torch.allclose(turn[0, 0], torch.tensor(3.0).cos(), atol=1e-6)
