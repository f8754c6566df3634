"""``torch.testing``: tensors, numbers and containers of them compared, and what differs said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rushlight.base.dtype import promote
from rushlight.base.warn import warn
from rushlight.tensor import Tensor, as_tensor

_TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip


@dataclass(frozen=True)
class _Check:
    """What is compared, how closely, and where in the containers."""

    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_layout: bool
    check_stride: bool
    allow_subclasses: bool
    place: tuple[Any, ...] = ()

    def at(self, key: Any) -> _Check:
        return replace(self, place=(*self.place, key))

    def tolerances(self, *kinds: str) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(each[0] for each in found), max(each[1] for each in found)

    def fail(self, text: str) -> _Failure:
        where = "".join(f"[{key!r}]" for key in self.place)
        return _Failure(f"{text}\n\nThe failure occurred for item {where}" if where else text)


class _Failure(Exception):
    """What is said of the first difference."""


def _compare(actual: Any, expected: Any, check: _Check) -> None:
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise check.fail(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            )
        for place, (a, b) in enumerate(zip(actual, expected, strict=True)):
            _compare(a, b, check.at(place))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        _compare_keys(actual, expected, check)
        for key in sorted(expected, key=str):
            _compare(actual[key], expected[key], check.at(key))
    elif actual is None or expected is None:
        if actual is not expected:
            raise check.fail(f"None mismatch: {actual} is not {expected}")
    elif _both(actual, expected, (bool, np.bool_)):
        if bool(actual) is not bool(expected):
            raise check.fail(f"Booleans mismatch: {actual} is not {expected}")
    elif _both(actual, expected, (int, float, complex, np.number)):
        _compare_numbers(actual, expected, check)
    elif _both(actual, expected, (Tensor, np.ndarray)):
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if not related or not (check.allow_subclasses or type(actual) is type(expected)):
            raise _no_pair(actual, expected)
        _compare_tensors(_as_tensor(actual), _as_tensor(expected), check)
    else:
        raise _no_pair(actual, expected)


def _both(a: Any, b: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(a, kinds) and isinstance(b, kinds)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else as_tensor(value)


def _no_pair(actual: Any, expected: Any) -> TypeError:
    return TypeError(
        f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
    )


def _compare_keys(actual: Mapping[Any, Any], expected: Mapping[Any, Any], check: _Check) -> None:
    missing, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
    if missing or extra:
        raise check.fail(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(missing)}\n"
            f"Additional keys in the actual mapping: {sorted(extra)}"
        )


def _kind_of(number: Any) -> str:
    if isinstance(number, np.number):
        return str(number.dtype)
    return {int: "int64", float: "float64", complex: "complex128"}.get(type(number), "int64")


def _compare_numbers(actual: Any, expected: Any, check: _Check) -> None:
    if check.check_dtype and type(actual) is not type(expected):
        raise check.fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
    rtol, atol = check.tolerances(_kind_of(actual), _kind_of(expected))
    _compare_scalars(actual, expected, rtol, atol, check)


def _compare_scalars(actual: Any, expected: Any, rtol: float, atol: float, check: _Check) -> None:
    if actual == expected or (check.equal_nan and actual != actual and expected != expected):
        return
    gap = abs(actual - expected)
    close = bool(np.isfinite(gap)) and gap <= atol + rtol * abs(expected)
    if close:
        return
    exact = rtol == 0 and atol == 0
    share = float("inf") if expected == 0 else gap / abs(expected)
    allowed = ("", "") if exact else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
    raise check.fail(
        f"Scalars are not {'equal' if exact else 'close'}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {gap}{allowed[0]}\n"
        f"Relative difference: {share}{allowed[1]}"
    )


def _compare_tensors(actual: Tensor, expected: Tensor, check: _Check) -> None:
    pairs: list[tuple[str, Any, Any]] = [("shape", actual.shape, expected.shape)]
    if check.check_layout:
        pairs.append(("layout", actual.layout, expected.layout))  # type: ignore[attr-defined]
    if check.check_dtype:
        pairs.append(("dtype", actual.dtype, expected.dtype))
    if check.check_stride:
        pairs.append(("stride()", actual.stride(), expected.stride()))  # type: ignore[attr-defined]
    for name, a, b in pairs:
        if a != b:
            raise check.fail(f"The values for attribute '{name}' do not match: {a} != {b}.")
    rtol, atol = check.tolerances(actual.dtype.name, expected.dtype.name)
    kind = promote(actual.dtype, expected.dtype)
    x, y = (np.array(each.detach().to(kind)._array()) for each in (actual, expected))  # type: ignore[attr-defined]
    if not x.ndim:
        _compare_scalars(x.item(), y.item(), rtol, atol, check)
    else:
        _compare_elements(x, y, rtol, atol, check)


def _compare_elements(x: Any, y: Any, rtol: float, atol: float, check: _Check) -> None:
    if x.dtype == bool:
        x, y = x.astype(np.int64), y.astype(np.int64)
    elif x.dtype.kind not in "fciu":  # float16's kin that NumPy does not know
        x, y = x.astype(np.float32), y.astype(np.float32)
    with np.errstate(all="ignore"):
        gap = np.abs(x - y) if x.dtype.kind != "u" else np.where(x > y, x - y, y - x)
        near = np.isfinite(gap) & (gap <= atol + rtol * np.abs(y)) if x.dtype.kind in "fc" else (
            gap <= atol + rtol * np.abs(y)
        )  # fmt: skip
        matches = (x == y) | near
        if check.equal_nan:
            matches |= (x != x) & (y != y)
        if matches.all():
            return
        share = np.where(matches, 0, gap / np.abs(y))
    gap = np.where(matches, 0, gap)
    exact = rtol == 0 and atol == 0
    lines = [
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n",
        f"Mismatched elements: {int((~matches).sum())} / {x.size} ({(~matches).mean():.1%})",
    ]
    for name, values, limit in (("absolute", gap, atol), ("relative", share, rtol)):
        flat = values.reshape(-1)
        place = int(np.isnan(flat).argmax() if np.isnan(flat).any() else flat.argmax())
        index = tuple(int(k) for k in np.unravel_index(place, x.shape))
        allowed = "" if exact else f" (up to {limit} allowed)"
        lines.append(f"Greatest {name} difference: {flat[place].item()} at index {index}{allowed}")
    raise check.fail("\n".join(lines))


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
    check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: Any = None,
) -> None:  # fmt: skip
    """Raise AssertionError unless all is alike and |actual - expected| <= atol + rtol |expected|.

    Tensors, arrays and numbers, and sequences and mappings of them. Tolerances depend on the dtype
    where none are given. ``msg`` is said instead, or made of what would be said.

    >>> import rushlight as torch
    >>> assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
    Traceback (most recent call last):
        ...
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'atol' if atol is None else 'rtol'}."
        )
    check = _Check(rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride,
                   allow_subclasses)  # fmt: skip
    try:
        _compare(actual, expected, check)
    except _Failure as failure:
        text = str(failure)
        said = text if msg is None else msg(text) if callable(msg) else msg
        raise AssertionError(said) from None


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = True, msg: str = "",
) -> None:  # fmt: skip
    """``assert_close`` as it was before PyTorch 1.12: any dtype, nan equal to nan."""
    warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a "
        "future release. Please use `torch.testing.assert_close()` instead.",
        FutureWarning,
    )
    if rtol is None and atol is None:
        found = [
            {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}.get(
                _as_tensor(each).dtype.name, (0.0, 0.0)
            )
            for each in (actual, expected)
        ]
        rtol, atol = max(each[0] for each in found), max(each[1] for each in found)
    assert_close(
        _as_tensor(actual), _as_tensor(expected), rtol=rtol, atol=atol, equal_nan=equal_nan,
        check_device=True, check_dtype=False, check_stride=False, msg=msg or None,
    )  # fmt: skip


__all__ = ["assert_allclose", "assert_close"]
