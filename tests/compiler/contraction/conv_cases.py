"""Convolutions to try, and what NumPy says of them and their gradients, tap by tap in float64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]
Pair = tuple[int, int]


def reference(
    x: Array, w: Array, stride: tuple[int, ...], padding: tuple[Pair, ...],
    dilation: tuple[int, ...], groups: int,
) -> Array:  # fmt: skip
    """x (N, *S, C), w (K, C / groups, *taps) -> (N, *S', K), tap by tap in float64."""
    padded = np.pad(x.astype("d"), ((0, 0), *padding, (0, 0)))
    sizes = [
        (padded.shape[1 + axis] - (w.shape[2 + axis] - 1) * dilation[axis] - 1) // stride[axis] + 1
        for axis in range(len(stride))
    ]
    out = np.zeros((x.shape[0], *sizes, w.shape[0]))
    per_x, per_out = w.shape[1], w.shape[0] // groups
    for tap in itertools.product(*map(range, w.shape[2:])):
        window = tuple(
            slice(
                tap[a] * dilation[a],
                tap[a] * dilation[a] + (sizes[a] - 1) * stride[a] + 1,
                stride[a],
            )
            for a in range(len(stride))
        )
        part = padded[(slice(None), *window)]
        for group in range(groups):
            inputs = part[..., group * per_x : (group + 1) * per_x]
            filters = slice(group * per_out, (group + 1) * per_out)
            out[..., filters] += inputs @ w[(filters, slice(None), *tap)].T.astype("d")
    return out


def laid(array: Array, first: bool) -> Array:
    """The same values; ``first``: in memory, channels come before the spatial axes."""
    if not first:
        return np.ascontiguousarray(array)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 1)), 1, -1)


Case = dict[str, Any]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rank = draw(st.sampled_from((1, 2, 2, 2)))
    groups = draw(st.sampled_from((1, 1, 1, 2, 3)))
    taps = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(rank))
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    size = tuple(
        draw(st.integers(max(1, (taps[a] - 1) * dilation[a] + 1 - sum(padding[a])), 17))
        for a in range(rank)
    )
    return {
        "x": (draw(st.integers(1, 3)), *size, groups * draw(st.sampled_from((1, 2, 3, 5, 8, 20)))),
        "filters": groups * draw(st.sampled_from((1, 3, 6, 8, 16, 17, 24, 40))),
        "taps": taps,
        "stride": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "first": tuple(draw(st.booleans()) for _ in range(3)),
        "parts": draw(st.integers(1, 3)),
    }


def arrays(case: Case, dtype: Any = "f") -> tuple[Array, Array, Array]:
    """x, w and what conv of them is."""
    rng = np.random.default_rng(case["x"][0] + 7 * case["filters"])
    x = rng.standard_normal(case["x"]).astype(dtype)
    per_group = case["x"][-1] // case["groups"]
    w = rng.standard_normal((case["filters"], per_group, *case["taps"])).astype(dtype)
    return x, w, reference(x, w, *options(case))


def options(case: Case) -> tuple[Any, ...]:
    return case["stride"], case["padding"], case["dilation"], case["groups"]


def gradients(g: Array, x: Array, w: Array, case: Case) -> tuple[Array, Array]:
    """dx and dw of sum(g * conv(x, w)), tap by tap in float64."""
    stride, padding, dilation, groups = options(case)
    padded = np.pad(x.astype("d"), ((0, 0), *padding, (0, 0)))
    dx, dw = np.zeros_like(padded), np.zeros(w.shape)
    per_x, per_out = w.shape[1], w.shape[0] // groups
    for tap in itertools.product(*map(range, w.shape[2:])):
        window = tuple(
            slice(
                tap[a] * dilation[a],
                tap[a] * dilation[a] + (g.shape[1 + a] - 1) * stride[a] + 1,
                stride[a],
            )
            for a in range(len(stride))
        )
        for group in range(groups):
            inputs = (slice(None), *window, slice(group * per_x, (group + 1) * per_x))
            filters = slice(group * per_out, (group + 1) * per_out)
            part = g[..., filters].astype("d")
            dx[inputs] += part @ w[(filters, slice(None), *tap)].astype("d")
            left = part.reshape(-1, per_out).T
            dw[(filters, slice(None), *tap)] = left @ padded[inputs].reshape(-1, per_x)
    inner = tuple(slice(padding[a][0], padding[a][0] + x.shape[1 + a]) for a in range(len(stride)))
    return dx[(slice(None), *inner)], dw


BIG: list[Case] = [
    {"x": (2, 14, 14, 96), "filters": 70, "taps": (3, 3), "padding": ((1, 1), (1, 1))},
    {"x": (1, 40, 57, 3), "filters": 64, "taps": (7, 7), "stride": (2, 2),
     "padding": ((3, 3), (3, 3))},
    {"x": (9, 7, 7, 130), "filters": 33, "taps": (3, 3), "padding": ((1, 1), (1, 1))},
    {"x": (3, 9, 9, 64), "filters": 48, "taps": (1, 1), "stride": (2, 2)},
    {"x": (1, 3, 1500, 5), "filters": 9, "taps": (2, 5), "padding": ((0, 1), (4, 0))},
    {"x": (2, 6000, 4), "filters": 8, "taps": (9,), "dilation": (300,), "padding": ((5, 7),)},
    {"x": (2, 5, 6, 7, 4), "filters": 6, "taps": (2, 3, 3), "stride": (2, 1, 2), "groups": 2,
     "padding": ((1, 0), (1, 1), (0, 2)), "dilation": (1, 2, 1)},
    {"x": (2, 11, 9, 45), "filters": 45, "taps": (3, 5), "groups": 45, "dilation": (2, 1),
     "padding": ((1, 2), (3, 0)), "stride": (1, 2)},
    {"x": (3, 14, 14, 64), "filters": 64, "taps": (3, 3), "groups": 64,
     "padding": ((1, 1), (1, 1))},
    {"x": (2, 40, 61, 120), "filters": 120, "taps": (3, 3), "groups": 120,
     "padding": ((1, 1), (1, 1))},
    {"x": (1, 12, 30, 530), "filters": 530, "taps": (5, 5), "groups": 530, "stride": (2, 2),
     "padding": ((2, 2), (2, 1))},
    {"x": (1, 60000, 2), "filters": 3, "taps": (3,), "dilation": (29000,)},
    {"x": (1, 30, 30, 700), "filters": 5, "taps": (3, 3), "dilation": (9, 9)},
    {"x": (4, 28, 28, 1), "filters": 10, "taps": (5, 5)},
    {"x": (3, 20, 21, 3), "filters": 12, "taps": (3, 3), "padding": ((1, 1), (1, 2))},
    {"x": (3, 12, 53, 4), "filters": 64, "taps": (3, 3), "padding": ((1, 1), (2, 1))},
    {"x": (5, 6, 37, 2), "filters": 32, "taps": (3, 5), "padding": ((1, 1), (1, 2))},
    {"x": (2, 41, 34, 3), "filters": 128, "taps": (5, 3), "stride": (2, 1)},
    {"x": (1, 12, 90, 2), "filters": 4, "taps": (3, 2), "stride": (2, 1), "dilation": (2, 1)},
    {"x": (2, 15, 13, 40), "filters": 50, "taps": (3, 3), "dilation": (6, 5),
     "padding": ((6, 6), (5, 5))},
    {"x": (2, 11, 14, 40), "filters": 40, "taps": (4, 3), "dilation": (4, 12), "stride": (2, 1),
     "padding": ((7, 6), (12, 14))},
    {"x": (3, 12, 9, 66), "filters": 44, "taps": (3, 5), "dilation": (3, 8), "stride": (1, 2),
     "padding": ((3, 2), (17, 19)), "groups": 2},
    {"x": (2, 7, 6, 33), "filters": 20, "taps": (4, 3), "dilation": (1, 20), "groups": 1,
     "padding": ((3, 3), (30, 25))},
    {"x": (2, 6, 4, 33), "filters": 20, "taps": (2, 2), "dilation": (9, 9),
     "padding": ((8, 9), (9, 9))},
]  # fmt: skip


def filled(case: Case) -> Case:
    rank = len(case["taps"])
    plain = {
        "stride": (1,) * rank, "padding": ((0, 0),) * rank, "dilation": (1,) * rank, "groups": 1,
        "first": (False, False, False), "parts": 2,
    }  # fmt: skip
    return plain | case
