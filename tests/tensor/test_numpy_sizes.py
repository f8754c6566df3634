"""Sizes that come from NumPy, as in ``nn.Linear(np.prod(shape), 10)``: shapes stay plain ints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

# Sizes that no other test has used: what is remembered of a shape would hide the first call.
LONG, SHORT = np.int64(1237), np.int32(7)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: torch.ones(1237 * 2).view(LONG, -1), (1237, 2)),
        (lambda: torch.ones(1237 * 3).reshape((3, LONG)), (3, 1237)),
        (lambda: torch.ones(1, 4).expand(LONG, 4), (1237, 4)),
        (lambda: torch.ones(5 * 1237).unflatten(0, (5, LONG)), (5, 1237)),
        (lambda: torch.broadcast_to(torch.ones(1), (LONG, 6)), (1237, 6)),
        (lambda: torch.ones(1237 * 7).as_strided((LONG, SHORT), (1, 1)), (1237, 7)),
        (lambda: torch.ones(1237).unfold(0, SHORT, SHORT), (176, 7)),
        (lambda: torch.ones(2, 1237).transpose(np.int64(0), np.int32(1)), (1237, 2)),
        (lambda: torch.ones(1237 * 8).view(torch.tensor(1237), 8), (1237, 8)),
        (lambda: torch.zeros(LONG, SHORT), (1237, 7)),
        (lambda: torch.Tensor(LONG, SHORT), (1237, 7)),
        (lambda: torch.FloatTensor(SHORT), (7,)),
        (lambda: torch.ones(1).new_zeros(LONG, 9), (1237, 9)),
        (lambda: torch.empty((LONG, 10)).normal_(), (1237, 10)),
    ],
)
def test_shapes_are_plain(make: Callable[[], torch.Tensor], shape: tuple[int, ...]) -> None:
    made = make()
    assert made.shape == shape and {type(size) for size in made.shape} == {int}
    assert (made * 2).shape == shape and made.sum().ndim == 0


def test_layers_sized_by_numpy_train() -> None:
    count = np.prod((1, 29, 31))
    net = nn.Sequential(nn.Linear(count, 4), nn.Tanh(), nn.Linear(4, count), nn.Sigmoid())
    x = torch.rand(3, 1, 29, 31)
    out = net(x.reshape(3, -1)).reshape((3, 1, *np.array((29, 31))))
    ((out - x) ** 2).mean().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in net.parameters())
