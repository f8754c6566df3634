"""Transforms that move and change pixels: sums computed once with torchvision 0.28, and corners."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import transforms as T
from rushlight.vision.transforms import functional as F

Image = pytest.importorskip("PIL.Image")

BICUBIC = T.InterpolationMode.BICUBIC
# Transform, sum of the bytes from a PIL image, sum from a tensor, both with seed 3.
SUMS = (
    ("T.RandomAffine(30, (0.1, 0.2), (0.7, 1.4), 10)", 171888, 171888),
    (
        "T.RandomAffine((5, 40), shear=(1, 9, -4, 4), interpolation=B, fill=9)",
        320715,
        318337,
    ),
    ("T.RandomPerspective(0.6, p=0.9, fill=3)", 153607, 152587),
    ("T.RandomRotation((20, 40), T.InterpolationMode.BILINEAR, expand=True)", 334922, 329381),
    ("T.GaussianBlur((5, 9), (0.2, 3.0))", 336000, 336000),
    ("T.ElasticTransform(90.0, 4.0)", 299832, 299832),
    ("T.RandomInvert(0.9)", 349440, 349440),
    ("T.RandomPosterize(3, 0.9)", 299200, 299200),
    ("T.RandomSolarize(100, 0.9)", 179007, 179007),
    ("T.RandomAdjustSharpness(2.5, 0.9)", 335518, 335518),
    ("T.RandomAutocontrast(0.9)", 339148, 339148),
    ("T.RandomEqualize(0.9)", 387100, 387100),
    ("T.ColorJitter(0.4, 0.4, 0.4, 0.5)", 205173, 204862),
    ("T.AutoAugment(T.AutoAugmentPolicy.CIFAR10)", 387100, 387100),
    ("T.RandAugment(4, 20, fill=7)", 258688, 258688),
    ("T.TrivialAugmentWide()", 339148, 339148),
    ("T.AugMix(5, 2, 2, 0.5)", 344129, 344129),
)


@pytest.fixture
def pixels() -> np.ndarray:
    y, x = np.mgrid[0:32, 0:28]
    planes = [(x * 9 + y * 3) % 256, (y * 8) % 256, (x * x + y * y) % 256]
    return np.stack(planes, -1).astype(np.uint8)


@pytest.mark.parametrize(("text", "image_sum", "tensor_sum"), SUMS)
def test_sums(text: str, image_sum: int, tensor_sum: int, pixels: np.ndarray) -> None:
    transform = eval(text, {"T": T, "B": T.InterpolationMode.BILINEAR})
    image = Image.fromarray(pixels)
    torch.manual_seed(3)
    changed = transform(image)
    torch.manual_seed(3)
    tensor = transform(T.PILToTensor()(image))
    assert tensor.dtype == torch.uint8
    # A pixel may round the other way where the arithmetic is ours.
    assert abs(int(np.asarray(changed, np.int64).sum()) - image_sum) <= 2
    assert abs(int(tensor.to(torch.int64).sum()) - tensor_sum) <= 2


def test_a_quarter_turn_is_exact() -> None:
    picture = torch.arange(48, dtype=torch.uint8).reshape(3, 4, 4)
    turned = F.rotate(picture, 90)
    assert turned.tolist() == torch.rot90(picture, 1, (1, 2)).tolist()
    assert F.rotate(picture, 0).tolist() == picture.tolist()
    assert tuple(F.rotate(torch.zeros(1, 4, 10), 90, expand=True).shape) == (1, 10, 4)


def test_batches_are_turned_together() -> None:
    batch = torch.arange(96, dtype=torch.float32).reshape(2, 3, 4, 4)
    assert F.affine(batch, 20.0, [1, 0], 1.1, 3.0).tolist()[1] == (
        F.affine(batch[1], 20.0, [1, 0], 1.1, 3.0).tolist()
    )


def test_corners_and_mirrors() -> None:
    picture = torch.arange(20).reshape(1, 4, 5)
    five = F.five_crop(picture, 2)
    assert [each.flatten().tolist() for each in five[:2]] == [[0, 1, 5, 6], [3, 4, 8, 9]]
    ten = T.TenCrop((2, 2), vertical_flip=True)(picture)
    assert len(ten) == 10
    assert ten[5].flatten().tolist() == [15, 16, 10, 11]
    with pytest.raises(ValueError, match="bigger than input size"):
        F.five_crop(picture, 6)


def test_whitening() -> None:
    matrix = torch.eye(4) * 2.0
    white = T.LinearTransformation(matrix, torch.ones(4))
    assert white(torch.arange(4.0).reshape(1, 2, 2)).tolist() == [[[-2.0, 0.0], [2.0, 4.0]]]
    with pytest.raises(ValueError, match="incompatible shape"):
        white(torch.zeros(1, 3, 3))
    with pytest.raises(ValueError, match="should be square"):
        T.LinearTransformation(torch.zeros(2, 3), torch.zeros(2))


def test_single_valued_channels_stay() -> None:
    flat = torch.full((3, 5, 5), 7, dtype=torch.uint8)
    assert F.autocontrast(flat).tolist() == flat.tolist()
    assert F.equalize(flat).tolist() == flat.tolist()


def test_hue_and_gamma() -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    np.testing.assert_allclose(F.adjust_hue(red, 1 / 3).flatten().tolist(), [0, 1, 0], atol=1e-6)
    assert F.adjust_gamma(torch.full((1, 2, 2), 0.5), 2.0).tolist() == [[[0.25] * 2] * 2]


def test_gradients_are_not_lost_in_silence() -> None:
    picture = torch.zeros(3, 8, 8, requires_grad=True)
    for change in (F.invert, lambda x: F.rotate(x, 9), lambda x: F.gaussian_blur(x, 3)):
        with pytest.raises(NotImplementedError, match="with gradient"):
            change(picture)
    with torch.no_grad():
        assert F.invert(picture).sum().item() == 192.0


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: T.RandomAffine(-3), ValueError, "must be positive"),
        (lambda: T.RandomAffine(3, translate=(2, 0)), ValueError, "between 0 and 1"),
        (lambda: T.RandomAffine(3, scale=(0, 1)), ValueError, "should be positive"),
        (lambda: T.RandomAffine((1, 2, 3)), ValueError, "length 2"),
        (lambda: T.GaussianBlur(4), ValueError, "odd and positive"),
        (lambda: T.GaussianBlur(3, (2, 1)), ValueError, "form"),
        (lambda: T.ElasticTransform(1), TypeError, "alpha should be float"),
        (lambda: T.AugMix(11), ValueError, r"between \[1, 10\]"),
        (lambda: F.posterize(torch.zeros(3, 2, 2), 3), TypeError, "torch.uint8"),
        (lambda: F.posterize(torch.zeros(3, 2, 2), 9), ValueError, "between 0 and 8"),
        (lambda: F.solarize(torch.zeros(3, 2, 2), 2), TypeError, "less than bound"),
        (lambda: F.invert(torch.zeros(2, 2, 2)), TypeError, "channel"),
        (lambda: F.rotate(torch.zeros(1, 2, 2), 3, BICUBIC), ValueError, "unsupp"),
        (lambda: F.rotate(torch.zeros(3, 2, 2), 3, fill=[1.0, 2.0]), ValueError, "fill"),
        (lambda: F.perspective(torch.zeros(1, 2, 2), [], []), ValueError, "four corners"),
    ],
)  # fmt: skip
def test_errors(call, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_a_threshold_between_two_bytes_is_rounded_as_float32() -> None:
    # PyTorch 2.13 with torchvision 0.28: AutoAugment's threshold 255 * float32(2 / 3) inverts 170.
    image = torch.arange(168, 173, dtype=torch.uint8).expand(3, 1, 5)
    assert F.solarize(image, 255 * 0.6666666865348816)[0, 0].tolist() == [168, 169, 85, 84, 83]
