"""Results of several tensors: named tuples that print as PyTorch's ``torch.return_types``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _return_type(name: str, *fields: str) -> Any:
    base = namedtuple(name, fields)  # type: ignore[misc]

    def __repr__(self: Any) -> str:
        shown = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{shown})"

    return type(name, (base,), {"__repr__": __repr__, "__slots__": ()})


max = _return_type("max", "values", "indices")
min = _return_type("min", "values", "indices")
sort = _return_type("sort", "values", "indices")
topk = _return_type("topk", "values", "indices")
mode = _return_type("mode", "values", "indices")
median = _return_type("median", "values", "indices")
nanmedian = _return_type("nanmedian", "values", "indices")
kthvalue = _return_type("kthvalue", "values", "indices")
cummax = _return_type("cummax", "values", "indices")
cummin = _return_type("cummin", "values", "indices")
aminmax = _return_type("aminmax", "min", "max")
frexp = _return_type("frexp", "mantissa", "exponent")
histogram = _return_type("histogram", "hist", "bin_edges")
histogramdd = _return_type("histogramdd", "hist", "bin_edges")
