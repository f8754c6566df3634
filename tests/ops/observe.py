"""What an operation does with a sample, as plain data: the same text runs on Rushlight and PyTorch.

Imported by the tests and, under PyTorch, by ``tests/parity/samples_peer.py``: it needs NumPy only.
"""

from __future__ import annotations

import builtins
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A dtype by its name: what travels between the two processes."""

    name: str


@dataclass(frozen=True)
class Fixed:
    """An array that no gradient is wanted of."""

    values: Any


@dataclass
class Out:
    """One tensor."""

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    values: Any


@dataclass
class Seen:
    """All that a call did. ``raised``: the built-in class of its exception."""

    raised: str = ""
    message: str = ""
    outs: list[Out] = field(default_factory=list)
    first: list[Any] = field(default_factory=list)
    second: list[Any] = field(default_factory=list)


def encode(value: Any) -> Any:
    """Rushlight's dtypes as ``Kind``, its ``Fixed`` as the one here."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(encode, value))
    if type(value).__name__ == "dtype" and not isinstance(value, np.dtype):
        return Kind(value.name)
    return Fixed(value.values) if type(value).__name__ == "Fixed" else value


def narrow(value: Any) -> Any:
    """float64 arrays as float32."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(narrow, value))
    if isinstance(value, Fixed):
        return Fixed(narrow(value.values))
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        with np.errstate(over="ignore"):
            return value.astype(np.float32)
    return value


def built_in(error: BaseException) -> str:
    """The built-in class an exception belongs to."""
    for kind in type(error).__mro__:
        if getattr(builtins, kind.__name__, None) is kind:
            return kind.__name__
    return str(type(error).__name__)


class Session:
    """Calls of one library: ``torch`` is Rushlight or PyTorch."""

    def __init__(self, torch: Any, own: Any = None) -> None:
        """``own``: finds the ops that users do not see, by name."""
        self.torch = torch
        self.names = {"torch": torch, "F": torch.nn.functional, "own": own}

    def tensors(self, value: Any, leaves: list[Any] | None) -> Any:
        """Arrays as tensors, ``Kind`` as dtypes; ``leaves`` takes the float64 ones."""
        if isinstance(value, (list, tuple)):
            return type(value)(self.tensors(each, leaves) for each in value)
        if isinstance(value, Kind):
            return getattr(self.torch, value.name)
        if isinstance(value, Fixed):
            return self.torch.tensor(value.values)
        if not isinstance(value, np.ndarray):
            return value
        made = self.torch.tensor(value)
        if leaves is not None and value.dtype == np.float64:
            leaves.append(made.requires_grad_())
        return made

    def function(self, expression: str) -> Any:
        """The callable that a text names."""
        return eval(expression, dict(self.names))

    def seen(self, tensor: Any) -> Out:
        """A tensor as data."""
        name = str(tensor.dtype).rpartition(".")[2]
        plain = tensor.detach()
        values = (plain.float() if name == "bfloat16" else plain).numpy()
        return Out(name, tuple(tensor.shape), tuple(tensor.stride()), np.array(values))

    def call(self, expression: str, args: Any, kwargs: Any, *, gradients: bool = False) -> Seen:
        """Call, look at the results, and if wanted at the first and second gradients."""
        leaves: list[Any] | None = [] if gradients else None
        seen = Seen()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                given = self.tensors(args, leaves)
                named = {key: self.tensors(value, leaves) for key, value in kwargs.items()}
                result = self.function(expression)(*given, **named)
                several = isinstance(result, (tuple, list))
                results = [
                    each
                    for each in (result if several else [result])
                    if isinstance(each, self.torch.Tensor)
                ]
                seen.outs = [self.seen(each) for each in results]
            except Exception as error:
                seen.raised, seen.message = built_in(error), f"{type(error).__name__}: {error}"
                return seen
            if leaves:
                self.differentiate(results, leaves, seen)
        return seen

    def weighted(self, outs: list[Any]) -> Any:
        """One number that depends on every element of every output differently."""
        total: Any = None
        for place, given in enumerate(outs):
            out = self.torch.view_as_real(given) if given.is_complex() else given
            shape = tuple(out.shape)
            numbers = np.asarray(np.random.default_rng(place).uniform(0.5, 1.5, shape))
            term = (out * self.torch.tensor(numbers).to(out.dtype)).sum()
            total = term if total is None else total + term
        return total

    def differentiate(self, results: list[Any], leaves: list[Any], seen: Seen) -> None:
        """Fill in ``first`` and ``second``: None where there is no gradient."""
        outs = [each for each in results if each.requires_grad]
        if not outs:
            return
        grad = self.torch.autograd.grad
        try:
            first = grad(self.weighted(outs), leaves, create_graph=True, allow_unused=True)
            seen.first = [None if each is None else self.seen(each).values for each in first]
            flows = [each for each in first if each is not None]
            if any(each.requires_grad for each in flows):
                second = grad(self.weighted(flows), leaves, allow_unused=True)
                seen.second = [None if each is None else self.seen(each).values for each in second]
        except Exception as error:
            seen.message = f"gradient: {type(error).__name__}: {error}"
