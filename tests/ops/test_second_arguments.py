"""Weights and biases of the wrong size or dtype: PyTorch's errors, never a number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.base.errors import InternalError
from rushlight.nn import functional as F

X = torch.zeros(2, 3)
LABELS = torch.tensor([0, 1])
Call = Callable[[torch.Tensor], torch.Tensor]
OF_CLASSES: dict[str, Call] = {
    "cross_entropy": lambda w: F.cross_entropy(X, LABELS, weight=w),
    "smoothed": lambda w: F.cross_entropy(X, LABELS, weight=w, label_smoothing=0.1),
    "soft targets": lambda w: F.cross_entropy(X, X, weight=w),
    "nll_loss": lambda w: F.nll_loss(X, LABELS, weight=w),
    "planes": lambda w: F.cross_entropy(X[:, :, None], LABELS[:, None], weight=w),
}
OTHERS: dict[str, Call] = {
    "linear": lambda w: F.linear(X, torch.ones(4, 3), w),
    "addmm": lambda w: torch.addmm(w, X, torch.ones(3, 4)),
    "conv": lambda w: F.conv1d(X[:, :, None], torch.ones(4, 3, 1), w),
    "bilinear": lambda w: F.bilinear(X, X, torch.ones(4, 3, 3), w),
    "bce": lambda w: F.binary_cross_entropy(X, X, weight=w),
    "logits": lambda w: F.binary_cross_entropy_with_logits(X, X, pos_weight=w),
    "batch_norm": lambda w: F.batch_norm(X, None, None, w, None, True),
    "layer_norm": lambda w: F.layer_norm(X, (3,), w),
    "group_norm": lambda w: F.group_norm(X, 1, w),
    "prelu": lambda w: F.prelu(X, w),
}


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("size", [(2,), (4,), (1,), (), (3, 1)])
def test_one_weight_for_each_class(name: str, size: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeError, match="weight tensor should be defined either for all"):
        OF_CLASSES[name](torch.ones(size))


@pytest.mark.parametrize("name", OTHERS)
def test_sizes(name: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        OTHERS[name](torch.ones(2))
    assert not isinstance(caught.value, InternalError)


@pytest.mark.parametrize("name", ["cross_entropy", "smoothed", "nll_loss", "planes"])
def test_class_weights_have_the_dtype_of_the_scores(name: str) -> None:
    with pytest.raises(RuntimeError, match="expected scalar type Float but found Double"):
        OF_CLASSES[name](torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "group_norm"])
def test_norms_and_dtypes(name: str) -> None:
    with pytest.raises(RuntimeError, match="expect parameter to have scalar type of Float"):
        OTHERS[name](torch.ones(3, dtype=torch.float64))
    half = F.layer_norm(torch.ones(2, 3, dtype=torch.bfloat16), (3,), torch.ones(3))
    assert half.dtype is torch.bfloat16


def test_a_weight_of_another_dtype_where_pytorch_takes_it() -> None:
    wide = torch.full((3,), 2.0, dtype=torch.float64)
    chance, want = torch.full((2, 3), 0.5), torch.ones(2, 3)
    assert F.binary_cross_entropy(chance, want, weight=wide).dtype is torch.float32
    assert F.binary_cross_entropy(chance, want, weight=wide).item() == pytest.approx(1.386294)
