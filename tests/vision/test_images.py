"""Functions of transforms.v2 on tensor images: sums that torchvision 0.28 gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.tensor import Tensor
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import InterpolationMode as Mode
from rushlight.vision.transforms import functional as F1
from rushlight.vision.transforms import v2
from rushlight.vision.transforms.v2 import functional as F

BYTES = (torch.arange(3 * 9 * 7) * 89 % 256).reshape(3, 9, 7).to(torch.uint8)
LARGE = (torch.arange(3 * 73 * 41) * 89 % 256).reshape(3, 73, 41).to(torch.uint8)
LINE = torch.arange(61).reshape(1, 1, 61)
BENT = [1.1, 0.1, -1, 0.05, 0.9, 0.3, 0.001, 0.002]
CASES: dict[str, tuple[Callable[[], Tensor], int, int]] = {
    "bilinear": (lambda: F.resize(BYTES, [4, 11]), 16895, 693800),
    "bicubic": (lambda: F.resize(BYTES, [4, 11], Mode.BICUBIC), 16911, 693218),
    "not smooth": (
        lambda: F.resize(BYTES, [4, 11], Mode.BICUBIC, antialias=False), 16089, 676338,
    ),
    "first bilinear": (lambda: F1.resize(LARGE, [20, 57]), 435952, 21220968),
    "first bicubic": (lambda: F1.resize(LARGE, [20, 57], Mode.BICUBIC), 435969, 21225606),
    "first long": (lambda: F1.resize(LARGE, [150, 30]), 1720881, 84252015),
    "lanczos": (lambda: F.resize(BYTES, [5, 5], Mode.LANCZOS), 9606, 366627),
    "longest": (lambda: F.resize(BYTES, None, max_size=5), 5767, 132933),
    "nearest": (lambda: F.resize(LINE, [1, 49], Mode.NEAREST), 1440, 48220),
    "pad": (lambda: F.pad(BYTES, [1, 0, 2, 3], fill=[1, 2.7, 3]), 24524, 1196922),
    "saturation": (lambda: F.adjust_saturation(BYTES, 1.3), 24013, 1153071),
    "sharpness": (lambda: F.adjust_sharpness(BYTES, 0.3), 24090, 1166053),
    "contrast": (lambda: F.adjust_contrast(BYTES, 1.7), 24084, 1158350),
    "posterize": (lambda: F.posterize(BYTES / 255, 3) * 256, 21248, 1027104),
    "equalize": (lambda: F.equalize(BYTES / 255) * 255, 24182, 1167026),
    "perspective": (lambda: F.perspective(BYTES, None, None, coefficients=BENT), 22150, 1065206),
    "rotate": (lambda: F1.rotate(BYTES.double() / 255, 30) * 255, 19807, 942853),
    "gray": (lambda: F.rgb_to_grayscale(BYTES), 8040, 254339),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_torchvision(name: str) -> None:
    function, total, placed = CASES[name]
    values = (function() * 1.0).round().to(torch.int64).flatten()
    places = torch.arange(len(values)) % 97 + 1
    assert (int(values.sum()), int((values * places).sum())) == (total, placed)


def test_masks() -> None:
    mask = tv_tensors.Mask(LINE.to(torch.uint8))
    exact = F.resize(mask, [1, 2], Mode.NEAREST_EXACT)
    assert exact.tolist() == [[[15, 45]]]
    assert F.resize(mask, [1, 2], Mode.BICUBIC).tolist() == [[[0, 30]]]
    with pytest.raises(ValueError, match="Non-scalar"):
        F.pad(mask, 1, fill=[1, 2, 3])


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="antialias=True"):
        F.resize(BYTES, [2, 2], Mode.LANCZOS, antialias=False)
    with pytest.raises(ValueError, match="not scalar"):
        F.pad(BYTES, 1, fill=[1, 2, 3], padding_mode="edge")
    with pytest.raises(RuntimeError, match="2 numbers"):
        F.pad(BYTES, 1, fill=[1, 2])
    boxes = tv_tensors.BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(9, 7))
    with pytest.raises(ValueError, match="scale should be positive"):
        F.affine(boxes, 10, [0, 0], 0.0, [0, 0])


def test_kernels_of_one_kind() -> None:
    boxes = torch.tensor([[2.0, 3.0, 9.0, 12.0]])
    kind = tv_tensors.BoundingBoxFormat.XYXY
    moved, size = F.crop_bounding_boxes(boxes, kind, 2, 3, 8, 5)
    assert (type(moved) is Tensor, moved.tolist(), size) == (True, [[0.0, 1.0, 5.0, 8.0]], (8, 5))
    assert F.horizontal_flip_bounding_boxes(boxes[0], kind, (17, 23)).tolist() == [14, 3, 21, 12]
    points, size = F.resize_keypoints(boxes[:, :2], [34, 46], (17, 23))
    assert (points.tolist(), size) == ([[4.0, 6.0]], (34, 46))
    assert F.resize_mask(BYTES[0], size=[3, 2]).shape == (3, 2)
    assert torch.equal(F.pad_image(BYTES, [1]), F.pad(BYTES, [1]))
    with pytest.raises(TypeError, match="missing a required argument: 'width'"):
        F.crop_bounding_boxes(boxes, kind, 1, 2, 3)
    with pytest.raises(AttributeError, match="no attribute 'resize_sound'"):
        F.resize_sound  # noqa: B018


def test_automatic_policies_take_floats() -> None:
    for name in ("AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix"):
        for seed in range(4):
            torch.manual_seed(seed)
            assert getattr(v2, name)()(BYTES / 255).dtype is torch.float32
    assert v2.Resize(None, max_size=5)(BYTES).shape == (3, 5, 3)
    mask = v2.ConvertImageDtype()(tv_tensors.Mask(BYTES[:1]))
    assert (mask.dtype, float(mask.max())) == (torch.float32, 255.0)
