"""PyTorch's own operator test inputs and what PyTorch makes of them, written as plain data.

Runs under PyTorch's Python:  python -m tests.parity.opinfo.draw FOLDER TIMES [NAME...]
``TIMES`` multiplies how many samples are kept. One file per operator, ``FOLDER/NAME.pkl``: a list
of cases as check.py reads them.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db

from tests.parity.opinfo.calls import settled
from tests.parity.opinfo.outs import KINDS, targets
from tests.parity.opinfo.plain import Unwritable, dtype_name, encode, flatten

# How many samples of each dtype; taken evenly from all that there are.
COUNTS = {
    torch.float32: 24, torch.float64: 10, torch.int64: 8, torch.bool: 4, torch.complex64: 6,
    torch.bfloat16: 3, torch.float16: 3, torch.int32: 3, torch.uint8: 3, torch.int8: 2,
    torch.int16: 2, torch.complex128: 2,
}  # fmt: skip
# Samples of the longer list PyTorch compares with NumPy by, and the same samples non-contiguous.
REFERENCE = {torch.float32: 12, torch.int64: 6, torch.complex64: 3}
NONCONTIGUOUS = {torch.float32: 5, torch.float64: 3, torch.int64: 2, torch.complex64: 2}
_FORMS = 3  # samples of each dtype tried with out=, in place and as a method
_FRAGILE = ("lu_unpack", "linalg.lu")  # where PyTorch dies of an ``out`` of another shape
_DRAWN_AT_MOST = 400  # samples looked at
_SECONDS = 6.0  # per operator and dtype
_BYTES = 4_000_000  # per sample
_REFERENCE_BYTES = 40_000
SEED = 42


def _spread(samples: list[Any], count: int) -> list[Any]:
    if len(samples) <= count:
        return samples
    return [samples[k * len(samples) // count] for k in range(count)]


def _call(op: Any, sample: Any, **extra: Any) -> Any:
    torch.manual_seed(SEED)
    return op(sample.input, *sample.args, **sample.kwargs, **extra)


def _cotangent(result: Any) -> Any:
    generator = torch.Generator().manual_seed(result.numel())
    drawn = torch.randn(result.shape, generator=generator, dtype=torch.float64)
    if result.dtype.is_complex:
        drawn = torch.complex(drawn, drawn.flip(tuple(range(drawn.ndim))))
    return drawn.to(result.dtype)


def _gradients(op: Any, sample: Any, case: dict[str, Any], second: bool) -> None:
    result = settled(op.name, _call(op, sample))
    outs = [t for t in flatten(torch, result) if t.requires_grad]
    leaves = [
        t
        for t in flatten(torch, [sample.input, sample.args, sample.kwargs])
        if t.requires_grad and t.is_leaf
    ]
    # A view taken without recording is called a leaf, and gets no gradient.
    if not outs or not leaves or any(t._is_view() and t._base.requires_grad for t in leaves):
        return
    seeds = [_cotangent(t).requires_grad_(second) for t in outs]
    grads = torch.autograd.grad(outs, leaves, seeds, allow_unused=True, create_graph=second)
    case["cotangents"] = [encode(torch, seed) for seed in seeds]
    case["gradients"] = [None if g is None else encode(torch, g) for g in grads]
    again = [g for g in grads if g is not None and g.requires_grad]
    if not second or not again:
        return
    seeds_again = [_cotangent(g) for g in again]
    try:
        twice = torch.autograd.grad(again, [*leaves, *seeds], seeds_again, allow_unused=True)
    except RuntimeError as error:
        case["no_second"] = str(error)
        return
    case["second_cotangents"] = [
        None if g is None or not g.requires_grad else encode(torch, _cotangent(g)) for g in grads
    ]
    case["second"] = [None if g is None else encode(torch, g) for g in twice]


def _inplace(op: Any, sample: Any, case: dict[str, Any]) -> None:
    target = sample.input.detach().clone()
    torch.manual_seed(SEED)
    try:
        with torch.no_grad():
            op.inplace_variant(target, *sample.args, **sample.kwargs)
    except Exception as error:
        case["inplace_error"] = _classes(error)
    else:
        case["inplace"] = encode(torch, target)


def _classes(error: BaseException | type) -> list[str]:
    kind = error if isinstance(error, type) else type(error)
    return [each.__name__ for each in kind.__mro__ if each not in (object, BaseException)]


def _arguments(sample: Any) -> dict[str, Any]:
    return {
        "input": encode(torch, sample.input),
        "args": [encode(torch, each) for each in sample.args],
        "kwargs": {key: encode(torch, each) for key, each in sample.kwargs.items()},
    }


def _small(sample: Any, limit: int) -> bool:
    tensors = flatten(torch, [sample.input, sample.args, sample.kwargs])
    return sum(t.numel() * t.element_size() for t in tensors) <= limit


def _samples(op: Any, dtype: torch.dtype, wants_grad: bool, times: int) -> Iterator[Any]:
    """The samples to try: of the ordinary list, of the reference list, and non-contiguous."""
    taken = {}
    for kind, counts in (("sample", COUNTS), ("reference", REFERENCE)):
        if dtype not in counts or (kind == "reference" and op.reference_inputs_func is None):
            continue
        source = op.sample_inputs if kind == "sample" else op.reference_inputs
        drawn = []
        deadline = time.monotonic() + _SECONDS / (1 if kind == "sample" else 6)
        for sample in islice(source("cpu", dtype, requires_grad=wants_grad), _DRAWN_AT_MOST):
            if _small(sample, _BYTES if kind == "sample" else _REFERENCE_BYTES):
                drawn.append(sample)
            if time.monotonic() > deadline:
                break
        taken[kind] = drawn
        yield from _spread(drawn, counts[dtype] * times)
    for sample in _spread(taken["sample"], NONCONTIGUOUS.get(dtype, 0) * times):
        try:
            strided = sample.noncontiguous()
        except RuntimeError:  # an index or a view that no longer fits
            continue
        yield strided


def _of_dtype(op: Any, dtype: torch.dtype, times: int) -> Iterator[dict[str, Any]]:
    deadline = time.monotonic() + 3 * _SECONDS
    differentiable = dtype.is_floating_point or dtype.is_complex
    wants_grad = op.supports_autograd and differentiable and dtype in op.backward_dtypes
    for place, sample in enumerate(_samples(op, dtype, wants_grad, times)):
        case: dict[str, Any] = {"kind": "sample", "dtype": dtype_name(dtype), "wants": wants_grad}
        try:
            case |= _arguments(sample)
            try:
                result = _call(op, sample)
            except Exception as error:
                if place < COUNTS[dtype]:
                    raise
                yield {**case, "kind": "error", "raises": _classes(error), "message": str(error)}
                continue
            case["result"] = encode(torch, settled(op.name, result))
            if wants_grad:
                try:
                    _gradients(op, sample, case, op.supports_gradgrad and dtype == torch.float64)
                except RuntimeError as error:
                    case["no_gradient"] = str(error)
            if place < _FORMS * times:
                _forms(op, sample, result, case)
        except Unwritable as reason:
            case = {"kind": "skipped", "dtype": dtype_name(dtype), "reason": str(reason)}
        yield case
        if time.monotonic() > deadline:
            return


def _forms(op: Any, sample: Any, result: Any, case: dict[str, Any]) -> None:
    """``out=`` into results of several kinds, in place, and as a method."""
    of_tensor = isinstance(sample.input, torch.Tensor)
    case["method"] = op.method_variant is not None and of_tensor
    if op.supports_out:
        kinds = KINDS[:1] if op.name in _FRAGILE else KINDS
        case["outs"] = {kind: _out(op, sample, result, kind) for kind in kinds}
    if op.inplace_variant is not None and of_tensor:
        _inplace(op, sample, case)


def _out(op: Any, sample: Any, result: Any, kind: str) -> Any:
    """What is returned, or the classes of the error; None where there is nothing to try."""
    made = targets(torch, result, kind)
    if made is None:
        return None
    with torch.no_grad():
        try:
            return encode(torch, settled(op.name, _call(op, sample, out=made)))
        except Exception as error:
            return ("error", _classes(error), str(error))


def _errors(op: Any) -> Iterator[dict[str, Any]]:
    if op.error_inputs_func is None:
        return
    for each in op.error_inputs("cpu"):
        try:
            case = {"kind": "error", "dtype": "", **_arguments(each.sample_input)}
        except Unwritable:
            continue
        try:
            _call(op, each.sample_input)
        except Exception as error:
            yield {**case, "raises": _classes(error), "message": str(error)}


def _cases(op: Any, times: int) -> Iterator[dict[str, Any]]:
    for dtype in COUNTS:
        if dtype not in op.dtypes:
            continue
        torch.manual_seed(0)
        try:
            for case in _of_dtype(op, dtype, times):
                yield {**case, "variant": op.variant_test_name}
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            yield {"kind": "skipped", "dtype": dtype_name(dtype), "reason": reason}
    try:
        for case in _errors(op):
            yield {**case, "variant": op.variant_test_name}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        yield {"kind": "skipped", "dtype": "error", "reason": reason}


def main(folder: Path, times: int, names: list[str]) -> None:
    """Write one file for each name (all of op_db where none is given)."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    by_name: dict[str, list[Any]] = {}
    for op in op_db:
        by_name.setdefault(op.name, []).append(op)
    (folder / "names.txt").write_text("\n".join(by_name))
    for name in names or by_name:
        if name not in by_name:
            print(f"{name}: not in op_db", file=sys.stderr)
            continue
        # In a process of its own: a few of the calls that fail end PyTorch.
        child = os.fork()
        if not child:
            _write(folder / f"{name}.pkl", by_name[name], times)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print(f"{name}: PyTorch ended", file=sys.stderr)


def _write(target: Path, ops: list[Any], times: int) -> None:
    cases = [case for op in ops for case in _cases(op, times)]
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(pickle.dumps(cases))
    temporary.replace(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
