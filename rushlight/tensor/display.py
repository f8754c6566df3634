"""How a tensor prints: PyTorch's text to the character, from a NumPy array; pure, options apart.

>>> print(tensor_repr(np.array([[1.0, 2.5], [0.25, np.nan]], np.float32), "float32"))
tensor([[1.0000, 2.5000],
        [0.2500,    nan]])
>>> print(tensor_repr(np.arange(3, dtype=np.int32), "int32"))
tensor([0, 1, 2], dtype=torch.int32)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rushlight.base.record import Record


class PrintOptions(Record):
    """What ``set_printoptions`` sets. ``sci_mode`` None: decided by the numbers."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
_options = PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors print; what is not named stays, except ``sci_mode``, which is always set.

    ``profile`` is "default", "short" or "full" and is applied first. Raises ValueError for others.
    """
    global _options
    options = _options
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(
                f"set_printoptions: profile is {profile!r}, needs one of {', '.join(PROFILES)}"
            )
        options = PROFILES[profile]
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _options = options.replace(**chosen, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The options in force, by name."""
    return {name: getattr(_options, name) for name in _options.NAMES}


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """``set_printoptions(**kwargs)`` inside a ``with`` block, what was before after it."""
    global _options
    before = _options
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _options = before


def tensor_repr(
    array: np.ndarray[Any, Any],
    dtype_name: str,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    tangent: str = "",
    device: str = "cpu",
    is_parameter: bool = False,
    prefix: str = "tensor(",
    indent: int = 0,
    default_dtype: str = "float32",
) -> str:
    """What ``repr`` of a tensor that holds ``array`` gives.

    array: the values, any shape; bfloat16 and float16 as they are. dtype_name: "float32", without
    "torch.". grad_fn_name: "AddBackward0" prints as ``grad_fn=<AddBackward0>`` and wins over
    ``requires_grad=True``. tangent: of a dual tensor, as text. device: shown unless "cpu". prefix:
    with a bracket for each that is to be closed. indent: columns that stand to the left of the text
    already. default_dtype: the dtype that needs no suffix (``torch.get_default_dtype()``).
    """
    column = indent + len(prefix)
    suffixes = []
    if device != "cpu":
        suffixes.append(f"device='{device}'")
    if array.size == 0:
        # There is no element to tell size or dtype from.
        implied = {default_dtype}
        hidden = array.ndim != 1
    else:
        implied = {default_dtype, _complex_of(default_dtype), "int64", "bool"}
        hidden = _options.edgeitems == 0
    if hidden:
        suffixes.append(f"size={array.shape}")
    if dtype_name not in implied:
        suffixes.append(f"dtype=torch.{dtype_name}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    if tangent:
        suffixes.append(f"tangent={tangent}")
    text = with_suffixes(prefix + tensor_body(array, column), suffixes, column)
    text += ")" * (prefix.count("(") - 1)
    return "Parameter containing:\n" + " " * indent + text if is_parameter else text


def tensor_body(array: np.ndarray[Any, Any], indent: int) -> str:
    """The numbers with their brackets, as they stand at column ``indent``."""
    if array.size == 0:
        return "[]"
    if array.dtype.kind not in "biufc" or array.dtype == np.float16:
        array = array.astype(np.float32)  # bfloat16 comes as a NumPy type of kind V
    shortened = array.size > _options.threshold
    seen = _edges(array) if shortened else array
    if np.iscomplexobj(array):
        return _nested(array, indent, shortened, _complex_style(seen))
    return _nested(array, indent, shortened, _real_style(seen))


def _complex_of(real: str) -> str:
    return "complex128" if real == "float64" else "complex64"


def with_suffixes(text: str, suffixes: list[str], indent: int, new_line: bool = False) -> str:
    """``text, suffix, suffix)``, each suffix on a new line where the last one is full.

    ``new_line``: the first suffix has one in any case.
    """
    parts = [text]
    # PyTorch counts from the newline itself and one more, for the bracket to come.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if new_line or used + len(suffix) + 2 > _options.linewidth:
            new_line = False
            parts.append(",\n" + " " * indent + suffix)
            used = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            used += len(suffix) + 2
    return "".join([*parts, ")"])


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements that a shortened print shows: they alone decide the widths."""
    edge = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            array = np.take(array, [*range(edge), *range(size - edge, size)], axis=axis)
    return array


class Style(Record):
    """How the elements of one tensor print: all to the same width."""

    width: int
    text: Callable[[Any], str]


def _real_style(array: np.ndarray[Any, Any]) -> Style:
    """Integers and bools as they are; floats in one of three ways, the same for all elements."""
    if array.dtype.kind != "f":
        return _padded(str, array.ravel().tolist())
    values = array.ravel().astype(np.float64)
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return _padded(_whole, [])
    precision = _options.precision
    scientific = _options.sci_mode
    if scientific is None:
        low, high = np.abs(values).min(), np.abs(values).max()
        scientific = bool(high / low > 1000 or high > 1e8 or low < 1e-4)
    if scientific:
        return _padded(lambda value: f"{value:.{precision}e}", values.tolist())
    if (values == np.ceil(values)).all():
        return _padded(_whole, values.tolist())
    return _padded(lambda value: f"{value:.{precision}f}", values.tolist())


def _whole(value: float) -> str:
    """A float without a fraction, its point kept: ``3.``"""
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _padded(text: Callable[[Any], str], values: list[Any]) -> Style:
    """``text`` moved right to the width of the widest of ``values``."""
    width = max((len(text(value)) for value in values), default=1)
    return Style(width, lambda value: text(value).rjust(width))


def _complex_style(array: np.ndarray[Any, Any]) -> Style:
    """Real and imaginary parts each in a style of their own."""
    real, imag = _real_style(array.real), _real_style(array.imag)

    def text(value: complex) -> str:
        second = imag.text(value.imag).lstrip() + "j"
        return real.text(value.real) + ("" if second[0] == "-" else "+") + second

    return Style(real.width + imag.width + 1, text)


def _nested(array: np.ndarray[Any, Any], indent: int, shortened: bool, style: Style) -> str:
    """Brackets within brackets: one line break a row, one empty line more for each axis above."""
    if array.ndim == 0:
        return style.text(array.item())
    if array.ndim == 1:
        return _row(array, indent, shortened, style)
    edge = _options.edgeitems
    size = array.shape[0]
    if shortened and size > 2 * edge:
        parts = [_nested(each, indent + 1, shortened, style) for each in array[:edge]]
        parts.append("...")
        parts += [_nested(each, indent + 1, shortened, style) for each in array[size - edge :]]
    else:
        parts = [_nested(each, indent + 1, shortened, style) for each in array]
    separator = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(parts) + "]"


def _row(array: np.ndarray[Any, Any], indent: int, shortened: bool, style: Style) -> str:
    """One innermost row, broken where the line is full."""
    edge = _options.edgeitems
    if shortened and not edge:
        words = ["..."]
    elif shortened and array.size > 2 * edge:
        first, last = array[:edge].tolist(), array[-edge:].tolist()
        words = [*map(style.text, first), " ...", *map(style.text, last)]
    else:
        words = [style.text(value) for value in array.tolist()]
    room = max(1, (_options.linewidth - indent) // (style.width + 2))
    lines = [", ".join(words[start : start + room]) for start in range(0, len(words), room)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
