"""Every learning-rate schedule with options drawn from its signature: rates of 50 steps, warnings.

python -m tests.parity.training.run_schedules rushlight|pytorch first|second FOLDER

``first`` writes a state after 20 steps, ``second`` goes on from the other's.
"""

from __future__ import annotations

import inspect
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.parity.training.run_optimizers import guarded

MIXTURES = 14


def halved(epoch: int) -> float:
    """A factor of the epoch: a function, which a state dict leaves out."""
    return 0.5 ** (epoch // 7)


# What a parameter may be; those without a default are always given.
VALUES: dict[str, list[Any]] = {
    "lr_lambda": [halved, [halved, lambda epoch: 1 / (1 + epoch)]], "step_size": [3, 1, 60],
    "gamma": [0.5, 1.0, 1.1], "milestones": [[2, 5, 5, 9], [], [30]], "factor": [0.3, 1.0, 0.9],
    "total_iters": [4, 1, 0, 100], "start_factor": [0.2, 1.0], "end_factor": [0.9, 0.0],
    "power": [2.0, 0.5, 0.0], "T_max": [5, 50, 1], "eta_min": [0.003, 0.2], "T_0": [3, 10],
    "T_mult": [2, 1], "base_lr": [0.01, [0.01, 0.02]], "max_lr": [0.3, [0.3, 0.4]],
    "step_size_up": [3, 7], "step_size_down": [4, 1, None],
    "mode": ["triangular", "triangular2", "exp_range", "min", "max"],
    "scale_fn": [None, lambda x: 1 / (1 + x)], "scale_mode": ["cycle", "iterations"],
    "cycle_momentum": [True, False], "base_momentum": [0.7, [0.7, 0.6]],
    "max_momentum": [0.95, [0.95, 0.9]], "total_steps": [60, 51, 30], "epochs": [6, None],
    "steps_per_epoch": [10, None], "pct_start": [0.4, 0.0, 1.0],
    "anneal_strategy": ["cos", "linear"], "div_factor": [10.0], "final_div_factor": [100.0],
    "three_phase": [True, False], "patience": [1, 0, 3], "threshold": [0.1, 0.0],
    "threshold_mode": ["rel", "abs"], "cooldown": [2, 0], "min_lr": [0.01, [0.01, 0.001], 0],
    "eps": [1e-8, 0.01], "last_epoch": [-1], "schedulers": [], "optimizer": [],
}  # fmt: skip


def schedule_classes(torch: Any) -> list[str]:
    """All names but those of the base class."""
    module = torch.optim.lr_scheduler
    base = module.LRScheduler
    return sorted(
        name for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, base) and value is not base
        and not name.startswith("_")
    )  # fmt: skip


def chosen(torch: Any, name: str, rng: random.Random) -> dict[str, Any]:
    """Arguments: all that are needed, some of the others."""
    parameters = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters
    given = {}
    for key, parameter in list(parameters.items()):
        values = VALUES[key]
        if not values or key == "verbose":
            continue
        needed = parameter.default is inspect.Parameter.empty
        if name == "OneCycleLR" and key == "total_steps":
            needed = True
        draw, value = rng.random(), rng.choice(values)
        if needed or draw < 0.5:
            given[key] = value
    return given


def composed(torch: Any, name: str) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Schedules made of others."""
    s = torch.optim.lr_scheduler
    if name == "SequentialLR":
        yield (
            "three",
            lambda o: s.SequentialLR(
                o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [4, 19]
            ),
        )
        yield (
            "warm-up",
            lambda o: s.SequentialLR(
                o, [s.LinearLR(o, 0.01, 1.0, 10), s.CosineAnnealingLR(o, 40)], milestones=[10]
            ),
        )
        yield (
            "restarts",
            lambda o: s.SequentialLR(
                o, [s.CosineAnnealingWarmRestarts(o, 4, 2), s.PolynomialLR(o, 20)], [25]
            ),
        )
        yield "two at once", lambda o: s.SequentialLR(o, [s.StepLR(o, 2)] * 2, [5])
        yield (
            "nested",
            lambda o: s.SequentialLR(
                o,
                [s.ChainedScheduler([s.StepLR(o, 3), s.ExponentialLR(o, 0.9)]), s.StepLR(o, 9)],
                [7],
            ),
        )
    else:
        yield (
            "two",
            lambda o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]),
        )
        yield (
            "closed forms",
            lambda o: s.ChainedScheduler(
                [s.CosineAnnealingLR(o, 7), s.LinearLR(o), s.MultiStepLR(o, [3, 30])], optimizer=o
            ),
        )
        yield "other optimizer", lambda o: s.ChainedScheduler([s.StepLR(o, 3)], optimizer=3)


def cases(torch: Any) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """(name, kind of optimizer, what makes the schedule)."""
    for name in schedule_classes(torch):
        rng = random.Random(name)
        if name in ("SequentialLR", "ChainedScheduler"):
            for word, make in composed(torch, name):
                yield f"{name} {word}", "sgd", make
            continue
        for number in range(MIXTURES):
            given = chosen(torch, name, rng)
            kind = ("sgd", "adam", "tensor")[number % 3]
            shown = {key: "f" if callable(value) else value for key, value in given.items()}
            yield (
                f"{name} {number} {shown if 'lr_lambda' not in given else ''}",
                kind,
                lambda o, name=name, given=given: getattr(torch.optim.lr_scheduler, name)(
                    o, **given
                ),
            )


class Run:
    """An optimizer of two groups and its schedule."""

    def __init__(self, torch: Any, kind: str, make: Callable[[Any], Any]) -> None:
        self.params = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
        rate = torch.tensor(0.1) if kind == "tensor" else 0.1
        groups = [{"params": self.params[:1]}, {"params": self.params[1:], "lr": 0.05}]
        if kind == "adam":
            self.optimizer = torch.optim.Adam(groups, lr=rate)
        else:
            self.optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9)
        self.schedule = make(self.optimizer)
        self.plateau = type(self.schedule).__name__ == "ReduceLROnPlateau"

    def steps(self, numbers: range, seen: dict[str, Any]) -> None:
        for step in numbers:
            for param in self.params:
                param.grad = param.detach() * 0.1
            self.optimizer.step()
            self.schedule.step(*([3.0 / (1 + step // 6)] if self.plateau else []))
            seen[f"rates {step}"] = [
                f"{float(group['lr']):.5g} {group.get('momentum')} {group.get('betas')}"
                for group in self.optimizer.param_groups
            ]
            seen[f"last {step}"] = [f"{float(rate):.5g}" for rate in self.schedule.get_last_lr()]

    def state(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict()}


def plain(value: Any) -> Any:
    """A state without functions, numbers short."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    return f"{float(value):.5g}" if hasattr(value, "__float__") else type(value).__name__


def observed(torch: Any, kind: str, make: Any, file: Path, other: Path | None) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    run = Run(torch, kind, make)
    seen["start"] = [f"{float(group['lr']):.6g}" for group in run.optimizer.param_groups]
    if other is None:
        run.steps(range(20), seen)
        torch.save(run.state(), file)
        seen["state"] = str(plain(run.schedule.state_dict()))
    else:
        state = torch.load(other, weights_only=False)
        run.optimizer.load_state_dict(state["optimizer"])
        run.schedule.load_state_dict(state["schedule"])
    run.steps(range(20, 50), seen)
    return seen


def main(engine: str, part: str, folder: str) -> None:
    """Write {case: what was seen} and the names of the classes."""
    if engine == "rushlight":
        from rushlight.compat.finder import install

        install()
    import torch

    here = Path(folder) / engine
    there = Path(folder) / {"rushlight": "pytorch", "pytorch": "rushlight"}[engine]
    here.mkdir(parents=True, exist_ok=True)
    seen: dict[str, Any] = {"classes": {"names": str(schedule_classes(torch))}}
    for number, (name, kind, make) in enumerate(cases(torch)):
        file, other = here / f"{number}.schedule", there / f"{number}.schedule"
        if part == "second" and not other.exists():
            continue  # the first part was an error
        seen[f"{name} {kind}"] = guarded(
            lambda kind=kind, make=make, file=file, other=other: observed(
                torch, kind, make, file, other if part == "second" else None
            )
        )
    (Path(folder) / f"{engine}-{part}.pkl").write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
