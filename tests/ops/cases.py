"""The op table's samples as calls: what both test files and the report go through."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ops.table import Op
from tests.ops.observe import encode, narrow

Sample = tuple[Any, dict[str, Any]]


def rng_of(op: Op) -> np.random.Generator:
    """The same numbers on every run, others for every op."""
    return np.random.default_rng(zlib.crc32(op.name.encode()))


def samples(op: Op) -> Iterator[Sample]:
    """The op's own samples, dtypes by name."""
    assert op.samples_rule is not None
    for args, kwargs in op.samples_rule(rng_of(op)):
        yield encode(args), {key: encode(value) for key, value in kwargs.items()}


def both_widths(op: Op) -> Iterator[Sample]:
    """Each sample as it is, and as float32 where it holds floats."""
    for args, kwargs in samples(op):
        yield args, kwargs
        thin = narrow(args)
        if any(a is not b for a, b in zip(thin, args, strict=True)):
            yield thin, {key: narrow(value) for key, value in kwargs.items()}


def bad_samples(op: Op) -> Iterator[tuple[Any, dict[str, Any], type[Exception], str]]:
    """The op's arguments that must raise."""
    assert op.bad_inputs_rule is not None
    for args, kwargs, kind, pattern in op.bad_inputs_rule(rng_of(op)):
        yield encode(args), {key: encode(value) for key, value in kwargs.items()}, kind, pattern


def shown(args: Any, kwargs: Any) -> str:
    """A sample in words."""
    return f"{args!r} {kwargs!r}"
