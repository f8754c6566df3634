"""Calls in the order of PyTorch 0.4: ``p.add_(-lr, grad)``, ``addcmul_(value, a, b)``.

PyTorch still takes them and warns, once in a process; programs of those years are full of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.warn import warn_once
from rushlight.ops.table import Op
from rushlight.tensor.tensor import Tensor

# What the number between the tensors is called, and PyTorch's own words for both orders.
_ONE_NUMBER = {"add": "alpha", "sub": "alpha", "addcmul": "value", "addcdiv": "value"}
_WORDS = {
    "add": ("Tensor input, Number alpha, Tensor other", "Tensor input, Tensor other"),
    "sub": ("Tensor input, Number alpha, Tensor other", "Tensor input, Tensor other"),
    "addcmul": (
        "Tensor input, Number value, Tensor tensor1, Tensor tensor2",
        "Tensor input, Tensor tensor1, Tensor tensor2",
    ),
    "addmm": (
        "Number beta, Tensor input, Number alpha, Tensor mat1, Tensor mat2",
        "Tensor input, Tensor mat1, Tensor mat2",
    ),
    "addmv": (
        "Number beta, Tensor input, Number alpha, Tensor mat, Tensor vec",
        "Tensor input, Tensor mat, Tensor vec",
    ),
    "addr": (
        "Number beta, Tensor input, Number alpha, Tensor vec1, Tensor vec2",
        "Tensor input, Tensor vec1, Tensor vec2",
    ),
    "addbmm": (
        "Number beta, Tensor input, Number alpha, Tensor batch1, Tensor batch2",
        "Tensor input, Tensor batch1, Tensor batch2",
    ),
}
_WORDS["addcdiv"], _WORDS["baddbmm"] = _WORDS["addcmul"], _WORDS["addbmm"]
OLDER = frozenset(_WORDS)


def _is_number(value: Any) -> bool:
    return not isinstance(value, Tensor) or (value.ndim == 0 and not value.requires_grad)


def call_older(
    function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], out: Any = None
) -> Any:
    """The call with its numbers by name. Raises TypeError for what was no order of arguments."""
    if op.name in _ONE_NUMBER:
        count = sum(not p.keyword_only for p in op.parameters) + 1
        fits = len(arguments) == count and _is_number(arguments[1])
        tensors, named = [arguments[0], *arguments[2:]], {_ONE_NUMBER[op.name]: arguments[1]}
    else:
        tensors = [value for value in arguments if not _is_number(value)]
        numbers = [value for value in arguments if _is_number(value)]
        # A method's own tensor comes first, a function's behind beta; without alpha it is one.
        fits = len(tensors) == 3 and len(numbers) in (1, 2)
        fits = fits and (_is_number(arguments[0]) or _is_number(arguments[1]))
        named = dict(zip(("beta", "alpha"), numbers, strict=False))
    if not fits:
        expected = sum(not p.keyword_only for p in op.parameters)
        raise TypeError(
            f"{op.name}() takes {expected} positional arguments but {len(arguments)} were given"
        )
    older, newer = _WORDS[op.name]
    after = "".join(f", Number {p.name} = 1" for p in op.parameters if p.keyword_only)
    warn_once(
        f"This overload of {op.name} is deprecated:\n\t{op.name}({older}, *, Tensor out = "
        f"None)\nConsider using one of the following signatures instead:\n\t{op.name}({newer}, "
        f"*{after}, Tensor out = None)",
        of="older orders",
    )
    if out is not None:
        named["out"] = out
    return function(*tensors, **named)
