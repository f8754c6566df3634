"""Anomaly detection: which line of the forward pass a backward pass failed at, or made nan of.

While it is on, every node of the gradient graph remembers the call that made it, and every gradient
is computed and looked at at once: slow, for finding errors only.
"""

from __future__ import annotations

import linecache
from types import FrameType
from typing import Any

import numpy as np

from rushlight.base.hot import hot
from rushlight.base.warn import user_frame, warn
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.tensor import state
from rushlight.tensor.state import GradNode


class _Settings:
    """One for the process, as in PyTorch."""

    enabled = False
    check_nan = True


class set_detect_anomaly:
    """Switch anomaly detection on or off, at once; as a context manager, until its end.

    >>> import rushlight as torch
    >>> with torch.autograd.set_detect_anomaly(True):
    ...     print(torch.is_anomaly_enabled())
    True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (_Settings.enabled, _Settings.check_nan)
        _set(mode, check_nan)

    def __enter__(self) -> None:
        """What is asked for was switched on when this was made."""

    def __exit__(self, *details: object) -> None:
        _set(*self._before)


class detect_anomaly:
    """Find the line of the forward pass whose gradient fails or is nan.

    >>> import rushlight as torch
    >>> x = torch.full((1,), -1.0, requires_grad=True)
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"), torch.autograd.detect_anomaly():
    ...     x.sqrt().sum().backward()
    Traceback (most recent call last):
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging."
        )

    def __enter__(self) -> None:
        self._before = (_Settings.enabled, _Settings.check_nan)
        _set(True, self._check_nan)

    def __exit__(self, *details: object) -> None:
        _set(*self._before)


def _set(enabled: bool, check_nan: bool) -> None:
    if not isinstance(enabled, bool):
        raise TypeError(f"enabled must be a bool (got {type(enabled).__name__})")
    _Settings.enabled, _Settings.check_nan = enabled, check_nan
    state.listen("anomaly", _remember if enabled else None)


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly detection on or off."""
    _set(mode, check_nan)


@hot
def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return _Settings.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether it looks for nan as well."""
    return _Settings.check_nan


def _remember(node: GradNode, outs: Any) -> None:
    node.extras()["forward"] = _stack(user_frame())


def _stack(innermost: FrameType) -> str:
    """The calls that led to a frame, as tracebacks print them (whose module is long to import)."""
    calls: list[str] = []
    frame: FrameType | None = innermost
    while frame is not None:
        file, line = frame.f_code.co_filename, frame.f_lineno
        calls.append(f'  File "{file}", line {line}, in {frame.f_code.co_name}\n')
        text = linecache.getline(file, line, frame.f_globals).strip()
        if text:
            calls[-1] += f"    {text}\n"
        frame = frame.f_back
    return "".join(reversed(calls))


def apply(node: GradNode, cotangents: list[Any], create_graph: bool) -> list[Any]:
    """``node.apply``; where it fails or makes nan, a warning shows the forward call first."""
    try:
        results = node.apply(cotangents, create_graph)
        if _Settings.check_nan:
            _refuse_nan(node, results)
    except Exception:  # a Function's backward may raise anything: it is told where, and goes on
        forward = (node.extra or {}).get("forward")
        if forward is None:
            told = (
                "No forward pass information available. Enable detect anomaly during forward pass "
                "for more information."
            )
        else:
            told = f"Traceback of forward call that caused the error:\n{forward}"
        warn(f"Error detected in {node.name()}. {told}")
        raise
    return results


def _refuse_nan(node: GradNode, results: list[Any]) -> None:
    if any(each is not None for each in results):
        flush(local.trace)
    for place, each in enumerate(results):
        if each is None:
            continue
        value = each if not hasattr(each, "_read_value") else each._read_value()
        tensor = state.tensor_of(value)
        if tensor.dtype.is_floating_point and np.isnan(tensor._array().astype(np.float64)).any():
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {place}th output."
            )
