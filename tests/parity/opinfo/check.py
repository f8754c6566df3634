"""One operator: each of its cases called in Rushlight and compared with what PyTorch did."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import rushlight
from tests.parity.opinfo import calls
from tests.parity.opinfo.outs import targets
from tests.parity.opinfo.plain import array_of, decode, dtype_name, flatten

SEED = 42
# (relative, absolute): the roundings of two libraries apart.
_TOLERANCE = {
    "float64": (1e-7, 1e-7), "complex128": (1e-7, 1e-7), "float32": (2e-5, 2e-5),
    "complex64": (2e-5, 2e-5), "float16": (4e-3, 4e-3), "bfloat16": (3.2e-2, 3.2e-2),
}  # fmt: skip
# What torch.testing.assert_close takes for equal.
_STRICT = {
    "float64": (1e-7, 1e-7), "complex128": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5),
    "complex64": (1.3e-6, 1e-5), "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5),
}  # fmt: skip
_SLOPES = (1e-4, 2e-5)  # float32: slopes near a singularity lose more
Case = dict[str, Any]


@dataclass
class Strictness:
    """Whether numbers are compared as ``torch.testing.assert_close`` does."""

    on: bool = False


strict = Strictness()


@dataclass
class Failure:
    """One case that is not as PyTorch has it: what of it, and how."""

    aspect: str  # raises, result, dtype, shape, values, gradient, out, inplace, method, error
    dtype: str
    place: int
    text: str

    def __str__(self) -> str:
        return f"#{self.place} {self.dtype} {self.aspect}: {self.text}"


@dataclass
class Outcome:
    """What is known of one operator."""

    name: str
    absent: bool = False
    cases: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        return not self.absent and not self.failures and bool(self.cases)


class Differs(Exception):
    """An aspect of a result that is not PyTorch's."""

    def __init__(self, aspect: str, text: str) -> None:
        super().__init__(text)
        self.aspect = aspect


def load(folder: Path, name: str) -> list[Case]:
    """The cases that draw.py wrote: our own file in a folder of ours."""
    cases: list[Case] = pickle.loads((folder / f"{name}.pkl").read_bytes())
    return cases


def check(name: str, cases: list[Case], dtypes: frozenset[str] | None = None) -> Outcome:
    """Run all cases (those of ``dtypes``) of one operator."""
    outcome = Outcome(name)
    callables: dict[str, Any] = {}
    for place, case in enumerate(cases):
        if case["kind"] == "skipped" or (dtypes is not None and case["dtype"] not in dtypes):
            continue
        variant = case["variant"]
        if variant not in callables:
            callables[variant] = calls.find(rushlight, name, variant)
        if callables[variant] is None:
            outcome.absent = True
            return outcome
        outcome.cases += 1
        for failure in _failures(name, callables[variant], case, place):
            outcome.failures.append(failure)
    if not outcome.cases and calls.find(rushlight, name) is None:
        outcome.absent = True
    return outcome


def _failures(name: str, function: Any, case: Case, place: int) -> Iterator[Failure]:
    attempts = [("error", _error)] if case["kind"] == "error" else [("raises", _sample)]
    for kind, theirs in case.get("outs", {}).items():
        beside = (name, kind) in calls.ELSEWHERE and case["dtype"].startswith("complex")
        if theirs is not None and not beside:
            attempts.append((f"out {kind}", partial(_out, kind)))
    if "inplace" in case:
        attempts.append(("inplace", _inplace))
    if "inplace_error" in case:
        attempts.append(("inplace", _inplace_error))
    if case.get("method") and isinstance(case["input"], tuple):
        attempts.append(("method", _method))
    for aspect, attempt in attempts:
        try:
            attempt(name, function, case)
        except Differs as difference:
            kind = difference.aspect if attempt is _sample else aspect
            yield Failure(kind, case["dtype"], place, str(difference))
        except Exception as error:
            yield Failure(aspect, case["dtype"], place, f"{type(error).__name__}: {error}")
            if attempt is _sample:
                return


def _arguments(case: Case) -> tuple[Any, list[Any], dict[str, Any]]:
    known: dict[int, Any] = {}
    return (
        decode(rushlight, case["input"], known),
        [decode(rushlight, each, known) for each in case["args"]],
        {key: decode(rushlight, each, known) for key, each in case["kwargs"].items()},
    )


def _sample(name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    rushlight.manual_seed(SEED)
    result = calls.settled(name, function(first, *args, **kwargs))
    _same(result, case["result"], "values", name in calls.UNINITIALISED, name)
    if "gradients" not in case:
        return
    leaves = [t for t in flatten(rushlight, [first, args, kwargs]) if t.requires_grad and t.is_leaf]
    outs = [t for t in flatten(rushlight, result) if t.requires_grad]
    seeds = [decode(rushlight, each) for each in case["cotangents"]]
    if "second" not in case:  # PyTorch lets some results without elements require a gradient
        outs, seeds = ([each for each in group if each.numel()] for group in (outs, seeds))
    if len(outs) != len(seeds):
        raise Differs("gradient", f"{len(outs)} results require grad, PyTorch {len(seeds)}")
    twice = "second" in case
    if not outs:
        return
    grads = _grad("gradient", outs, leaves, seeds, twice)
    _same_gradients(grads, case["gradients"], "gradient", name)
    if twice:
        wanted = case["second_cotangents"]
        pairs = [(g, c) for g, c in zip(grads, wanted, strict=True) if c is not None]
        if any(g is None or not g.requires_grad for g, _ in pairs):
            pairs = [(g, c) for g, c in pairs if g is not None and g.requires_grad]
        again = [decode(rushlight, c) for _, c in pairs]
        second: Any = [None] * len(case["second"])
        if pairs:
            second = _grad("second", [g for g, _ in pairs], [*leaves, *seeds], again, False)
        _same_gradients(second, case["second"], "second", name)


def _grad(aspect: str, outs: Any, leaves: Any, seeds: Any, again: bool) -> Any:
    try:
        return rushlight.autograd.grad(outs, leaves, seeds, allow_unused=True, create_graph=again)
    except Exception as error:
        raise Differs(aspect, f"{type(error).__name__}: {error}") from error


def _same_gradients(grads: Any, wanted: Any, aspect: str, name: str) -> None:
    """Equal, where no gradient and a gradient of zeros are the same."""
    for mine, theirs in zip(grads, wanted, strict=True):
        if mine is None or theirs is None:
            given = mine if theirs is None else decode(rushlight, theirs)
            if given is not None and given.numel() and given.detach().ne(0).any().item():
                raise Differs(aspect, f"{_short(mine)}, PyTorch {_short(theirs)}")
        else:
            _same(mine, theirs, aspect, False, name)


def _out(kind: str, name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    theirs = case["outs"][kind]
    with rushlight.no_grad():
        rushlight.manual_seed(SEED)
        made = targets(rushlight, function(first, *args, **kwargs), kind)
        rushlight.manual_seed(SEED)
        try:
            returned = function(first, *args, **kwargs, out=made)
        except Exception as error:
            # A few (cumsum) compute there in the dtype of what is written, integers of fractions.
            if kind != "integral" or theirs[0] == "error":
                _same_error(error, theirs)
            return
    if theirs[0] == "error" and kind in ("strided", "nothing", "larger"):
        return  # a few do not take what others resize
    if theirs[0] == "error":
        raise Differs("out", f"no error, PyTorch {theirs[1][0]}: {theirs[2][:200]}")
    written = [id(target) for target in flatten(rushlight, made)]
    if [id(each) for each in flatten(rushlight, returned)] != written:
        raise Differs("out", "does not return the tensors it was given")
    shapes = name in calls.UNINITIALISED
    within = "float32" if kind == "double" and case["dtype"] != "float64" else ""
    within = case["dtype"] if case["dtype"] in ("float16", "bfloat16") else within
    # PyTorch fills some strided targets in another order than it draws or computes in,
    # and some (fft.ihfftn) not at all.
    other = kind in ("double", "integral") or name in calls.DRAWN
    wanted = theirs if other else case["result"]
    _same(calls.settled(name, returned), wanted, "out", shapes, name, within)


def _same_error(error: Exception, theirs: Any) -> None:
    if not isinstance(theirs, tuple) or theirs[0] != "error":
        raise error
    if theirs[1][0] not in [kind.__name__ for kind in type(error).__mro__]:
        raise Differs("out", f"{type(error).__name__}: {error} -- PyTorch {theirs[1][0]}")


def _inplace(name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    target = first.detach().clone()
    rushlight.manual_seed(SEED)
    with rushlight.no_grad():
        returned = calls.inplace(rushlight, name)(target, *args, **kwargs)
    if returned is not target:
        raise Differs("inplace", "does not return its tensor")
    _same(target, case["inplace"], "inplace", False, name)


def _inplace_error(name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    wanted = case["inplace_error"][0]
    try:
        with rushlight.no_grad():
            calls.inplace(rushlight, name)(first.detach().clone(), *args, **kwargs)
    except Exception as error:
        if wanted not in [kind.__name__ for kind in type(error).__mro__]:
            raise Differs(
                "inplace", f"{type(error).__name__}: {error}, PyTorch {wanted}"
            ) from error
    else:
        raise Differs("inplace", f"no error, PyTorch {wanted}")


def _method(name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    rushlight.manual_seed(SEED)
    result = calls.settled(name, calls.method(name)(first, *args, **kwargs))
    _same(result, case["result"], "method", name in calls.UNINITIALISED, name)


def _error(name: str, function: Any, case: Case) -> None:
    first, args, kwargs = _arguments(case)
    wanted = case["raises"][0]
    try:
        result = function(first, *args, **kwargs)
        for each in flatten(rushlight, result):
            each.detach().tolist()
    except Exception as error:
        if wanted not in [kind.__name__ for kind in type(error).__mro__]:
            got = f"{type(error).__name__}: {error}"
            raise Differs("error", f"{got[:200]} -- PyTorch {wanted}: {case['message']}") from error
    else:
        raise Differs("error", f"no error, PyTorch {wanted}: {case['message'][:200]}")


def _same(
    mine: Any, theirs: Any, aspect: str, only_shape: bool, name: str = "", within: str = ""
) -> None:
    """Raise Differs unless a result equals the encoded one, as exactly as ``within`` can hold."""
    kind = theirs[0] if isinstance(theirs, tuple) else None
    if kind == "coo":
        _same_sparse(mine, theirs, aspect, name)
    elif kind == "tensor":
        _same_tensor(mine, theirs, aspect, only_shape, name, within)
    elif kind in ("list", "tuple", "named"):
        parts = theirs[-1]
        if not isinstance(mine, (list, tuple)):
            raise Differs(aspect, f"{_short(mine)}, PyTorch {kind} of {len(parts)}")
        if len(mine) != len(parts):
            raise Differs(aspect, f"{len(mine)} results, PyTorch {len(parts)}")
        if kind == "named" and type(mine).__name__ != theirs[1].removesuffix("_out"):
            raise Differs(aspect, f"{type(mine).__name__}, PyTorch {theirs[1]}")
        for a, b in zip(mine, parts, strict=True):
            _same(a, b, aspect, only_shape, name, within)
    else:
        expected = decode(rushlight, theirs)
        if isinstance(expected, (float, complex)):
            same = type(mine) is type(expected) and bool(
                np.isclose(mine, expected, 2e-5, 2e-5, equal_nan=True)
            )
        else:
            same = type(mine) is type(expected) and mine == expected
        if not same:
            raise Differs(aspect, f"{mine!r}, PyTorch {expected!r}")


def _same_sparse(mine: Any, theirs: Any, aspect: str, name: str) -> None:
    _, shape, merged, places, elements = theirs
    if not isinstance(mine, rushlight.Tensor) or not mine.is_sparse:
        raise Differs(aspect, f"{_short(mine)}, PyTorch a sparse tensor")
    if (tuple(mine.shape), mine.is_coalesced()) != (shape, merged):
        found = f"{tuple(mine.shape)} coalesced {mine.is_coalesced()}"
        raise Differs("shape", f"{found}, PyTorch {shape} coalesced {merged}")
    _same_tensor(mine._indices(), places, aspect, False, name, "")
    _same_tensor(mine._values(), elements, aspect, False, name, "")


def _same_tensor(
    mine: Any, theirs: Any, aspect: str, only_shape: bool, name: str, within: str
) -> None:
    if not isinstance(mine, rushlight.Tensor):
        raise Differs(aspect, f"{_short(mine)}, PyTorch a tensor")
    dtype = theirs[1]
    if dtype_name(mine.dtype) != dtype:
        what = "dtype" if aspect == "values" else aspect
        raise Differs(what, f"{dtype_name(mine.dtype)}, PyTorch {dtype}")
    if tuple(mine.shape) != theirs[3]:
        what = "shape" if aspect == "values" else aspect
        raise Differs(what, f"{tuple(mine.shape)}, PyTorch {theirs[3]}")
    if only_shape:
        return
    a, b = _array(mine), array_of(theirs)
    if dtype in _TOLERANCE:
        relative, absolute = _tolerance(name, aspect, dtype, within, b)
        with np.errstate(all="ignore"):
            close = np.isclose(a, b, relative, absolute, equal_nan=True)
    else:
        close = a == b
    if not close.all():
        bad = np.argwhere(~close)[0]
        where = tuple(int(k) for k in bad)
        count = int((~close).sum())
        text = f"{a[where]!r}, PyTorch {b[where]!r} at {where}; {count} of {close.size}"
        raise Differs(aspect, text)


def _tolerance(
    name: str, aspect: str, dtype: str, within: str, theirs: np.ndarray[Any, Any]
) -> tuple[float, float]:
    """(relative, absolute) of what is compared with ``theirs``."""
    if strict.on:
        return _STRICT[within if within in _STRICT else dtype]
    exact = _TOLERANCE[within if within in _TOLERANCE else dtype]
    if aspect in ("gradient", "second") and dtype in ("float32", "complex64"):
        exact = _SLOPES
    if dtype in ("float16", "bfloat16") and theirs.size:
        # Sums are rounded after each step in one library and at the end in the other.
        finite = np.abs(np.asarray(theirs, np.float64))
        largest = np.max(finite, initial=1.0, where=np.isfinite(finite))
        exact = (exact[0], exact[1] * float(largest))
    return max(exact, calls.INEXACT.get(name, (0.0, 0.0)))


def _array(tensor: Any) -> np.ndarray[Any, Any]:
    plain = tensor.detach()
    if plain.dtype is rushlight.bfloat16:
        plain = plain.float()
    return np.asarray(plain.numpy())


def _short(value: Any) -> str:
    return repr(value).replace("\n", " ")[:120]
