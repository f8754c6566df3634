"""transforms.v2: samples of any structure, masks and boxes with their image, v1's draws."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import transforms as T
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import v2
from rushlight.vision.transforms.v2 import functional as F

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def image() -> tv_tensors.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 12, 16), dtype=np.uint8)
    return tv_tensors.Image(torch.from_numpy(pixels))


@pytest.fixture
def boxes() -> tv_tensors.BoundingBoxes:
    return tv_tensors.BoundingBoxes([[1.0, 2, 5, 6]], format="xyxy", canvas_size=(12, 16))


def test_kinds_know_themselves(image, boxes) -> None:
    assert type(image + 1) is torch.Tensor
    assert type(image.clone()) is type(image.detach()) is tv_tensors.Image
    assert type(image.to(torch.float32)) is tv_tensors.Image
    copy = boxes.clone()
    assert (copy.format, copy.canvas_size) == (tv_tensors.BoundingBoxFormat.XYXY, (12, 16))
    again = tv_tensors.wrap(torch.zeros(1, 4), like=boxes, canvas_size=(3, 4))
    assert (type(again), again.canvas_size) == (tv_tensors.BoundingBoxes, (3, 4))
    assert tv_tensors.Image(torch.zeros(4, 5)).shape == (1, 4, 5)
    with pytest.raises(ValueError, match="2D or higher"):
        tv_tensors.Image(torch.zeros(3))


def test_a_kind_shares_its_memory() -> None:
    plain = torch.zeros(1, 2, 2)
    kind = tv_tensors.Image(plain)
    plain[0, 0, 0] = 5.0
    assert kind[0, 0, 0].item() == 5.0


def test_all_of_a_sample_moves_together(image, boxes) -> None:
    mask = tv_tensors.Mask(image[0] > 100)
    sample = {"image": image, "target": (boxes, {"mask": mask}), "name": "x", "more": torch.ones(2)}
    done = v2.RandomHorizontalFlip(1.0)(sample)
    assert np.array_equal(done["image"].numpy(), image.numpy()[:, :, ::-1])
    assert done["target"][0].tolist() == [[11.0, 2.0, 15.0, 6.0]]
    assert np.array_equal(done["target"][1]["mask"].numpy(), mask.numpy()[:, ::-1])
    assert done["name"] == "x"
    assert done["more"] is sample["more"]  # no image: there is one already


def test_the_first_plain_tensor_is_the_image() -> None:
    first, second = torch.arange(6.0).reshape(1, 2, 3), torch.arange(6.0).reshape(1, 2, 3)
    changed, kept = v2.RandomVerticalFlip(1.0)(first, second)
    assert changed.flatten().tolist() == [3, 4, 5, 0, 1, 2]
    assert kept is second


def test_boxes(boxes) -> None:
    assert F.resize(boxes, [6, 8]).tolist() == [[0.5, 1.0, 2.5, 3.0]]
    part = F.crop(boxes, 3, 2, 2, 9)
    assert (part.tolist(), part.canvas_size) == ([[0.0, 0.0, 3.0, 2.0]], (2, 9))
    assert F.pad(boxes, [1, 2, 3, 4]).tolist() == [[2.0, 4.0, 6.0, 8.0]]
    middle = F.convert_bounding_box_format(boxes, new_format="CXCYWH")
    assert middle.tolist() == [[3.0, 4.0, 4.0, 4.0]]
    assert F.vertical_flip(middle).tolist() == [[3.0, 8.0, 4.0, 4.0]]
    turned = F.rotate(boxes, 180)
    np.testing.assert_allclose(turned.tolist(), [[11, 6, 15, 10]], atol=1e-4)
    still = [[0, 0], [15, 0], [15, 11], [0, 11]]
    np.testing.assert_allclose(F.perspective(boxes, still, still).tolist(), boxes.tolist(), 1e-5)


def test_colours_leave_masks_alone(image) -> None:
    mask = tv_tensors.Mask(torch.ones(12, 16, dtype=torch.uint8))
    changed, kept = v2.RandomInvert(1.0)(image, mask)
    assert type(changed) is tv_tensors.Image
    assert np.array_equal(changed.numpy(), 255 - image.numpy())
    assert kept is mask


def test_masks_take_the_nearest_pixel() -> None:
    mask = tv_tensors.Mask(torch.tensor([[0, 200], [100, 7]], dtype=torch.uint8))
    large = v2.Resize((4, 4))(mask)
    assert set(large.flatten().tolist()) == {0, 200, 100, 7}
    assert type(large) is tv_tensors.Mask


def test_dtypes(image) -> None:
    chain = v2.Compose([
        v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.5]),
        v2.ToPureTensor(),
    ])  # fmt: skip
    pixels = image.numpy().transpose(1, 2, 0)
    result = chain(Image.fromarray(pixels))
    assert type(result) is torch.Tensor
    np.testing.assert_allclose(result.numpy(), (image.numpy() / 255 - 0.5) / 0.5, atol=1e-6)
    mask = tv_tensors.Mask(torch.ones(2, 2, dtype=torch.uint8))
    each = v2.ToDtype({tv_tensors.Mask: torch.int64, "others": None})
    assert each(image, mask)[1].dtype == torch.int64
    assert each(image, mask)[0].dtype == torch.uint8


def test_mixing() -> None:
    images, labels = torch.arange(24.0).reshape(2, 3, 2, 2), torch.tensor([0, 1])
    torch.manual_seed(0)
    mixed, shares = v2.MixUp(num_classes=3)(images, labels)
    share = shares[0, 0].item()
    assert shares.sum(1).tolist() == pytest.approx([1.0, 1.0])
    expected = images.numpy() * share + images.numpy()[::-1] * (1 - share)
    np.testing.assert_allclose(mixed.numpy(), expected, rtol=1e-5)
    cut, parts = v2.CutMix(num_classes=2)({"img": images, "labels": labels}).values()
    assert set(cut.flatten().tolist()) <= set(images.flatten().tolist())
    assert parts.sum(1).tolist() == pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match="num_classes must be passed"):
        v2.MixUp()(images, labels)


def test_forms() -> None:
    chain = v2.Compose([v2.RandomCrop(3, padding=2), v2.RandomHorizontalFlip()])
    assert repr(chain) == (
        "Compose(\n      RandomCrop(size=(3, 3), padding=[2, 2, 2, 2], pad_if_needed=False, "
        "fill=0, padding_mode=constant)\n      RandomHorizontalFlip(p=0.5)\n)"
    )


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda i: v2.Compose([]), ValueError, "at least one"),
        (lambda i: v2.RandomInvert(2.0), ValueError, "interval"),
        (lambda i: v2.RandomCrop(40)(i), ValueError, "larger than"),
        (lambda i: v2.RandomCrop(4)(3), TypeError, "No image"),
        (lambda i: v2.Normalize([0.5], [0.5])(Image.new("L", (2, 2))), TypeError, "PIL"),
        (lambda i: v2.RandomCrop(2)(i, torch.zeros(1), tv_tensors.Image(torch.zeros(1, 9, 9))),
         ValueError, "multiple"),
        (lambda i: v2.ToDtype({tv_tensors.Mask: torch.int64})(i), ValueError, "No dtype"),
    ],
)  # fmt: skip
def test_errors(call, error: type[Exception], says: str, image) -> None:
    with pytest.raises(error, match=says):
        call(image)


# Sums of the bytes that torchvision 0.28 gives with seed 3 of a PIL image.
AUTOMATIC = (
    ("v2.AutoAugment()", 378007),
    ("v2.RandAugment(3)", 311312),
    ("v2.TrivialAugmentWide()", 339148),
    ("v2.AugMix()", 335522),
    ("v2.RandomErasing(1.0, value=9)", 321469),
)


@pytest.mark.parametrize(("text", "total"), AUTOMATIC)
def test_automatic(text: str, total: int) -> None:
    y, x = np.mgrid[0:32, 0:28]
    planes = [(x * 9 + y * 3) % 256, (y * 8) % 256, (x * x + y * y) % 256]
    picture = Image.fromarray(np.stack(planes, -1).astype(np.uint8))
    torch.manual_seed(3)
    changed = eval(text, {"v2": v2})({"image": picture, "label": 3})
    assert changed["label"] == 3
    assert abs(int(np.asarray(changed["image"], np.int64).sum()) - total) <= 3


def test_automatic_wants_one_image(image, boxes) -> None:
    with pytest.raises(TypeError, match="BoundingBoxes are not supported"):
        v2.RandAugment()(image, boxes)
    with pytest.raises(TypeError, match="found 2"):
        v2.RandAugment()(image, image)


def test_return_type(image, boxes) -> None:
    with tv_tensors.set_return_type("TVTensor"):
        moved = boxes + 3
        assert type(moved) is tv_tensors.BoundingBoxes and moved.format == boxes.format
        assert moved.canvas_size == boxes.canvas_size and str(moved).startswith("BoundingBoxes([[")
        assert type(image[..., :2] * 2) is tv_tensors.Image
        turned = v2.RandomHorizontalFlip(1.0)(image, boxes)
        assert [type(each) for each in turned] == [type(image), type(boxes)]
    assert type(boxes + 3) is type(image * 2) is torch.Tensor
    tv_tensors.set_return_type("tvtensor")
    assert type(boxes + 3) is tv_tensors.BoundingBoxes
    tv_tensors.set_return_type("Tensor")
    assert type(boxes + 3) is torch.Tensor
    with pytest.raises(ValueError, match="must be 'TVTensor' or 'Tensor'"):
        tv_tensors.set_return_type("list")


def test_kinds_in_print() -> None:
    """As torchvision 0.28 prints them."""
    assert str(tv_tensors.Image([[[0, 1], [1, 0]]])) == "Image([[[0, 1],\n        [1, 0]]], )"
    assert repr(tv_tensors.Mask([1, 0])) == "Mask([1, 0])"
    shown = str(tv_tensors.BoundingBoxes([[0, 1, 2, 3]] * 2, format="XYWH", canvas_size=(9, 9)))
    assert shown == (
        "BoundingBoxes([[0, 1, 2, 3],\n               [0, 1, 2, 3]], "
        "format=BoundingBoxFormat.XYWH, canvas_size=(9, 9), clamping_mode=soft)"
    )
    points = tv_tensors.KeyPoints([[0, 1]], canvas_size=(9, 9))
    assert f"{points}" == "KeyPoints([[0, 1]], canvas_size=(9, 9))"


def test_a_kind_keeps_its_gradient() -> None:
    weight = torch.ones(1, 2, 2, requires_grad=True)
    tv_tensors.wrap(weight * 3, like=tv_tensors.Image(weight.detach())).sum().backward()
    assert weight.grad.tolist() == [[[3.0, 3.0], [3.0, 3.0]]]


def test_v2_scales_by_a_product() -> None:
    # 1 / 255 in float32 times 3 is not the float32 next to 3 / 255; both are as PyTorch has them.
    bytes_ = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    product = bytes_.float() * (1.0 / 255)
    assert (v2.ToDtype(torch.float32, scale=True)(bytes_) == product).all()
    assert (v2.functional.convert_image_dtype(bytes_) == product).all()
    quotient = bytes_.float() / 255
    assert (T.ConvertImageDtype(torch.float32)(bytes_) == quotient).all()
    assert (product != quotient).any()
    half = v2.functional.to_dtype(bytes_, torch.float16, scale=True)
    assert (half == product.half()).all()


def test_resized_bytes_sum_exactly() -> None:
    # White stays white whichever weights round up; a stretched filter's sums need 31 digits.
    for size, target in (((32, 32), [224, 224]), ((300, 7), [3, 200]), ((5, 9), [64, 2])):
        white = torch.full((3, *size), 255, dtype=torch.uint8)
        for mode in (T.InterpolationMode.BILINEAR, T.InterpolationMode.BICUBIC):
            assert (F.resize(white, target, mode) == 255).all()
    ramp = (torch.arange(12, dtype=torch.uint8) * 23).reshape(1, 3, 4)
    assert F.resize(ramp, [2, 7]).flatten().tolist() == [
        35,
        43,
        56,
        70,
        83,
        96,
        104,
        150,
        158,
        171,
        185,
        198,
        211,
        219,
    ]


def test_turned_colours_are_torchvisions() -> None:
    # Where the roundings of v1 give one more or less.
    pixels = torch.tensor([[14, 102, 251], [53, 153, 234], [19, 56, 159]], dtype=torch.uint8)
    wanted = {0: [53, 40, 14], 1: [153, 123, 56], 2: [251, 246, 159]}
    for place, factor in ((0, -0.24), (1, -0.14), (2, 0.02)):
        turned = F.adjust_hue(pixels[:, place].reshape(3, 1, 1), factor)
        assert turned.reshape(3).tolist() == wanted[place]
