"""Small programs over torch.nn.utils: what each gives is frozen from PyTorch 2.13.

python utils_programs.py FILE      run under real PyTorch, write what they gave as JSON
"""

from __future__ import annotations

import copy
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def numbers(tensor: Any) -> list[float]:
    return [float(each) for each in tensor.detach().double().reshape(-1)]


def inputs(torch: Any) -> Any:
    return torch.linspace(-1, 1, 12).reshape(4, 3)


def trained(torch: Any, module: Any) -> Any:
    """What three steps make of a module, and what it then computes."""
    x = inputs(torch)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (module(x) ** 2).mean().backward()
        optimizer.step()
    state = {key: numbers(value) for key, value in module.state_dict().items()}
    return [str(module), state, numbers(module(x)), numbers(torch.rand(1))]


def _normed(name: str, make: Callable[[Any], Any]) -> None:
    PROGRAMS[name] = lambda torch: trained(torch, make(torch))


def _parametrized(kind: str, size: int, **options: Any) -> Callable[[Any], Any]:
    def make(torch: Any) -> Any:
        layer = torch.nn.Linear(3, size)
        return getattr(torch.nn.utils.parametrizations, kind)(layer, **options)

    return make


def _hooked(name: str, **options: Any) -> Callable[[Any], Any]:
    return lambda torch: getattr(torch.nn.utils, name)(torch.nn.Linear(3, 2), **options)


_normed("weight_norm", _parametrized("weight_norm", 2))
_normed("weight_norm_dim1", _parametrized("weight_norm", 2, dim=1))
_normed("weight_norm_whole", _parametrized("weight_norm", 2, dim=None))
_normed("spectral_norm", _parametrized("spectral_norm", 2))
_normed("spectral_norm_dim1", _parametrized("spectral_norm", 2, n_power_iterations=3, dim=1))
_normed("spectral_norm_of_bias", _parametrized("spectral_norm", 2, name="bias"))
_normed("orthogonal_wide", _parametrized("orthogonal", 2))
_normed("orthogonal_square", _parametrized("orthogonal", 3))
_normed("orthogonal_tall", _parametrized("orthogonal", 5))
_normed("orthogonal_cayley", _parametrized("orthogonal", 5, orthogonal_map="cayley"))
_normed("orthogonal_exp", _parametrized("orthogonal", 2, orthogonal_map="matrix_exp"))
_normed("orthogonal_householder", _parametrized("orthogonal", 3, orthogonal_map="householder"))
for _map in ("matrix_exp", "cayley", "householder"):
    for _size in (2, 3, 5):
        _options = {"orthogonal_map": _map, "use_trivialization": False}
        _normed(f"orthogonal_plain_{_map}_{_size}", _parametrized("orthogonal", _size, **_options))
_normed("hooked_weight_norm", _hooked("weight_norm"))
_normed("hooked_weight_norm_whole", _hooked("weight_norm", dim=None))
_normed("hooked_spectral_norm", _hooked("spectral_norm"))


def parametrizations_of(torch: Any) -> tuple[Any, Any]:
    """(symmetric with an inverse, doubled without one)."""

    class Symmetric(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).transpose(-1, -2)

        def right_inverse(self, a: Any) -> Any:
            return a.triu()

    class Doubled(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return 2 * x

    return Symmetric, Doubled


@program
def parametrize_two(torch: Any) -> Any:
    parametrize = torch.nn.utils.parametrize
    symmetric, doubled = parametrizations_of(torch)
    m = torch.nn.Linear(3, 3)
    parametrize.register_parametrization(m, "weight", symmetric())
    parametrize.register_parametrization(m, "weight", doubled())
    said: list[Any] = [
        str(m), numbers(m.weight), list(m.state_dict()), [n for n, _ in m.named_parameters()],
        parametrize.is_parametrized(m), parametrize.is_parametrized(m, "bias"),
        parametrize.type_before_parametrizations(m).__name__,
    ]  # fmt: skip
    with parametrize.cached():
        said.append(m.weight is m.weight)
    said.append(m.weight is m.weight)
    said.append(numbers(copy.deepcopy(m).weight))
    parametrize.remove_parametrizations(m, "weight")
    return [*said, str(m), numbers(m.weight), list(m.state_dict()), m.weight.requires_grad]


@program
def parametrize_assign(torch: Any) -> Any:
    parametrize = torch.nn.utils.parametrize
    symmetric, doubled = parametrizations_of(torch)
    m = torch.nn.Linear(3, 3)
    parametrize.register_parametrization(m, "weight", symmetric())
    m.weight = torch.arange(9.0).reshape(3, 3)
    said = [numbers(m.weight)]
    other = torch.nn.Linear(3, 3)
    parametrize.transfer_parametrizations_and_params(m, other)
    said.append(numbers(other.weight))
    parametrize.remove_parametrizations(m, "weight", leave_parametrized=False)
    said.append(numbers(m.weight))
    norm = torch.nn.BatchNorm1d(3)
    parametrize.register_parametrization(norm, "running_mean", doubled())
    return [*said, list(norm.state_dict())]


@program
def weight_norm_files(torch: Any) -> Any:
    utils = torch.nn.utils
    old = utils.weight_norm(torch.nn.Linear(3, 2))
    new = utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    new.load_state_dict(old.state_dict())
    said = [numbers(new.weight), [n for n, _ in old.named_parameters()]]
    utils.remove_weight_norm(old)
    utils.parametrize.remove_parametrizations(new, "weight")
    return [*said, [n for n, _ in old.named_parameters()], numbers(old.weight), numbers(new.weight)]


@program
def spectral_norm_files(torch: Any) -> Any:
    utils = torch.nn.utils
    m = utils.spectral_norm(torch.nn.Linear(3, 2))
    m(inputs(torch))
    said: list[Any] = [dict(m.state_dict()._metadata)]
    other = utils.spectral_norm(torch.nn.Linear(3, 2))
    other.load_state_dict(m.state_dict())
    said.append(numbers(other.eval()(inputs(torch))))
    utils.remove_spectral_norm(m)
    return [*said, numbers(m.weight), dict(m.state_dict()._metadata)]


def _pruned(name: str, prune: Callable[[Any, Any, Any], Any]) -> None:
    def run(torch: Any) -> Any:
        nn = torch.nn
        m = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        prune(nn.utils.prune, m[0], torch)
        said = [numbers(m[0].weight), [n for n, _ in m.named_parameters()]]
        said += [nn.utils.prune.is_pruned(m), trained(torch, m)]
        nn.utils.prune.remove(m[0], "weight")
        return [*said, numbers(m[0].weight), list(m.state_dict()), nn.utils.prune.is_pruned(m)]

    PROGRAMS[f"prune_{name}"] = run


def _three(p: Any, layer: Any, torch: Any) -> None:
    p.l1_unstructured(layer, "weight", 0.3)
    p.random_unstructured(layer, "weight", 0.5)
    p.ln_structured(layer, "weight", 1, 1, 0)


_pruned("l1", lambda p, layer, torch: p.l1_unstructured(layer, "weight", 0.4))
_pruned("l1_scores", lambda p, layer, torch: p.l1_unstructured(
    layer, "weight", 3, importance_scores=torch.arange(12.0).reshape(4, 3)))  # fmt: skip
_pruned("random", lambda p, layer, torch: p.random_unstructured(layer, "weight", 0.4))
_pruned("channels", lambda p, layer, torch: p.random_structured(layer, "weight", 2, 0))
_pruned("ln", lambda p, layer, torch: p.ln_structured(layer, "weight", 0.5, 2, 1))
_pruned("ln_inf", lambda p, layer, torch: p.ln_structured(layer, "weight", 0.5, float("-inf"), 0))
_pruned("identity", lambda p, layer, torch: p.identity(layer, "weight"))
_pruned("mask", lambda p, layer, torch: p.custom_from_mask(
    layer, "weight", torch.tensor([[1, 0, 1]] * 4)))  # fmt: skip
_pruned("nothing", lambda p, layer, torch: p.l1_unstructured(layer, "weight", 0))
_pruned("three_times", _three)


@program
def prune_globally(torch: Any) -> Any:
    nn, prune = torch.nn, torch.nn.utils.prune
    m = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    places = [(m[0], "weight"), (m[1], "weight")]
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=0.4)
    return [numbers(m[0].weight), numbers(m[1].weight), list(m.state_dict())]


@program
def fused(torch: Any) -> Any:
    nn, utils = torch.nn, torch.nn.utils
    said = []
    for transpose, make in ((False, nn.Conv2d), (True, nn.ConvTranspose2d)):
        conv, bn = make(2, 3, 2, bias=not transpose).eval(), nn.BatchNorm2d(3)
        bn(torch.rand(4, 3, 5, 5))
        one = utils.fuse_conv_bn_eval(conv, bn.eval(), transpose=transpose)
        x = torch.rand(1, 2, 4, 4)
        assert float((one(x) - bn(conv(x))).abs().max()) < 1e-5
        said += [numbers(one.weight), numbers(one.bias), str(one)]
    linear, bn = nn.Linear(2, 3).eval(), nn.BatchNorm1d(3)
    bn(torch.rand(4, 3))
    one = utils.fuse_linear_bn_eval(linear, bn.eval())
    return [*said, numbers(one.weight), numbers(one.bias)]


@program
def called_with_other_parameters(torch: Any) -> Any:
    m = torch.nn.Linear(2, 2)
    other = {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}
    call = torch.nn.utils.stateless.functional_call
    return [numbers(call(m, other, torch.ones(2))), numbers(m(torch.ones(2)))]


@program
def nothing_drawn(torch: Any) -> Any:
    made = torch.nn.utils.skip_init(torch.nn.Linear, 3, 2)
    return [list(made.weight.shape), numbers(torch.rand(2))]


@program
def vectors(torch: Any) -> Any:
    m = torch.nn.Linear(3, 2)
    flat = torch.nn.utils.parameters_to_vector(m.parameters())
    torch.nn.utils.vector_to_parameters(flat * 2, m.parameters())
    return [numbers(flat), numbers(m.weight), numbers(m.bias)]


def outcome(torch: Any, name: str) -> Any:
    """What a program gives, from seed 3, as JSON would give it back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(3)
        return json.loads(json.dumps(PROGRAMS[name](torch)))


if __name__ == "__main__":
    import torch
    import torch.nn.utils.parametrizations
    import torch.nn.utils.prune
    import torch.nn.utils.stateless

    lines = [f"{json.dumps(name)}: {json.dumps(outcome(torch, name))}" for name in PROGRAMS]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n")
