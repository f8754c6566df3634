"""Gradients of the ops that have a rule of their own, against differences of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as rl
import rushlight.linalg
from rushlight.nn import functional as F

Call = Callable[..., Any]

INDEX = np.array([[0, 2, 2, 1], [3, 0, 0, 0], [1, 1, 2, 3]])
CASES: dict[str, tuple[Call, list[tuple[int, ...]]]] = {
    "gather": (lambda x, i: x.gather(1, i), [(3, 4)]),
    "scatter_add": (lambda x, y, i: x.scatter_add(1, i, y), [(3, 4), (3, 4)]),
    "scatter_mean": (lambda x, y, i: x.scatter_reduce(1, i, y, "mean"), [(3, 4), (3, 4)]),
    "scatter_prod": (lambda x, y, i: x.scatter_reduce(1, i, y, "prod"), [(3, 4), (3, 4)]),
    "index": (lambda x, i: x[i[0], i[1]], [(4, 4)]),
    "embedding": (lambda w, i: F.embedding(i, w), [(4, 5)]),
    "batch_norm": (
        lambda x, w, b, i: F.batch_norm(x, None, None, w, b, True), [(4, 3, 5), (3,), (3,)]
    ),
    "layer_norm": (lambda x, w, b, i: F.layer_norm(x, (5,), w, b), [(4, 3, 5), (5,), (5,)]),
    "group_norm": (lambda x, w, b, i: F.group_norm(x, 2, w, b), [(3, 4, 5), (4,), (4,)]),
    "rms_norm": (lambda x, w, i: F.rms_norm(x, (5,), w), [(3, 5), (5,)]),
    "normalize": (lambda x, i: F.normalize(x), [(3, 5)]),
    "sort": (lambda x, i: x.sort(1)[0], [(3, 5)]),
    "median": (lambda x, i: x.median(1)[0], [(3, 5)]),
    "cummax": (lambda x, i: x.cummax(1)[0], [(3, 5)]),
    "bilinear": (lambda x, i: F.interpolate(x, size=(5, 3), mode="bilinear"), [(1, 2, 3, 4)]),
    "bicubic": (lambda x, i: F.interpolate(x, size=(5, 3), mode="bicubic"), [(1, 2, 3, 4)]),
    "unfold": (lambda x, i: F.unfold(x, 2, stride=2, padding=1), [(1, 2, 4, 4)]),
    "fold": (lambda x, i: F.fold(x, (4, 4), 3), [(1, 9, 4)]),
    "einsum": (lambda x, y, i: rl.einsum("bij,kj->bki", x, y), [(2, 3, 4), (5, 4)]),
    "cdist": (lambda x, y, i: rl.cdist(x, y), [(3, 4), (2, 4)]),
    "attention": (
        lambda q, k, v, i: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [(2, 3, 4), (2, 3, 4), (2, 3, 5)],
    ),
    "det": (lambda x, i: rl.linalg.det(x), [(3, 3)]),
    "solve": (lambda a, b, i: rl.linalg.solve(a, b), [(3, 3), (3, 2)]),
    "cholesky": (lambda x, i: rl.linalg.cholesky(x @ x.mT + rl.eye(3).double()), [(3, 3)]),
    "svdvals": (lambda x, i: rl.linalg.svdvals(x), [(4, 3)]),
    "eigvalsh": (lambda x, i: rl.linalg.eigvalsh(x + x.mT), [(3, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    call, shapes = CASES[name]
    rng = np.random.default_rng(3)
    arrays = [rng.uniform(-2, 2, shape) for shape in shapes]
    index = rl.tensor(INDEX)
    leaves = [rl.tensor(array).requires_grad_() for array in arrays]
    out = call(*leaves, index)
    weights = rng.uniform(-1, 1, tuple(out.shape))
    (out * rl.tensor(weights)).sum().backward()

    def value(arrays: list[Any]) -> float:
        with rl.no_grad():
            made = call(*map(rl.tensor, arrays), index)
        return float((made.numpy() * weights).sum())

    step = 1e-6
    for place, leaf in enumerate(leaves):
        # Along one random direction: one number tests all of the gradient.
        direction = rng.uniform(-1, 1, shapes[place])
        ahead, behind = list(arrays), list(arrays)
        ahead[place] = arrays[place] + step * direction
        behind[place] = arrays[place] - step * direction
        measured = (value(ahead) - value(behind)) / (2 * step)
        assert (leaf.grad.numpy() * direction).sum() == pytest.approx(measured, rel=1e-5, abs=1e-7)
