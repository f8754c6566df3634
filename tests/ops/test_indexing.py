"""Indexing ops against NumPy, and the errors of wrong indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as rl
from rushlight.nn import functional as F

ARRAY = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "index",
    [
        (np.array([1, -1]),),
        (slice(None), np.array([[0, 2], [1, -3]])),
        (np.array([0, 1]), slice(None), np.array([3, -4])),
        (Ellipsis, np.array([0, 2]), np.array([1, 1])),
        (ARRAY[:, :, 0] > 5,),
        (ARRAY > 11,),
        (0, np.array([2, 0]), slice(1, 3)),
    ],
    ids=str,
)
def test_index_reads_and_writes_as_numpy(index: Any) -> None:
    ours = tuple(rl.tensor(each) if isinstance(each, np.ndarray) else each for each in index)
    np.testing.assert_array_equal(rl.tensor(ARRAY)[ours].numpy(), ARRAY[index])
    wanted, written = ARRAY.copy(), rl.tensor(ARRAY)
    wanted[index] = -1.0
    written[ours] = -1.0
    np.testing.assert_array_equal(written.numpy(), wanted)


def test_duplicates_accumulate() -> None:
    x = rl.zeros(3)
    x.index_put_((rl.tensor([1, 1, 2]),), rl.tensor([1.0, 2.0, 4.0]), accumulate=True)
    assert x.tolist() == [0.0, 3.0, 4.0]
    assert rl.zeros(3).index_add(0, rl.tensor([0, 0]), rl.ones(2)).tolist() == [2.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x, i: x.gather(0, i), RuntimeError, "same number of dimensions"),
        (lambda x, i: x.gather(0, x), RuntimeError, "int32/int64"),
        (lambda x, i: x.scatter(0, i.view(1, 2), x.double()), RuntimeError, "self.dtype"),
        (lambda x, i: x.index_select(0, i.view(1, 2)), IndexError, "vector"),
        (lambda x, i: x.index_add(0, i, x), RuntimeError, "Number of indices"),
        (lambda x, i: x[i + 9].sum().item(), IndexError, "out of"),
        (lambda x, i: x[i, i + 9].sum().item(), IndexError, "out of"),
        (lambda x, i: F.embedding(i + 9, x).sum().item(), IndexError, "out of"),
        (lambda x, i: F.embedding(i, x, padding_idx=7), AssertionError, "num_embeddings"),
        (lambda x, i: x[i, rl.tensor([0, 1, 2])], IndexError, "shape mismatch"),
        (lambda x, i: F.one_hot(i - 1), RuntimeError, "non-negative"),
        (lambda x, i: x.topk(9), RuntimeError, "out of range"),
        (lambda x, i: x.split([1, 5]), RuntimeError, "sum exactly"),
        (lambda x, i: rl.einsum("ij,jk->ik", x, x), RuntimeError, "subscript j has size"),
        (lambda x, i: F.interpolate(x), ValueError, "size or scale_factor"),
        (lambda x, i: F.layer_norm(x, (5,)), RuntimeError, "normalized_shape"),
        (lambda x, i: F.batch_norm(x[:1], None, None, training=True), ValueError, "more than 1"),
        (lambda x, i: F.dropout(x, 1.5), ValueError, "between 0 and 1"),
    ],
)
def test_errors(call: Callable[..., Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(rl.arange(12.0).view(3, 4), rl.tensor([0, 1]))


def test_views_share_memory() -> None:
    x = rl.zeros(4, 2)
    first, second = x.chunk(2)
    first += 1
    second.unbind(1)[0].add_(2)
    assert x.tolist() == [[1.0, 1.0], [1.0, 1.0], [2.0, 0.0], [2.0, 0.0]]
