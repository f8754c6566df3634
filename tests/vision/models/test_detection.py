"""Detectors: names, first values, what comes out, losses, errors. Frozen from torchvision 0.28."""

from __future__ import annotations

import hashlib
import inspect

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision.models import detection
from rushlight.vision.models.detection._utils import BoxCoder, BoxLinearCoder, Matcher, SSDMatcher
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from rushlight.vision.models.detection.faster_rcnn import FastRCNNPredictor
from rushlight.vision.models.detection.fcos import FCOSHead
from rushlight.vision.models.detection.masks import paste_masks_in_image
from rushlight.vision.models.detection.stretch import stretch

BUILT = {
    "fasterrcnn_mobilenet_v3_large_fpn": (330, 19410754, "7c8d2ee433"),
    "ssdlite320_mobilenet_v3_large": (476, 3440060, "dd9cd818cc"),
}


@pytest.mark.parametrize("name", BUILT)
def test_first_values(name: str) -> None:
    torch.manual_seed(3)
    model = getattr(detection, name)(weights=None, weights_backbone=None)
    made = hashlib.md5(usedforsecurity=False)
    for key, value in model.state_dict().items():
        made.update(f"{key}{tuple(value.shape)}{value.dtype}".encode())
        made.update(value.numpy().tobytes())
    count = sum(parameter.numel() for parameter in model.parameters())
    assert (len(model.state_dict()), count, made.hexdigest()[:10]) == BUILT[name]


def _small(cls: type = detection.FasterRCNN, **options: object) -> nn.Module:
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 4, 1))
    backbone.out_channels = 8
    anchors = AnchorGenerator(((16, 32),), ((0.5, 1.0),))
    pool = torch_pool()
    return cls(
        backbone, 3, min_size=64, max_size=96, rpn_anchor_generator=anchors, box_roi_pool=pool,
        **options,
    )  # fmt: skip


def torch_pool(side: int = 3) -> object:
    from rushlight.vision.ops import MultiScaleRoIAlign

    return MultiScaleRoIAlign(featmap_names=["0"], output_size=side, sampling_ratio=2)


def _targets() -> list[dict[str, torch.Tensor]]:
    masks = torch.zeros(2, 48, 64, dtype=torch.uint8)
    masks[:, 10:30, 10:40] = 1
    full = {
        "boxes": torch.tensor([[4.0, 4, 40, 40], [20, 10, 60, 44]]),
        "labels": torch.tensor([1, 2]),
        "masks": masks,
    }
    empty = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, 60, 50, dtype=torch.uint8),
    }
    return [full, empty]


def test_two_stages_train_and_find() -> None:
    torch.manual_seed(0)
    model = _small(detection.MaskRCNN, mask_roi_pool=torch_pool(4))
    images = [torch.rand(3, 48, 64), torch.rand(3, 60, 50)]
    losses = model(images, _targets())
    assert set(losses) == {
        "loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg", "loss_mask",
    }  # fmt: skip
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    model.eval()
    found = model(images)
    for image, each in zip(images, found, strict=True):
        count = len(each["boxes"])
        assert each["boxes"].shape == (count, 4) and each["labels"].dtype is torch.int64
        assert each["masks"].shape == (count, 1, *image.shape[-2:])
        assert each["scores"].tolist() == sorted(each["scores"].tolist(), reverse=True)


def test_a_new_head() -> None:
    model = _small()
    model.roi_heads.box_predictor = FastRCNNPredictor(1024, 7)
    assert model.roi_heads.box_predictor.cls_score.out_features == 7


def test_errors() -> None:
    model = _small()
    image = [torch.rand(3, 48, 64)]
    with pytest.raises(AssertionError, match="targets should not be none"):
        model(image)
    with pytest.raises(AssertionError, match=r"shape \[N, 4\]"):
        model(image, [{"boxes": torch.zeros(4), "labels": torch.tensor([1])}])
    with pytest.raises(AssertionError, match="positive height and width"):
        model(image, [{"boxes": torch.tensor([[5.0, 5, 5, 9]]), "labels": torch.tensor([1])}])
    with pytest.raises(ValueError, match="out_channels"):
        detection.FasterRCNN(nn.ReLU(), 2)
    with pytest.raises(TypeError, match="floating type"):
        model.eval()([torch.zeros(3, 9, 9, dtype=torch.uint8)])


def test_boxes_there_and_back() -> None:
    known = torch.tensor([[0.0, 0, 10, 20], [5, 5, 25, 15]])
    wanted = torch.tensor([[1.0, 2, 14, 18], [0, 6, 30, 16]])
    coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
    codes = coder.encode_single(wanted, known)
    expected = [[2.5, 0.0, 1.3118, -1.1157], [0.0, 1.0, 2.0273, 0.0]]
    np.testing.assert_allclose(codes.numpy(), expected, atol=1e-4)
    np.testing.assert_allclose(coder.decode_single(codes, known), wanted, atol=1e-4)
    linear = BoxLinearCoder()
    sides = linear.encode(known, wanted)
    np.testing.assert_allclose(linear.decode(sides, known), wanted, atol=1e-5)


def test_matching() -> None:
    quality = torch.tensor([[0.9, 0.5, 0.1, 0.4], [0.2, 0.35, 0.3, 0.1]])
    assert Matcher(0.7, 0.4)(quality).tolist() == [0, -2, -1, -2]
    # The second true box's best is the second proposal, which was between: it keeps the first.
    assert Matcher(0.7, 0.4, True)(quality).tolist() == [0, 0, -1, -2]
    assert SSDMatcher(0.5)(quality).tolist() == [0, 1, -1, -1]
    with pytest.raises(ValueError, match="No ground-truth boxes"):
        Matcher(0.7, 0.4)(torch.zeros(0, 3))


def test_default_boxes() -> None:
    generator = DefaultBoxGenerator([[2]], scales=[0.2, 0.4])
    from rushlight.vision.models.detection.image_list import ImageList

    images = ImageList(torch.zeros(1, 3, 10, 20), [(10, 20)])
    (boxes,) = generator(images, [torch.zeros(1, 1, 1, 2)])
    assert boxes.shape == (8, 4)
    np.testing.assert_allclose(boxes[0], [3.0, 4.0, 7.0, 6.0], atol=1e-5)
    # As exact as the maps: sides are float32(0.2), from there on all is double.
    (boxes,) = generator(images, [torch.zeros(1, 1, 1, 2, dtype=torch.float64)])
    half = np.float64(np.float32(0.2)) / 2
    assert boxes[0].tolist() == [(0.25 - half) * 20, (0.5 - half) * 10,
                                 (0.25 + half) * 20, (0.5 + half) * 10]  # fmt: skip


def test_fcos_in_double() -> None:
    """Which box a pixel is to find is not rounded to float32."""
    head = FCOSHead(1, 1, 2, num_convs=0)
    true = torch.tensor([[0.1, 0.2, 9.3, 7.7]], dtype=torch.float64)
    anchors = torch.tensor([[2.0, 2, 4, 4]], dtype=torch.float64)
    found = {
        "cls_logits": torch.full((1, 1, 2), 0.3, dtype=torch.float64),
        "bbox_regression": torch.ones(1, 1, 4, dtype=torch.float64),
        "bbox_ctrness": torch.full((1, 1, 1), 0.5, dtype=torch.float64),
    }
    target = {"boxes": true, "labels": torch.tensor([1])}
    losses = head.compute_loss([target], found, [anchors], [torch.tensor([0])])
    left, top, right, bottom = 3 - 0.1, 3 - 0.2, 9.3 - 3, 7.7 - 3
    share = np.sqrt(left / right * top / bottom)
    expected = np.log1p(np.exp(-0.5)) + (1 - share) * 0.5
    np.testing.assert_allclose(losses["bbox_ctrness"].item(), expected, rtol=1e-12)
    p = 1 / (1 + np.exp(-0.3))
    expected = -0.25 * (1 - p) ** 2 * np.log(p) - 0.75 * p**2 * np.log(1 - p)
    np.testing.assert_allclose(losses["classification"].item(), expected, rtol=1e-12)


@pytest.mark.parametrize(("cubic", "mode"), [(False, "bilinear"), (True, "bicubic")])
def test_stretch_as_interpolate(cubic: bool, mode: str) -> None:
    maps = np.random.default_rng(0).random((2, 5, 7)).astype(np.float32)
    for size in [(9, 4), (1, 1), (5, 7), (3, 20)]:
        expected = nn.functional.interpolate(torch.from_numpy(maps)[None], size=size, mode=mode)
        np.testing.assert_allclose(stretch(maps, *size, cubic=cubic), expected[0], atol=1e-5)


def test_masks_outside_the_image() -> None:
    boxes = torch.tensor([[-6.0, -6, 4, 4], [50, 50, 60, 60]])
    pasted = paste_masks_in_image(torch.ones(2, 1, 4, 4), boxes, (10, 12))
    assert pasted.shape == (2, 1, 10, 12)
    assert pasted[0, 0, 0, 0] == 1 and pasted[0, 0, 9, 9] == 0 and not pasted[1].any()


def test_arguments_of_a_family_by_place_and_by_name() -> None:
    plain = list(inspect.signature(detection.FasterRCNN).parameters)
    masks = inspect.signature(detection.MaskRCNN).parameters
    own = ["mask_roi_pool", "mask_head", "mask_predictor"]
    assert list(masks) == [*plain[:-1], *own, "kwargs"]
    assert {masks[name].kind for name in own} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    points = inspect.signature(detection.KeypointRCNN).parameters
    assert points["min_size"].default is None and points["max_size"].default == 1333
    named = list(inspect.signature(detection.keypointrcnn_resnet50_fpn).parameters)
    assert named[2:5] == ["num_classes", "num_keypoints", "weights_backbone"]
    named = list(inspect.signature(detection.ssdlite320_mobilenet_v3_large).parameters)
    assert named[-2:] == ["norm_layer", "kwargs"]
    model = _small(detection.MaskRCNN, mask_roi_pool=torch_pool(4), size_divisible=8)
    assert (model.transform.size_divisible, model.transform.max_size) == (8, 96)
    by_place = detection.MaskRCNN(model.backbone, 3, 40, 50)
    assert (by_place.transform.min_size, by_place.transform.max_size) == ((40,), 50)
