"""Functions without a layer: grids, anti-aliasing, unpooling and CTC. Numbers from PyTorch 2.13."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.nn.functional as F

IMAGE = torch.arange(12.0).reshape(1, 1, 3, 4)


def test_the_identity_grid_gives_the_image() -> None:
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    for corners in (False, True):
        grid = F.affine_grid(theta, (1, 1, 3, 4), align_corners=corners)
        assert torch.allclose(F.grid_sample(IMAGE, grid, align_corners=corners), IMAGE, atol=1e-5)


def test_grid_sample_has_two_derivatives() -> None:
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    grid = (torch.rand(1, 3, 2, 2, dtype=torch.float64) * 1.6 - 0.8).requires_grad_()
    for mode in ("bilinear", "bicubic"):

        def sample(a, b, mode=mode):  # type: ignore[no-untyped-def]
            return F.grid_sample(a, b, mode=mode, padding_mode="border", align_corners=False)

        assert torch.autograd.gradcheck(sample, (x, grid))
        assert torch.autograd.gradgradcheck(sample, (x, grid))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"mode": "x"}, "expected mode"), ({"padding_mode": "x"}, "expected padding_mode")],
)
def test_grid_sample_refuses_unknown_words(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        F.grid_sample(IMAGE, torch.zeros(1, 2, 2, 2), align_corners=False, **options)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_conv_and_its_transpose_have_two_derivatives(axes: int) -> None:
    x = torch.randn(1, 2, *(4,) * axes, dtype=torch.float64, requires_grad=True)
    w = torch.randn(2, 2, *(2,) * axes, dtype=torch.float64, requires_grad=True)
    b = torch.randn(2, dtype=torch.float64, requires_grad=True)
    conv = getattr(F, f"conv{axes}d")
    back = getattr(F, f"conv_transpose{axes}d")
    for call in (
        lambda x, w, b: conv(x, w, b, stride=2, padding=1),
        lambda x, w, b: back(x, w, b, stride=2, padding=1, output_padding=1),
    ):
        assert torch.autograd.gradcheck(call, (x, w, b))
        assert torch.autograd.gradgradcheck(call, (x, w, b))


def test_unpooling_refuses_places_outside() -> None:
    with pytest.raises((IndexError, RuntimeError)):
        F.max_unpool2d(torch.ones(1, 1, 2, 2), torch.full((1, 1, 2, 2), 100), 2).sum().item()
    with pytest.raises(RuntimeError, match="int64"):
        F.max_unpool2d(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), 2)
    with pytest.raises(ValueError, match="invalid output_size"):
        places = torch.zeros(1, 1, 2, 2, dtype=torch.long)
        F.max_unpool2d(torch.ones(1, 1, 2, 2), places, 2, output_size=(9, 9))


def test_ctc_refuses_lengths_that_do_not_fit() -> None:
    scores, targets = torch.zeros(5, 2, 4), torch.ones(2, 3).long()
    with pytest.raises(RuntimeError, match="at most 5"):
        F.ctc_loss(scores, targets, torch.tensor([6, 5]), torch.tensor([3, 3]))
    with pytest.raises(RuntimeError, match="size 4 at dimension 1"):
        F.ctc_loss(scores, targets, torch.tensor([5, 5]), torch.tensor([4, 3]))
    with pytest.raises(RuntimeError, match="blank"):
        F.ctc_loss(scores, targets, torch.tensor([5, 5]), torch.tensor([3, 3]), blank=7)
