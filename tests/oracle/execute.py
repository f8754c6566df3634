"""Run the text of a random program, step by step, with any ``torch``; what came of it as data.

Imported by the tests and, under PyTorch, by ``peer.py``: NumPy is all it needs.
"""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Sizes past this are not written out: programs stay small, so it only cuts accidents.
_MOST_ELEMENTS = 1 << 14


def array(seed: int, shape: Sequence[int], kind: str) -> np.ndarray[Any, Any]:
    """Tame numbers: halves between -4 and 4 (integers likewise), exact in every dtype."""
    rng = np.random.default_rng(seed)
    halves = rng.integers(-8, 9, tuple(shape))
    if kind == "bool":
        return halves > 0
    if kind == "uint8":
        return np.abs(halves).astype(np.uint8)
    if kind in ("int64", "int32", "int16", "int8"):
        return halves.astype(kind)
    return (halves / 2).astype("float32" if kind == "bfloat16" else kind)


@dataclass(frozen=True)
class Seen:
    """A tensor as it was; ``strides`` of the axes on which there is more than one place."""

    shape: tuple[int, ...]
    dtype: str
    wants_grad: bool
    leaf: bool
    strides: tuple[int, ...]
    values: np.ndarray[Any, Any]


@dataclass
class Log:
    """One entry per step: None, the class of what it raised, or what it showed; then the rest."""

    steps: list[Any] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)


def error_name(error: BaseException) -> str:
    """The built-in class an exception belongs to."""
    for kind in type(error).__mro__:
        if getattr(builtins, kind.__name__, None) is kind:
            return kind.__name__
    return type(error).__name__


class Session:
    """A program in the middle of its run."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.log = Log()
        self.names: dict[str, Any] = {
            "torch": torch, "np": np, "array": array, "make": self.make, "show": self.show,
            "F": torch.nn.functional,
        }  # fmt: skip
        self.given = set(self.names) | {"__builtins__", "__warningregistry__"}
        self.shown: Any = None

    def make(self, seed: int, shape: Sequence[int], kind: str) -> Any:
        """A tensor of ``array``'s numbers in memory of its own."""
        return self.torch.tensor(array(seed, shape, kind), dtype=getattr(self.torch, kind))

    def show(self, value: Any) -> None:
        """Note what a flush point gave."""
        self.shown = value

    def step(self, text: str) -> BaseException | None:
        """Run one step; its exception is noted and returned."""
        self.shown = None
        found: BaseException | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with np.errstate(all="ignore"):
                    exec(compile(text, "<program>", "exec"), self.names)
        except Exception as error:
            found = error.with_traceback(None)
            self.log.steps.append(error_name(error))
            self.log.messages.append(f"{type(error).__name__}: {error}")
            return found
        self.log.steps.append(self.shown)
        self.log.messages.append("")
        return None

    def see(self, tensor: Any) -> Seen:
        """A tensor as data."""
        plain = tensor.detach()
        kind = str(tensor.dtype).removeprefix("torch.")
        if tensor.numel() > _MOST_ELEMENTS:
            raise OverflowError(f"a program made {tensor.numel()} elements")
        if kind == "bfloat16":
            plain = plain.to(self.torch.float32)
        values = np.array(plain.numpy())
        shape, steps = tuple(tensor.shape), tensor.stride()
        strides = tuple(step for step, size in zip(steps, shape, strict=True) if size > 1)
        return Seen(shape, kind, tensor.requires_grad, tensor.is_leaf,
                    strides if tensor.numel() else (), values)  # fmt: skip

    def finish(self) -> Log:
        """See everything that still has a name."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in sorted(set(self.names) - self.given):
                self.log.end[name] = self._end(self.names[name])
        return self.log

    def _end(self, value: Any) -> Any:
        try:
            if isinstance(value, np.ndarray):
                return Seen(value.shape, value.dtype.name, False, True, (), np.array(value))
            if not isinstance(value, self.torch.Tensor):
                return repr(value)
            grad = value.grad if value.is_leaf else None
            return self.see(value), None if grad is None else self.see(grad)
        except Exception as error:
            return f"{error_name(error)}: {error}"


def execute(steps: Sequence[str], torch: Any) -> Log:
    """The whole program."""
    session = Session(torch)
    for text in steps:
        session.step(text)
    return session.finish()
