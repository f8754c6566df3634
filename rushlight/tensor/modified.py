"""What is said of a saved tensor that an in-place operation has modified, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from rushlight.engine.value import Meta
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.next_functions import AccumulateGrad


def modified(meta: Meta, expected: int, reader: tuple[Any, int], watched: bool) -> str:
    """``expected``: the version that was saved; ``reader``: whose output it is, and which;
    ``watched``: whether anomaly detection is on."""
    kind = "".join(("torch.", legacy_name(meta.dtype), "Tensor"))
    source, output = reader
    origin = ""
    if source is not None and not isinstance(source, AccumulateGrad):
        name = source.name()  # ExpBackward0: said as Exp
        origin = f", which is output {output} of {name.rpartition('Backward')[0] or name},"
    if watched:
        hint = (
            "the backtrace further above shows the operation that failed to compute its gradient. "
            "The variable in question was changed in there or anywhere later. Good luck!"
        )
    else:
        hint = (
            "enable anomaly detection to find the operation that failed to compute its gradient, "
            "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
        )
    return (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{kind} {list(meta.shape)}]{origin} is at version {expected + 1}; expected "
        f"version {expected} instead. Hint: {hint}"
    )
