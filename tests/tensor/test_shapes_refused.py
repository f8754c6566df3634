"""Windows and shapes that reach outside what they are laid over are refused, not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F

_IMAGE = torch.ones(1, 1, 5, 5)
_TAPS = torch.ones(1, 1, 3, 3)
_X = torch.arange(6.0).reshape(2, 3)

_REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "unfold kernel": (lambda: F.unfold(_IMAGE, -1), RuntimeError, "kernel size should be greater"),
    "unfold dilation": (lambda: F.unfold(_IMAGE, 2, 0), RuntimeError, "dilation should be"),
    "unfold padding": (lambda: F.unfold(_IMAGE, 2, 1, -1), RuntimeError, "non-negative"),
    "unfold stride": (lambda: F.unfold(_IMAGE, 2, 1, 0, 0), RuntimeError, "stride should be"),
    "unfold three": (lambda: F.unfold(_IMAGE, 2, 1, 0, [1, 2, 2]), RuntimeError, "equals to 2"),
    "unfold float": (lambda: F.unfold(_IMAGE, 2.0), TypeError, "kernel_size"),
    "fold kernel": (
        lambda: F.fold(torch.ones(1, 4, 16), 5, -2), RuntimeError, "kernel size should be greater",
    ),
    "transposed dilation": (
        lambda: F.conv_transpose2d(_IMAGE, _TAPS, dilation=-1), RuntimeError, "dilation should be",
    ),
    "transposed padding": (
        lambda: F.conv_transpose2d(_IMAGE, _TAPS, padding=-1), RuntimeError, "negative padding",
    ),
    "transposed output": (
        lambda: F.conv_transpose2d(_IMAGE, _TAPS, output_padding=-1), RuntimeError,
        "negative output_padding",
    ),
    "no channels": (
        lambda: F.conv2d(_IMAGE, torch.ones(0, 1, 3, 3)), RuntimeError, "at least 1 at dimension 0",
    ),
    "bilinear": (
        lambda: F.bilinear(torch.ones(2, 1), torch.ones(2, 4), torch.ones(5, 3, 4)), RuntimeError,
        "input1 size does not match",
    ),
    "hardtanh": (
        lambda: F.hardtanh(torch.arange(3), -0.5, float("inf")), RuntimeError, "without overflow",
    ),
    "index_add": (
        lambda: torch.ones(2).index_add(0, torch.tensor([1]), torch.tensor(3.0)), RuntimeError,
        "source tensor shape must match",
    ),
    "index_reduce": (
        lambda: _X.index_reduce(0, torch.tensor([0]), torch.ones(1, 4), "prod"), RuntimeError,
        "source tensor shape must match",
    ),
    "index_reduce count": (
        lambda: _X.index_reduce(0, torch.tensor([0]), torch.ones(2, 3), "prod"), RuntimeError,
        "Number of indices",
    ),
    "renorm": (lambda: torch.renorm(_X, 1, 3, 3.0), IndexError, "out of range"),
    "lerp": (lambda: torch.lerp(_X, _X.double(), 0.5), RuntimeError, "expected dtype float for"),
    "lerp weight": (lambda: torch.lerp(_X, _X, _X.double()), RuntimeError, "for `weight`"),
    "multilabel": (
        lambda: F.multilabel_margin_loss(torch.ones(5), torch.ones(5, 1).long()), RuntimeError,
        "inconsistent target size",
    ),
    "lstsq": (
        lambda: torch.linalg.lstsq(torch.ones(3, 3), torch.ones(3, 3, 3)), RuntimeError,
        r"input.dim\(\) must be",
    ),
    "matrix_norm": (
        lambda: torch.linalg.matrix_norm(_X, dtype=torch.complex64), RuntimeError, "should be real",
    ),
    "trapezoid": (lambda: torch.trapezoid(_X[0], torch.ones(1, 3)), RuntimeError, "The size of"),
    "nan dropout": (lambda: F.dropout(_X, float("nan")), RuntimeError, "between 0 and 1"),
    "half of split": (lambda: torch.split(_X, 2.0), TypeError, "split_sizes"),
}  # fmt: skip


@pytest.mark.parametrize("name", _REFUSED)
def test_refused(name: str) -> None:
    call, error, text = _REFUSED[name]
    with pytest.raises(error, match=text):
        call()


def test_forms_that_pytorch_takes() -> None:
    b, low = torch.ones(2, 1), torch.eye(2)
    assert torch.cholesky_solve(input=b, input2=low).tolist() == [[1.0], [1.0]]
    pivots = torch.tensor([1, 2], dtype=torch.int32)
    assert torch.lu_solve(input=b, LU_data=low, LU_pivots=pivots).tolist() == [[1.0], [1.0]]
    parts = torch.tensor_split(_X, tensor_indices_or_sections=torch.tensor([1]))
    assert [part.shape[0] for part in parts] == [1, 1]
    assert torch.nonzero_static(_X[0], size=1, out=torch.empty(0, dtype=torch.int64)).item() == 1
    assert torch.triu_indices(2, 2, dtype=None).dtype is torch.int64
    assert torch.roll(torch.ones(0, 2), 1, 5).shape == (0, 2)
    assert torch.tensor(2.0).mT.item() == 2.0
    found = torch.linalg.lstsq(torch.eye(2), b, driver="GELSY")
    assert torch.allclose(found.solution, b)
    # To LAPACK's gelsd a limit of 1 or more is none at all.
    assert torch.allclose(torch.linalg.lstsq(torch.eye(2), b, 2.5, driver="gelsd").solution, b)
    # Whole numbers stay what they are under the fraction: 255 + 1 of uint8 is 0.
    assert F.softsign(torch.tensor([255], dtype=torch.uint8)).item() == float("inf")


def test_masked_axes_and_dtypes() -> None:
    x = torch.tensor([[1.5, 2.7, 3.2], [4.9, 1.1, 0.3]])
    mask = torch.tensor([[True, True, False], [True, False, True]])
    over_rows = torch.masked.softmax(x, 0, mask=mask)
    assert torch.equal(torch.masked.softmax(x, None, mask=mask), over_rows)
    assert torch.equal(torch.masked.softmax(x, [0], mask=mask), over_rows)
    assert torch.masked.var(x, 1, dtype=torch.int64, mask=mask).tolist() == [1, 11]
    assert torch.masked.median(x, 1, dtype=torch.int64).dtype is torch.float32
    with pytest.raises(ValueError, match="Could not infer output dtype"):
        torch.masked.mean(x.long(), 1)


def test_halves_rounded_once() -> None:
    # Along the first or last axis the sum is rounded once, 256 + 1 + 1 to 258; else one by one.
    x = torch.full((1, 1, 2), 256.0).bfloat16()
    ones, index = torch.ones(2, 1, 2).bfloat16(), torch.tensor([0, 0])
    assert x.index_add(0, index, ones).flatten().tolist() == [258.0, 258.0]
    assert x.index_add(1, index, ones.reshape(1, 2, 2)).flatten().tolist() == [256.0, 256.0]
    # What float32 gives, rounded: the angle is not rounded on its way.
    y = torch.linspace(0.1, 3.7, 50).bfloat16()
    assert torch.equal(torch.sinc(y), torch.sinc(y.float()).bfloat16())
    assert torch.equal(torch.logaddexp(y, -y), torch.logaddexp(y.float(), -y.float()).bfloat16())


def test_scalars_and_samples() -> None:
    assert torch.topk(torch.tensor(3.0), 0).values.tolist() == 3.0
    made = torch.triangular_solve(torch.ones(2, 1, 1), torch.ones(1, 1, 1))
    assert made.cloned_coefficient.shape == (2, 1, 1)
    counts = torch.func.vmap(lambda x: torch.bincount(x, minlength=4))(
        torch.tensor([[1, 2], [0, 1]])
    )
    assert counts.tolist() == [[0, 1, 1, 0], [1, 1, 0, 0]]
    x = torch.arange(4.0).reshape(2, 2)
    found = torch.func.vmap(lambda a: torch.histogram(a, 2, range=(0.0, 4.0)).hist)(x)
    assert found.tolist() == [[2.0, 0.0], [0.0, 2.0]]
