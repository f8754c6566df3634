"""torch.optim against PyTorch itself: trajectories, saved states, learning rates, warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not hasattr(torch, "_C"), reason="this torch is Rushlight"),
]

Make = Callable[[Any, Any], Any]

OPTIMIZERS: dict[str, Make] = {
    "sgd": lambda optim, params: optim.SGD(params, lr=0.1),
    "sgd momentum": lambda optim, params: optim.SGD(params, lr=0.1, momentum=0.9),
    "sgd all": lambda optim, params: optim.SGD(
        params, 0.1, momentum=0.9, dampening=0.3, weight_decay=0.05, maximize=True
    ),
    "sgd nesterov": lambda optim, params: optim.SGD(
        params, 0.1, momentum=0.8, nesterov=True, weight_decay=0.01
    ),
    "adam": lambda optim, params: optim.Adam(params),
    "adam all": lambda optim, params: optim.Adam(
        params, 0.01, betas=(0.4, 0.99), eps=1e-6, weight_decay=0.1, amsgrad=True, maximize=True
    ),
    "adamw": lambda optim, params: optim.AdamW(params, 0.01, weight_decay=0.1),
    "adamw amsgrad": lambda optim, params: optim.AdamW(params, 0.01, amsgrad=True),
    "rmsprop": lambda optim, params: optim.RMSprop(params),
    "rmsprop all": lambda optim, params: optim.RMSprop(
        params, 0.02, alpha=0.9, weight_decay=0.1, momentum=0.7, centered=True, maximize=True
    ),
    "adagrad": lambda optim, params: optim.Adagrad(params),
    "adagrad all": lambda optim, params: optim.Adagrad(
        params, 0.1, 0.2, 0.1, initial_accumulator_value=0.3, maximize=True
    ),
    "adadelta": lambda optim, params: optim.Adadelta(params),
    "adadelta all": lambda optim, params: optim.Adadelta(
        params, 0.5, 0.8, 1e-3, weight_decay=0.1, maximize=True
    ),
    "adamax": lambda optim, params: optim.Adamax(params),
    "adamax all": lambda optim, params: optim.Adamax(
        params, 0.01, (0.4, 0.99), 1e-3, 0.1, maximize=True
    ),
    "nadam": lambda optim, params: optim.NAdam(params),
    "nadam all": lambda optim, params: optim.NAdam(
        params, 0.01, (0.4, 0.99), 1e-3, 0.1, 0.2, decoupled_weight_decay=True, maximize=True
    ),
    "radam": lambda optim, params: optim.RAdam(params),
    "radam all": lambda optim, params: optim.RAdam(
        params, 0.01, (0.4, 0.9), 1e-3, 0.1, decoupled_weight_decay=True, maximize=True
    ),
    "rprop": lambda optim, params: optim.Rprop(params),
    "rprop all": lambda optim, params: optim.Rprop(
        params, 0.1, (0.3, 1.5), (0.05, 0.4), maximize=True
    ),
    "asgd": lambda optim, params: optim.ASGD(params),
    "asgd all": lambda optim, params: optim.ASGD(params, 0.1, 0.1, 0.5, 3, 0.1, maximize=True),
    "adafactor": lambda optim, params: optim.Adafactor(params),
    "adafactor all": lambda optim, params: optim.Adafactor(
        params, 0.1, -0.5, (1e-3, 1e-2), 1.5, 0.1, maximize=True
    ),
    "muon": lambda optim, params: optim.Muon(params[:1]),
    "muon all": lambda optim, params: optim.Muon(
        params[:1], 0.02, 0.05, 0.9, False, ns_steps=3, adjust_lr_fn="match_rms_adamw"
    ),
    "rmsprop slow": lambda optim, params: optim.RMSprop(params, alpha=0.4, centered=True),
}
SHAPES = ((4, 3), (5,), ())


def parameters(lib: Any) -> list[Any]:
    rng = np.random.default_rng(0)
    return [
        lib.nn.Parameter(lib.tensor(rng.normal(size=shape).astype(np.float32))) for shape in SHAPES
    ]


def gradients(lib: Any, params: list[Any], step: int) -> None:
    """The gradients of one step; the last parameter misses every third."""
    rng = np.random.default_rng(step + 1)
    for place, param in enumerate(params):
        value = lib.tensor(rng.normal(size=tuple(param.shape)).astype(np.float32))
        param.grad = None if place == 2 and step % 3 == 1 else value


def close(mine: Any, theirs: Any) -> None:
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=2e-6, atol=1e-7)


def same_state(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert mine["param_groups"] == theirs["param_groups"]
    assert list(mine["state"]) == list(theirs["state"])
    for key, wanted in theirs["state"].items():
        found = mine["state"][key]
        assert list(found) == list(wanted)
        for name, value in wanted.items():
            if value is None:
                assert found[name] is None
            else:
                assert str(found[name].dtype) == str(value.dtype)
                close(found[name], value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trajectory(name: str) -> None:
    make = OPTIMIZERS[name]
    ours, others = parameters(rl), parameters(torch)
    mine, theirs = make(rl.optim, ours), make(torch.optim, others)
    assert repr(mine) == repr(theirs)
    for step in range(7):
        gradients(rl, ours, step)
        gradients(torch, others, step)
        assert mine.step() is None
        theirs.step()
    for a, b in zip(ours, others, strict=True):
        close(a, b)
    same_state(mine.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs(search: str | None) -> None:
    found = []
    for lib in (rl, torch):
        x, y, w = (lib.tensor(np.random.default_rng(k).normal(size=(9, 9))) for k in range(3))
        weight = lib.nn.Parameter(w)
        optimizer = lib.optim.LBFGS([weight], max_iter=4, line_search_fn=search, history_size=3)
        losses = []

        def closure(optimizer: Any = optimizer, x: Any = x, y: Any = y, w: Any = weight) -> Any:
            optimizer.zero_grad()
            loss = ((x @ w).tanh() - y).square().mean()
            loss.backward()
            return loss

        for step in range(4):
            losses.append(optimizer.step(closure).item())
            if step == 1:
                optimizer.load_state_dict(optimizer.state_dict())
        state = optimizer.state_dict()["state"][0]
        found.append((weight, losses, state["func_evals"], state["n_iter"], sorted(state)))
    np.testing.assert_allclose(
        found[0][0].detach().numpy(), found[1][0].detach().numpy(), rtol=1e-9
    )
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9)
    assert found[0][2:] == found[1][2:]


def to_library(value: Any, lib: Any) -> Any:
    if isinstance(value, dict):
        return {key: to_library(each, lib) for key, each in value.items()}
    if isinstance(value, list):
        return [to_library(each, lib) for each in value]
    return lib.tensor(value.detach().numpy().copy()) if hasattr(value, "detach") else value


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_states_are_exchanged(name: str) -> None:
    make = OPTIMIZERS[name]
    ours, others = parameters(rl), parameters(torch)
    mine, theirs = make(rl.optim, ours), make(torch.optim, others)
    gradients(rl, ours, 0)
    gradients(torch, others, 0)
    mine.step()
    theirs.step()
    saved_mine, saved_theirs = mine.state_dict(), theirs.state_dict()
    mine.load_state_dict(to_library(saved_theirs, rl))
    theirs.load_state_dict(to_library(saved_mine, torch))
    gradients(rl, ours, 2)
    gradients(torch, others, 2)
    mine.step()
    theirs.step()
    for a, b in zip(ours, others, strict=True):
        close(a, b)
    same_state(mine.state_dict(), theirs.state_dict())


def message(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        call()
    return type(caught.value).__name__, str(caught.value)


def wrong(lib: Any) -> list[Callable[[], Any]]:
    optim, params = lib.optim, parameters(lib)
    sgd = optim.SGD(params, 0.1)
    schedule = optim.lr_scheduler
    return [
        lambda: optim.SGD(params, -1),
        lambda: optim.SGD(params, 0.1, momentum=-1),
        lambda: optim.SGD(params, 0.1, weight_decay=-1),
        lambda: optim.SGD(params, 0.1, nesterov=True),
        lambda: optim.SGD([], 0.1),
        lambda: optim.SGD(params[0], 0.1),
        lambda: optim.SGD([3], 0.1),
        lambda: optim.SGD([params[0] * 2], 0.1),
        lambda: optim.SGD({params[0]}, 0.1) and None,
        lambda: sgd.add_param_group(3),
        lambda: sgd.add_param_group({"params": set(params)}),
        lambda: sgd.add_param_group({"params": params[0]}),
        lambda: sgd.load_state_dict({"state": {}, "param_groups": []}),
        lambda: sgd.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]}),
        lambda: optim.Adam(params, eps=-1),
        lambda: optim.Adam(params, betas=(1.0, 0.9)),
        lambda: optim.Adam(params, betas=(0.9, 1.0)),
        lambda: optim.RMSprop(params, alpha=-1),
        lambda: optim.Adamax(params, betas=(0.9, 1.0)),
        lambda: optim.NAdam(params, momentum_decay=-1),
        lambda: optim.RAdam(params, weight_decay=-1),
        lambda: optim.Rprop(params, etas=(1.5, 2.0)),
        lambda: optim.ASGD(params, weight_decay=-1),
        lambda: optim.Adafactor(params, beta2_decay=1.0),
        lambda: optim.Adafactor(params, d=0.5),
        lambda: optim.Muon(params),
        lambda: optim.Muon(params[:1], adjust_lr_fn="some"),
        lambda: optim.LBFGS([{"params": params[:1]}, {"params": params[1:]}]),
        lambda: optim.SparseAdam(params, lr=0),
        lambda: schedule.StepLR(3, 1),
        lambda: schedule.StepLR(sgd, 1, last_epoch=3),
        lambda: schedule.LambdaLR(sgd, [abs, abs]),
        lambda: schedule.MultiplicativeLR(sgd, 3),
        lambda: schedule.ConstantLR(sgd, 2.0),
        lambda: schedule.LinearLR(sgd, 0.0),
        lambda: schedule.LinearLR(sgd, 1.0, 2.0),
        lambda: schedule.SequentialLR(sgd, [], []),
        lambda: schedule.SequentialLR(sgd, [schedule.StepLR(sgd, 1)], [1]),
        lambda: schedule.ChainedScheduler([]),
        lambda: schedule.ReduceLROnPlateau(sgd, factor=1.0),
        lambda: schedule.ReduceLROnPlateau(sgd, mode="some"),
        lambda: schedule.CosineAnnealingWarmRestarts(sgd, 0),
        lambda: schedule.CosineAnnealingWarmRestarts(sgd, 1, 0),
        lambda: schedule.OneCycleLR(sgd, 1.0),
        lambda: schedule.OneCycleLR(sgd, 1.0, -3),
        lambda: schedule.OneCycleLR(sgd, 1.0, 3, anneal_strategy="some"),
        lambda: schedule.CyclicLR(sgd, 1.0, 2.0, mode="some"),
        lambda: schedule.CyclicLR(sgd, [1.0, 2.0], 2.0),
    ]


@pytest.mark.parametrize("place", range(48))
def test_wrong_call(place: int) -> None:
    if place == 8:
        return  # a set of parameters is taken as it comes by both
    mine, theirs = message(wrong(rl)[place]), message(wrong(torch)[place])
    assert mine[0] == theirs[0]
    assert theirs[1][:60] in mine[1]


SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "step": lambda s, o: s.StepLR(o, 3, gamma=0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.3),
    "constant": lambda s, o: s.ConstantLR(o, 0.4, total_iters=4),
    "linear": lambda s, o: s.LinearLR(o, 0.2, 0.9, total_iters=7),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o, 8, power=2.0),
    "lambda": lambda s, o: s.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (1 + e)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.5 if e % 3 == 0 else 1.1),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 5, eta_min=0.003),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, eta_min=0.001),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.3, step_size_up=3, step_size_down=4),
    "cyclic 2": lambda s, o: s.CyclicLR(o, 0.01, [0.3, 0.4], 3, mode="triangular2"),
    "cyclic exp": lambda s, o: s.CyclicLR(o, 0.01, 0.3, 3, mode="exp_range", gamma=0.9),
    "cyclic own": lambda s, o: s.CyclicLR(o, 0.01, 0.3, 3, scale_fn=lambda x: 1 / x),
    "onecycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=30),
    "onecycle 3": lambda s, o: s.OneCycleLR(
        o, 0.5, epochs=5, steps_per_epoch=6, three_phase=True, anneal_strategy="linear"
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [4, 9]
    ),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]),
}


def rates(lib: Any, name: str, base: str, resume: bool) -> tuple[list[Any], dict[str, Any]]:
    params = parameters(lib)
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}]

    def fresh() -> Any:
        if base == "adam":
            return lib.optim.Adam([dict(group) for group in groups], lr=0.1)
        return lib.optim.SGD([dict(group) for group in groups], lr=0.1, momentum=0.9)

    optimizer = fresh()
    scheduler = SCHEDULES[name](lib.optim.lr_scheduler, optimizer)
    seen = []
    for step in range(25):
        if resume and step == 8:
            saved, schedule = optimizer.state_dict(), scheduler.state_dict()
            optimizer = fresh()
            scheduler = SCHEDULES[name](lib.optim.lr_scheduler, optimizer)
            optimizer.load_state_dict(saved)
            scheduler.load_state_dict(schedule)
        optimizer.step()
        keys = ("lr", "momentum", "betas")
        seen.append([[group.get(key) for key in keys] for group in optimizer.param_groups])
        scheduler.step()
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return seen, scheduler.state_dict()


def plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list):
        return [plain(value) for value in state]
    return None if callable(state) else state


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates(name: str, resume: bool) -> None:
    for base in ("sgd", "adam"):
        mine, theirs = rates(rl, name, base, resume), rates(torch, name, base, resume)
        assert mine[0] == theirs[0]
        assert plain(mine[1]) == plain(theirs[1])


def test_plateau() -> None:
    measures = [3, 2, 2, 2, 2, 1.99, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.6, 1.7]
    options: list[dict[str, Any]] = [
        {"patience": 1},
        {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.1},
        {"patience": 0, "cooldown": 2, "min_lr": [0.01, 0.001], "factor": 0.5},
    ]
    for option in options:
        seen = []
        for lib in (rl, torch):
            params = parameters(lib)
            groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}]
            optimizer = lib.optim.SGD(groups, lr=0.1)
            scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **option)
            found = []
            for measure in measures:
                scheduler.step(measure)
                found.append(scheduler.get_last_lr())
            seen.append((found, scheduler.state_dict()))
        assert seen[0] == seen[1]


def test_order_warnings() -> None:
    texts = []
    for lib in (rl, torch):
        optimizer = lib.optim.SGD(parameters(lib), lr=0.1)
        optimizer.step()
        scheduler = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler.get_lr()
            scheduler.step()
            scheduler.step(7)
        texts.append([(each.category, str(each.message)[:80]) for each in caught])
    assert texts[0] == texts[1]
    assert len(texts[0]) == 3
