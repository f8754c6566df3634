"""Dtypes that PyTorch has no kernel for raise its class and text, and the others compute.

What PyTorch 2.13 said was noted once; `python -m tests.parity.opinfo --refused` asks it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F

ROW = torch.tensor([[1, 2, 3], [4, 5, 6]])
IMAGE = torch.arange(32).reshape(1, 2, 4, 4)
NO_KERNEL = "\"{}\" not implemented for '{}'"


def _kernel(name: str, dtype: str) -> tuple[type[Exception], str]:
    return NotImplementedError, NO_KERNEL.format(name, dtype)


REFUSED: list[tuple[Callable[[], Any], tuple[type[Exception], str]]] = [
    (lambda: F.layer_norm(ROW, (3,)), _kernel("LayerNormKernelImpl", "Long")),
    (lambda: F.group_norm(IMAGE, 2), _kernel("GroupNormKernelImpl", "Long")),
    (lambda: F.batch_norm(IMAGE, None, None, training=True), _kernel("batch_norm", "Long")),
    (lambda: F.rms_norm(ROW.bool(), (3,)), _kernel("rms_norm", "Bool")),
    (lambda: F.avg_pool2d(IMAGE.int(), 2), _kernel("avg_pool2d", "Int")),
    (lambda: F.avg_pool3d(IMAGE.half(), 2), _kernel("avg_pool3d_out_frame", "Half")),
    (lambda: F.adaptive_avg_pool2d(IMAGE, 2), _kernel("adaptive_avg_pool2d", "Long")),
    (lambda: F.max_pool1d(ROW, 2), _kernel("max_pool1d_impl", "Long")),
    (lambda: F.pad(ROW.bool(), (1, 1), "reflect"), _kernel("reflection_pad1d", "Bool")),
    (
        lambda: F.interpolate(IMAGE, scale_factor=2.0, mode="bicubic"),
        _kernel("compute_indices_weights_cubic", "Long"),
    ),
    (lambda: F.unfold(IMAGE, 2), _kernel("im2col_out_cpu", "Long")),
    (lambda: F.nll_loss(ROW, torch.tensor([0, 1])), _kernel("nll_loss_out_frame", "Long")),
    (
        lambda: F.binary_cross_entropy_with_logits(ROW, ROW),
        _kernel("log_sigmoid_cpu", "Long"),
    ),
    (lambda: F.multi_margin_loss(ROW, torch.tensor([0, 1])),
     _kernel("multi_margin_loss_cpu_kernel", "Long")),
    (lambda: ROW.bool() @ ROW.T.bool(), _kernel("addmm_impl_cpu_", "Bool")),
    (lambda: torch.dot(ROW[0].bool(), ROW[0].bool()), _kernel("dot", "Bool")),
    (lambda: torch.lerp(ROW, ROW, 0.5), _kernel("lerp_kernel_scalar", "Long")),
    (lambda: torch.hypot(ROW, ROW), _kernel("hypot_cpu", "Long")),
    (lambda: torch.frac(ROW), _kernel("frac_cpu", "Long")),
    (lambda: torch.abs(ROW.bool()), _kernel("abs_cpu", "Bool")),
    (lambda: ROW.bool() % ROW.bool(), _kernel("remainder_cpu", "Bool")),
    (lambda: torch.amax(ROW + 0j), _kernel("max_values_cpu", "ComplexFloat")),
    (lambda: torch.special.zeta(ROW.half(), ROW.half()), _kernel("zeta_cpu", "Half")),
    (lambda: torch.histc(ROW), _kernel("histogram_cpu", "Long")),
    (
        lambda: torch.nanmean(ROW),
        (RuntimeError, "expected input to have floating point or complex dtype but got Long"),
    ),
    (
        lambda: torch.cdist(ROW, ROW),
        (RuntimeError, "cdist only supports floating-point dtypes, X1 got: Long"),
    ),
    (
        lambda: F.gaussian_nll_loss(ROW, ROW, ROW),
        (RuntimeError, "result type Float can't be cast to the desired output type long int"),
    ),
    (
        lambda: torch.linalg.vecdot(ROW, ROW),
        (RuntimeError, "linalg.vecdot: Expected a floating point or complex tensor as input. Got"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[1][1][:30])
def test_refused(case: tuple[Callable[[], Any], tuple[type[Exception], str]]) -> None:
    call, (kind, text) = case
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_a_refused_call_leaves_no_trace() -> None:
    with pytest.raises(NotImplementedError):
        F.layer_norm(ROW, (3,))
    with pytest.raises(NotImplementedError):  # not recorded as met
        F.layer_norm(ROW, (3,))
    assert F.layer_norm(ROW.float(), (3,))[0, 1].item() == 0.0


@pytest.mark.parametrize(
    ("call", "dtype", "value"),
    [
        (lambda: F.poisson_nll_loss(ROW, ROW, reduction="none")[0, 0], torch.float32, 1.7182817),
        (lambda: torch.trace(ROW.int()), torch.int64, 6),
        (
            lambda: F.margin_ranking_loss(ROW[0], ROW[1], torch.tensor([1, 1, 1])),
            torch.float32,
            3.0,
        ),
        (lambda: F.hinge_embedding_loss(ROW, ROW, reduction="sum"), torch.int64, 21),
        (lambda: F.max_pool2d(IMAGE, 2)[0, 0, 0, 0], torch.int64, 5),
        (lambda: torch.fmod(ROW.bool(), 2)[0, 0], torch.int64, 1),
        (lambda: torch.clamp(ROW.bool(), 0, 1)[0, 0], torch.int64, 1),
        (lambda: torch.hypot(ROW, ROW.double())[0, 0], torch.float64, 2**0.5),
        (lambda: torch.einsum("ij->ji", ROW.bool())[0, 0], torch.bool, True),
        (lambda: torch.special.zeta(ROW + 1, 1)[0, 0], torch.float32, 1.6449341),
    ],
)
def test_computed(call: Callable[[], Any], dtype: Any, value: float) -> None:
    got = call()
    assert got.dtype is dtype
    assert got.item() == pytest.approx(value, rel=1e-6)


def test_bytes_resampled_with_antialias_are_means() -> None:
    image = torch.tensor([[10, 20, 30, 40]] * 4, dtype=torch.uint8).reshape(1, 1, 4, 4)
    small = F.interpolate(image, size=(2, 2), mode="bilinear", antialias=True)
    # PyTorch 2.13 says so.
    assert small.dtype is torch.uint8
    assert small.tolist() == [[[[17, 33], [17, 33]]]]


def test_products_of_no_truth_values_need_no_kernel() -> None:
    for a, b in (((2, 0), (0, 3)), ((0, 2), (2, 3)), ((1, 2, 0), (1, 0, 2))):
        made = torch.ones(a, dtype=torch.bool) @ torch.ones(b, dtype=torch.bool)
        assert made.dtype is torch.bool
        assert not made.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_local_response_norm_of_halves_is_there_for_lines_only(dtype: torch.dtype) -> None:
    image = IMAGE.to(dtype)
    assert F.local_response_norm(image[0], 2).dtype is dtype
    with pytest.raises(NotImplementedError, match="avg_pool3d_out_frame"):
        F.local_response_norm(image, 2)
    with pytest.raises(ValueError, match="3D or higher"):
        F.local_response_norm(image[0, 0], 2)
