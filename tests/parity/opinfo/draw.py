"""PyTorch's own operator test inputs and what PyTorch makes of them, written as plain data.

Runs under PyTorch's Python:  python -m tests.parity.opinfo.draw FOLDER TIMES [NAME...]
``TIMES`` multiplies how many samples are kept. One file per operator, ``FOLDER/NAME.pkl``: a list
of cases as check.py reads them.
"""

from __future__ import annotations

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

from tests.parity.opinfo.plain import Unwritable, dtype_name, encode, flatten

# How many samples of each dtype; taken evenly from all that there are.
COUNTS = {
    torch.float32: 24, torch.float64: 10, torch.int64: 8, torch.bool: 4, torch.complex64: 6,
    torch.bfloat16: 3, torch.float16: 3, torch.int32: 3, torch.uint8: 3, torch.int8: 2,
    torch.int16: 2, torch.complex128: 2,
}  # fmt: skip
_DRAWN_AT_MOST = 400  # samples looked at
_SECONDS = 6.0  # per operator and dtype
_BYTES = 4_000_000  # per sample
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


def _gradients(op: Any, sample: Any, case: dict[str, Any]) -> None:
    result = _call(op, sample)
    if sample.output_process_fn_grad is not None:
        case["processed"] = True
        result = sample.output_process_fn_grad(result)
    outs = [t for t in flatten(torch, result) if t.requires_grad]
    leaves = [
        t
        for t in flatten(torch, [sample.input, sample.args, sample.kwargs])
        if t.requires_grad and t.is_leaf
    ]
    if not outs or not leaves:
        return
    seeds = [_cotangent(t) for t in outs]
    grads = torch.autograd.grad(outs, leaves, seeds, allow_unused=True)
    case["cotangents"] = [encode(torch, seed) for seed in seeds]
    case["gradients"] = [None if g is None else encode(torch, g) for g in grads]


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


def _small(sample: Any) -> bool:
    tensors = flatten(torch, [sample.input, sample.args, sample.kwargs])
    return sum(t.numel() * t.element_size() for t in tensors) <= _BYTES


def _of_dtype(op: Any, dtype: torch.dtype, times: int) -> Iterator[dict[str, Any]]:
    deadline = time.monotonic() + _SECONDS
    wants_grad = op.supports_autograd and dtype in op.backward_dtypes
    samples = []
    for sample in islice(op.sample_inputs("cpu", dtype, requires_grad=wants_grad), _DRAWN_AT_MOST):
        if _small(sample):
            samples.append(sample)
        if time.monotonic() > deadline:
            break
    for place, sample in enumerate(_spread(samples, COUNTS[dtype] * times)):
        case: dict[str, Any] = {"kind": "sample", "dtype": dtype_name(dtype), "wants": wants_grad}
        try:
            case |= _arguments(sample)
            result = _call(op, sample)
            case["result"] = encode(torch, result)
            if wants_grad and dtype not in (torch.float16, torch.bfloat16):
                try:
                    _gradients(op, sample, case)
                except RuntimeError as error:
                    case["no_gradient"] = str(error)
            if place < 3 and dtype in (torch.float32, torch.int64):
                case["out"] = op.supports_out and _out_works(op, sample, result)
                case["method"] = op.method_variant is not None
                if op.inplace_variant is not None and isinstance(sample.input, torch.Tensor):
                    _inplace(op, sample, case)
        except Unwritable as reason:
            case = {"kind": "skipped", "dtype": dtype_name(dtype), "reason": str(reason)}
        yield case
        if time.monotonic() > deadline:
            return


def _out_works(op: Any, sample: Any, result: Any) -> bool:
    """Whether ``out=`` runs there (some ops list it and refuse it for these arguments)."""
    outs = flatten(torch, result)
    if not outs:
        return False
    targets = [torch.empty_like(t, requires_grad=False) for t in outs]
    given = targets[0] if isinstance(result, torch.Tensor) else tuple(targets)
    with torch.no_grad():
        try:
            _call(op, sample, out=given)
        except Exception:
            return False
    return True


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
        target = folder / f"{name}.pkl"
        if name not in by_name:
            print(f"{name}: not in op_db", file=sys.stderr)
            continue
        cases = [case for op in by_name[name] for case in _cases(op, times)]
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(pickle.dumps(cases))
        temporary.replace(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
