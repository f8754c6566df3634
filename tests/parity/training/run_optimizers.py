"""Every optimiser's 20 steps under Rushlight or PyTorch; the second ten also from the other's file.

python -m tests.parity.training.run_optimizers rushlight|pytorch first FOLDER MIXTURES [CLASS ...]
python -m tests.parity.training.run_optimizers rushlight|pytorch second FOLDER MIXTURES [CLASS ...]

Files: FOLDER/ENGINE/NUMBER.pt after ten steps, FOLDER/ENGINE-first.pkl, FOLDER/ENGINE-second.pkl.
"""

from __future__ import annotations

import inspect
import pickle
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.parity.training.optimizers import (
    Settings,
    cases,
    differentiable,
    make,
    one_step,
    optimizer_classes,
    options,
    parameters,
)
from tests.parity.training.situations import array

Case = tuple[str, str, Settings]


class Run:
    """Parameters, their optimiser, a schedule, a scaler and an average, in the middle of it."""

    def __init__(self, torch: Any, case: Case) -> None:
        self.torch = torch
        self.name, kind, settings = case
        self.params = parameters(torch, self.name, kind)
        self.optimizer = make(torch, self.name, self.params, settings)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 17)
        self.module = torch.nn.ParameterList(self.params)
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(0.7)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.module, multi_avg_fn=None if kind.startswith("complex") else average
        )
        self.losses: list[Any] = []

    def steps(self, numbers: range) -> None:
        for step in numbers:
            loss = one_step(self.torch, self.name, self.optimizer, self.params, step)
            self.losses.append(array(loss))
            self.schedule.step()
            self.average.update_parameters(self.module)

    def state(self) -> dict[str, Any]:
        return {
            "params": self.module.state_dict(), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(), "average": self.average.state_dict(),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        self.module.load_state_dict(state["params"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.average.load_state_dict(state["average"])

    def seen(self) -> dict[str, Any]:
        found = {f"loss {step}": loss for step, loss in enumerate(self.losses)}
        found["repr"] = repr(self.optimizer)
        _flat(self.torch, "", self.state(), found)
        return found


def _flat(torch: Any, head: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, torch.Tensor):
        found[head] = array(value)
    elif isinstance(value, dict):
        found[f"{head} keys"] = str(list(value))
        for key, each in value.items():
            _flat(torch, f"{head}/{key}", each, found)
    elif isinstance(value, (list, tuple)):
        found[f"{head} length"] = len(value)
        for key, each in enumerate(value):
            _flat(torch, f"{head}/{key}", each, found)
    else:
        found[head] = str(value)


def guarded(action: Any) -> dict[str, Any]:
    """What the action showed, its error, its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen: dict[str, Any] = action()
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__[:-2]]
            seen = {"error": kinds, "message": str(error)}
    seen["warnings"] = [(each.category.__name__, str(each.message)[:60]) for each in caught]
    return seen


def first(torch: Any, case: Case, file: Path) -> dict[str, Any]:
    """Ten steps, a file, ten more."""
    run = Run(torch, case)
    run.steps(range(10))
    torch.save(run.state(), file)
    run.steps(range(10, 20))
    return run.seen()


def second(torch: Any, case: Case, file: Path) -> dict[str, Any]:
    """The other's file, then the second ten steps."""
    run = Run(torch, case)
    run.load(torch.load(file, weights_only=True))
    run.steps(range(10, 20))
    return run.seen()


def slopes(torch: Any, case: Case) -> dict[str, Any]:
    """The gradient through three steps."""
    name, _, settings = case
    if "differentiable" not in options(torch, name):
        return {}
    return {
        str(place): array(slope)
        for place, slope in enumerate(differentiable(torch, name, settings))
    }


def all_cases(torch: Any, mixtures: int, classes: list[str]) -> Iterator[tuple[int, Case]]:
    """Every case with its number."""
    number = 0
    for name in classes or optimizer_classes(torch):
        for kind, settings in cases(torch, name, mixtures):
            yield number, (name, kind, settings)
            number += 1


def main(engine: str, part: str, folder: str, mixtures: str, *classes: str) -> None:
    """Run a part and write what it showed."""
    if engine == "rushlight":
        from rushlight.compat.finder import install

        install()
    import torch

    other = {"rushlight": "pytorch", "pytorch": "rushlight"}[engine]
    here, there = Path(folder) / engine, Path(folder) / other
    here.mkdir(parents=True, exist_ok=True)
    seen: dict[str, Any] = {}
    for number, case in all_cases(torch, int(mixtures), list(classes)):
        name = f"{number} {case}"
        if part == "first":
            file = here / f"{number}.pt"
            seen[name] = guarded(lambda case=case, file=file: first(torch, case, file))
            seen[f"{name} slopes"] = guarded(lambda case=case: slopes(torch, case))
        elif (there / f"{number}.pt").exists():  # not where the first ten steps were an error
            file = there / f"{number}.pt"
            seen[name] = guarded(lambda case=case, file=file: second(torch, case, file))
    if part == "first":
        for name in classes or optimizer_classes(torch):
            cls = getattr(torch.optim, name)
            seen[f"signature of {name}"] = {
                "text": str(inspect.signature(cls.__init__).replace(return_annotation=None).
                            parameters.keys()),
                "defaults": [repr(p.default) for p in inspect.signature(cls).parameters.values()],
                "kinds": [str(p.kind) for p in inspect.signature(cls).parameters.values()],
            }  # fmt: skip
    (Path(folder) / f"{engine}-{part}.pkl").write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
