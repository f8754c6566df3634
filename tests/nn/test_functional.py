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


def test_conv_tbc_is_conv1d_with_time_first() -> None:
    x, w, b = torch.randn(5, 2, 3), torch.randn(3, 3, 4), torch.randn(4)
    wanted = F.conv1d(x.permute(1, 2, 0), w.permute(2, 1, 0), b, padding=1).permute(2, 0, 1)
    assert torch.allclose(F.conv_tbc(x, w, b, 1), wanted, atol=1e-6)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradients_of_convolutions_as_functions(axes: int) -> None:
    x = torch.randn(1, 2, *(5,) * axes, requires_grad=True)
    w = torch.randn(3, 2, *(3,) * axes, requires_grad=True)
    out = getattr(F, f"conv{axes}d")(x, w, stride=2, padding=1)
    seed = torch.randn(*out.shape)
    out.backward(seed)
    grad = torch.nn.grad
    of_x = getattr(grad, f"conv{axes}d_input")(x.shape, w, seed, stride=2, padding=1)
    of_w = getattr(grad, f"conv{axes}d_weight")(x, w.shape, seed, stride=2, padding=1)
    assert torch.allclose(of_x, x.grad, atol=1e-5)
    assert torch.allclose(of_w, w.grad, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.cosine_embedding_loss(x, x, x), RuntimeError, "multi-target"),
        (lambda x: F.cosine_embedding_loss(x, x, x[0, 0]), RuntimeError, "0D target"),
        (lambda x: F.triplet_margin_loss(x, x[0], x), RuntimeError, "same number of dimensions"),
        (lambda x: F.multi_margin_loss(x, torch.zeros(1).long()), RuntimeError, "target tensor"),
        (lambda x: F.multi_margin_loss(x, torch.zeros(2).long(), weight=x[0, :2]),
         RuntimeError, "inconsistent weight size"),
        (lambda x: F.pad(x, (1, 2, 3)), RuntimeError, "divisible by 2"),
        (lambda x: F.pad(x, (1,) * 6, mode="reflect"), RuntimeError, "Padding length"),
        (lambda x: F.softshrink(x, -1.0), RuntimeError, "lambda must be in range"),
        (lambda x: torch.flatten(x[0, 0], 1), IndexError, "Dimension out of range"),
    ],
)  # fmt: skip
def test_refused(call, error: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call(torch.ones(2, 3))


def test_smaller_pictures_are_smoothed() -> None:
    # 0 1 2 .. 7 halved with the triangle of Pillow: inner elements are symmetric means.
    x = torch.arange(8.0).reshape(1, 1, 1, 8)
    out = F.interpolate(x, size=(1, 4), mode="bilinear", antialias=True)
    assert torch.allclose(out.flatten(), torch.tensor([0.7143, 2.5, 4.5, 6.2857]), atol=1e-4)
    with pytest.raises(ValueError, match="Anti-alias"):
        F.interpolate(x, size=(1, 4), antialias=True)


@pytest.mark.parametrize(
    ("p", "wanted"),
    [(0.0, 2.0), (1.0, 4.0), (2.0, 8**0.5), (3.0, 16 ** (1 / 3)), (float("inf"), 2.0)],
)
def test_pdist(p: float, wanted: float) -> None:
    x = torch.tensor([[0.0, 1], [0, 1], [2, 3]], requires_grad=True)
    out = F.pdist(x, p)
    assert torch.allclose(out, torch.tensor([0.0, wanted, wanted]), atol=1e-5)
    out.sum().backward()
    # Rows 0 and 1 are equal: what they have to do with each other adds nothing.
    assert torch.equal(x.grad[0], x.grad[1])
    assert torch.allclose(x.grad.sum(0), torch.zeros(2), atol=1e-6)
    with pytest.raises(RuntimeError, match="only supports 2D"):
        F.pdist(torch.ones(3))


def test_functional_call_of_torch_func() -> None:
    layer = torch.nn.Linear(2, 2)
    x, weight = torch.ones(2), torch.ones(2, 2, requires_grad=True)
    out = torch.func.functional_call(layer, ({"weight": weight}, {"bias": torch.zeros(2)}), x)
    out.sum().backward()
    assert out.tolist() == [2.0, 2.0]
    assert weight.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert layer.weight.grad is None
    with pytest.raises(ValueError, match="multiple dictionaries"):
        torch.func.functional_call(layer, ({"bias": x}, {"bias": x}), x)


def test_kl_div_of_the_batch_and_an_older_flag():
    """PyTorch does both: the mean (or sum) that the flag means, over the size of the batch."""
    x, y = torch.tensor([[-1.0, -2.0], [-0.5, -1.5]]), torch.tensor([[0.3, 0.7], [0.4, 0.6]])
    with pytest.warns(UserWarning, match="size_average"):
        both = F.kl_div(x, y, size_average=False, reduction="batchmean")
    assert both.item() == pytest.approx(F.kl_div(x, y, reduction="sum").item() / 2)


def test_multilabel_soft_margin_loss_counts_the_classes_of_its_input():
    loss = F.multilabel_soft_margin_loss(torch.ones(3, 1), torch.ones(3, 5))
    one = F.multilabel_soft_margin_loss(torch.ones(3, 1), torch.ones(3, 1))
    assert loss.item() == pytest.approx(5 * one.item())
