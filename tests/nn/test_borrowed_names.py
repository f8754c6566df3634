"""Private names that public projects import, and methods that they override."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight._utils import _take_tensors
from rushlight.autograd.function import InplaceFunction
from rushlight.nn import functional as F


def test_the_pieces_of_attention() -> None:
    x, y = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    w, b = torch.randn(12, 4), torch.randn(12)
    wanted = [F.linear(each, part, bias) for each, part, bias in
              zip((x, y, x), w.chunk(3), b.chunk(3), strict=True)]  # fmt: skip
    for q, k, v in ((x, x, x), (x, y, y), (x, y, x)):
        found = F._in_projection_packed(q, k, v, w, b)
        assert isinstance(found, list)
        for got, each, part, bias in zip(found, (q, k, v), w.chunk(3), b.chunk(3), strict=True):
            assert torch.allclose(got, F.linear(each, part, bias), atol=1e-5)
    apart = F._in_projection(x, y, x, *w.chunk(3), *b.chunk(3))
    assert all(torch.allclose(*pair) for pair in zip(apart, wanted, strict=True))
    mask = torch.tensor([True, False])
    floats = F._canonical_mask(mask, "mask", None, "", torch.float64)
    assert floats.dtype is torch.float64 and floats.tolist() == [-np.inf, 0.0]
    assert F._none_or_dtype(None) is None and F._none_or_dtype(mask) is torch.bool
    assert F._mha_shape_check(x, x, x, None, None, 2)
    with pytest.raises(RuntimeError, match=r"must be None or torch\.Tensor"):
        F._none_or_dtype(3)


def test_names_that_are_imported() -> None:
    from rushlight._jit_internal import List, Optional
    from rushlight.nn.modules.normalization import _shape_t
    from rushlight.optim.lr_scheduler import Optimizer
    from rushlight.utils.data._utils.collate import default_collate_err_msg_format
    from rushlight.utils.data.dataloader import get_worker_info
    from rushlight.vision.transforms.functional import _interpolation_modes_from_int

    assert Optimizer is torch.optim.Optimizer and Optional[List[int]] and _shape_t
    assert "found {}" in default_collate_err_msg_format and get_worker_info() is None
    assert _interpolation_modes_from_int(2).value == "bilinear"


def test_tensors_taken_by_size() -> None:
    given = [torch.ones(n) for n in (2, 3, 9, 1)] + [torch.ones(2, dtype=torch.int64)]
    taken = [[each.numel() for each in part] for part in _take_tensors(given, 20)]
    assert taken == [[2, 3], [9], [1], [2]]


def test_inplace_function() -> None:
    class Halved(InplaceFunction):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.mul_(0.5)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 0.5

    x = torch.ones(2, requires_grad=True)
    Halved.apply(x * 2).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]


def test_a_table_of_operations_of_ones_own() -> None:
    from rushlight.vision.transforms import autoaugment

    class OnlyDarker(autoaugment.RandAugment):
        def _augmentation_space(self, num_bins: int, image_size: Any) -> Any:
            assert num_bins == 31 and image_size == (4, 5)
            usual = super()._augmentation_space(num_bins, image_size)
            assert usual["Identity"][0].ndim == 0 and usual["ShearX"][0].shape == (31,)
            return {"Brightness": (torch.full((31,), -0.5), False)}

    image = torch.full((3, 4, 5), 100, dtype=torch.uint8)
    assert OnlyDarker(num_ops=2)(image).unique().tolist() == [25]
    alone = autoaugment._apply_op(image, "Brightness", -0.5, nn, None)
    assert alone.unique().tolist() == [50]


def test_a_jitter_of_ones_own() -> None:
    from rushlight.vision.transforms import ColorJitter

    class Halved(ColorJitter):
        @staticmethod
        def get_params(*ranges: Any) -> Any:
            return torch.tensor([0, 1, 2, 3]), 0.5, None, None, None

    image = torch.full((3, 4, 5), 100, dtype=torch.uint8)
    assert Halved(0.1)(image).unique().tolist() == [50]
