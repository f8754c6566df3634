"""Operations under the names users write: ``torch.max``, ``F.relu``, ``linalg.eigh``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import rushlight
from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.events import subscribe
from rushlight.cli.lowering import REFUSALS
from rushlight.compiler.passes.hosted import hosted
from rushlight.compiler.passes.pairs import pairs
from rushlight.engine.flush import clear
from rushlight.ir.graph import toposort
from rushlight.tensor.tensor import Tensor

_ROOT = Path(__file__).parent.parent.parent
# The calls that most functions take, simplest first: what is shown, and what is passed.
_CALLS: tuple[tuple[str, Callable[[Tensor], tuple[Any, ...]]], ...] = (
    ("(x)", lambda x: (x,)),
    ("(x, x)", lambda x: (x, x)),
    ("(x, 2)", lambda x: (x, 2)),
    ("([x, x])", lambda x: ([x, x],)),
    ("(x, x, x)", lambda x: (x, x, x)),
    ("('ij,jk->ik', x, x)", lambda x: ("ij,jk->ik", x, x)),
)
_SHORT = {"F.": "nn.functional.", "torch.": "", "rushlight.": "", "tensor.": "Tensor."}


def plain(name: str) -> str:
    """``torch.nn.functional.relu_``, ``F.relu`` and ``Tensor.relu_`` are all ``relu``."""
    name = _full(name)
    for prefix in ("nn.functional.", "Tensor."):
        name = name.removeprefix(prefix)
    return name if name.startswith("_") else name.removesuffix("_")


def _full(name: str) -> str:
    for short, full in _SHORT.items():
        if name.startswith(short):
            name = full + name.removeprefix(short)
    return name


def function_called(name: str) -> tuple[str, Callable[..., Any]] | None:
    """The function of the interface under ``name``, and the name users find it under."""
    name = _full(name)
    for place in (name, f"nn.functional.{name}", f"Tensor.{name}"):
        found: Any = rushlight
        try:
            for part in place.split("."):
                found = _member(found, part)
        except (AttributeError, ImportError):
            continue
        if inspect.isroutine(found):
            return ("" if place.startswith("Tensor.") else "torch.") + place, found
    return None


def _member(owner: Any, part: str) -> Any:
    if inspect.ismodule(owner) and part == "Tensor":
        return Tensor
    try:
        return getattr(owner, part)
    except AttributeError:
        if not inspect.ismodule(owner):
            raise
        return importlib.import_module(f"{owner.__name__}.{part}")


def function_card(name: str, function: Callable[..., Any]) -> Iterator[str]:
    """The lines of the card of a function that is no single op."""
    yield f"{name}{_signature(function)}"
    for line in inspect.cleandoc(function.__doc__ or "(no doc)").splitlines():
        yield f"    {line}".rstrip()
    yield ""
    yield f"{'kind':<10} a function over several ops, or one that needs values on the host"
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is not None:
        path = Path(code.co_filename)
        shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path
        yield f"{'body':<10} {shown}:{code.co_firstlineno}"
    rows: dict[str, list[str]] = {}
    tried = ""
    for dtype in dtypes.ALL:
        trial = _tried(function, dtype)
        if trial is not None:
            tried = tried or trial[0]
            rows.setdefault(trial[1], []).append(dtype.name)
    if tried:
        yield f"{'tried':<10} {name}{tried}, x of 4 x 4"
    for how, names in rows.items():
        yield f"{'runs':<10} {how}: {', '.join(names)}"


def _signature(function: Callable[..., Any]) -> str:
    try:
        return str(inspect.signature(function)).replace("'", "")
    except ValueError:
        return "(...)"


def _tried(function: Callable[..., Any], dtype: DType) -> tuple[str, str] | None:
    """The first of some usual calls that ``function`` takes, and how its results were made."""
    for text, arguments in _CALLS:
        values = np.random.default_rng(0).uniform(1, 3, (4, 4))
        x = Tensor._from_array(values.astype(dtype.np))
        clear()
        plans: list[Any] = []
        reasons: list[str] = []
        stops = (
            subscribe("plan", lambda sinks, plans=plans, **_: plans.append(sinks)),
            subscribe("interpreted", lambda reason, reasons=reasons, **_: reasons.append(reason)),
        )
        try:
            _read(function(*arguments(x)))
        except (*REFUSALS, AttributeError):
            continue  # not a call that it takes; the next one may be
        finally:
            for stop in stops:
                stop()
        if reasons:
            return text, f"interpreted ({reasons[0]})"
        if not plans:
            return text, "on the host, no plan"
        host = any(node.op == "host" for sinks in plans for node in toposort(hosted(pairs(sinks))))
        return text, "host call" if host else "compiled"
    return None


def _read(result: Any) -> None:
    """Compute every tensor of ``result``."""
    if isinstance(result, Tensor):
        result._array()
    elif isinstance(result, (tuple, list)):
        for each in result:
            _read(each)
