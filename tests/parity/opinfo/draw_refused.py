"""PyTorch's samples in dtypes that its operator list leaves out: what it raises, or computes.

Runs under PyTorch's Python:  python -m tests.parity.opinfo.draw_refused FILE NAME...
"""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_map

from tests.parity.opinfo.draw import _arguments, _call, _classes, _small
from tests.parity.opinfo.plain import Unwritable, dtype_name

_DTYPES = (torch.int64, torch.bool, torch.float16, torch.complex64)
_BYTES = 100_000


def _cast(sample: Any, dtype: torch.dtype) -> Any:
    def one(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return (value.detach() * 3).to(dtype)
        return value

    args, kwargs = tree_map(one, tuple(sample.args)), tree_map(one, sample.kwargs)
    return type(sample)(tree_map(one, sample.input), args=args, kwargs=kwargs)


def _cases(op: Any) -> Iterator[dict[str, Any]]:
    torch.manual_seed(0)
    drawn = op.sample_inputs("cpu", torch.float32, requires_grad=False)
    samples = [each for each in islice(drawn, 6) if _small(each, _BYTES)][::3]
    for dtype in _DTYPES:
        if dtype in op.dtypes:
            continue
        for sample in samples:
            given = _cast(sample, dtype)
            case = {"variant": op.variant_test_name, "dtype": dtype_name(dtype)}
            try:
                case |= _arguments(given)
            except Unwritable:
                continue
            try:
                _call(op, given)
            except (RuntimeError, ValueError, TypeError) as error:
                case |= {"raises": _classes(error), "message": str(error)}
            yield case


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    wanted = set(sys.argv[2:])
    found = {
        op.name: list(_cases(op))
        for op in op_db
        if torch.float32 in op.dtypes and (op.name in wanted or not wanted)
    }
    Path(sys.argv[1]).write_bytes(pickle.dumps(found))
