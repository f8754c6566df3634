"""How users call each op: the text that both libraries evaluate."""

from __future__ import annotations

import rushlight
import rushlight.nn.functional
from rushlight.ops.table import Op

# Ops whose user-level function has another form than the op itself.
_SPECIAL = {
    "_max": "torch.max",
    "_min": "torch.min",
    "_to_dtype": "lambda x, dtype: x.to(dtype)",
    "view_as_dtype": "own('view_as_dtype')",
    "_vector_norm": "torch.linalg.vector_norm",
    "_full": "lambda size, value, dtype: torch.full(size, value, dtype=dtype)",
    "_constant": "lambda size, value, dtype: torch.full(size, value, dtype=dtype)",
    "_arange": "lambda start, step, count, dtype: torch.arange("
    "start, start + (count if isinstance(step, int) else count - 0.5) * step, step, dtype=dtype)",
    "_linspace": "lambda start, end, steps, dtype: torch.linspace(start, end, steps, dtype=dtype)",
    "_eye": "lambda rows, columns, dtype: torch.eye(rows, columns, dtype=dtype)",
    "_repeat_each": "torch.repeat_interleave",
    "constant_pad_nd": "lambda x, pad, value=0: F.pad(x, pad, value=value)",
    "_edge_pad": "lambda x, pad, mode: F.pad(x, pad, mode)",
    "_basic_index": "lambda x, index: "
    "x[tuple(slice(*i[1:]) if isinstance(i, tuple) else i for i in index)]",
    "_strided": "torch.as_strided",
    "_poisson_nll_loss": "lambda x, y, log_input=True, full_loss=False, reduction='mean': "
    "F.poisson_nll_loss(x, y, log_input, full_loss, reduction=reduction)",
}  # fmt: skip


def expression(op: Op) -> str:
    """The user's name of ``op``: an expression over ``torch`` and ``F``.

    ``own('name')`` where users do not see it.
    """
    if op.name in _SPECIAL:
        return _SPECIAL[op.name]
    name = op.name.lstrip("_")
    if op.functional and hasattr(rushlight.nn.functional, name):
        return f"F.{name}"
    if op.method and not op.torch:
        return f"lambda x, *args, **named: x.{name}(*args, **named)"
    if hasattr(rushlight, name) and op.torch:
        return f"torch.{name}"
    return f"own({op.name!r})"
