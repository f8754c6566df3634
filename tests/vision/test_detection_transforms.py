"""transforms.v2 for detectors: boxes, points and sizes."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import v2
from rushlight.vision.transforms.v2 import functional as F


@pytest.fixture
def boxes() -> tv_tensors.BoundingBoxes:
    corners = [[0.0, 0, 5, 5], [1, 1, 1, 4], [-1, 2, 4, 6], [2, 2, 30, 6]]
    return tv_tensors.BoundingBoxes(corners, format="xyxy", canvas_size=(20, 20))


def test_sanitize_leaves_out_labels_and_masks_too(boxes) -> None:
    masks = tv_tensors.Mask(torch.arange(4).reshape(4, 1, 1).expand(4, 20, 20))
    sample = {"boxes": boxes, "labels": torch.arange(4), "masks": masks}
    done = v2.SanitizeBoundingBoxes()(torch.zeros(3, 20, 20), sample)[1]
    assert done["boxes"].tolist() == [[0.0, 0.0, 5.0, 5.0]]
    assert done["labels"].tolist() == [0]
    assert done["masks"].shape == (1, 20, 20)
    with pytest.raises(ValueError, match="must match the number of labels"):
        v2.SanitizeBoundingBoxes()({"boxes": boxes, "labels": torch.arange(3)})


def test_clamped_boxes(boxes) -> None:
    assert v2.ClampBoundingBoxes()(boxes).tolist()[2:] == [[0, 2, 4, 6], [2, 2, 20, 6]]
    assert v2.ClampBoundingBoxes(None)(boxes).tolist() == boxes.tolist()
    plain = F.clamp_bounding_boxes(torch.tensor(boxes.tolist()), "XYWH", (20, 20), "soft")
    assert plain.tolist() == [[0, 0, 5, 5], [1, 1, 1, 4], [0, 2, 3, 6], [2, 2, 18, 6]]


def test_keypoints() -> None:
    points = tv_tensors.KeyPoints([[1.0, 2.0], [30.0, 1.0]], canvas_size=(10, 20))
    assert F.horizontal_flip(points).tolist() == [[18.0, 2.0], [-11.0, 1.0]]
    assert F.resize(points, [5, 40]).tolist() == [[2.0, 1.0], [60.0, 0.5]]
    assert F.crop(points, 1, 1, 3, 4).canvas_size == (3, 4)
    assert v2.ClampKeyPoints()(points).tolist() == [[1.0, 2.0], [19.0, 1.0]]
    assert v2.SanitizeKeyPoints()(points).tolist() == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="shape"):
        tv_tensors.KeyPoints(torch.zeros(2, 3), canvas_size=(4, 5))


def test_iou_crop_zeroes_boxes_outside(boxes) -> None:
    torch.manual_seed(3)
    crop = v2.RandomIoUCrop(sampler_options=[0.0])
    image, done = crop(torch.zeros(3, 20, 20), boxes)
    assert done.canvas_size == tuple(image.shape[-2:])
    assert done.canvas_size != (20, 20)
    with pytest.raises(TypeError, match="bounding boxes"):
        crop(torch.zeros(3, 4, 4))


def test_sizes_keep_the_aspect_ratio() -> None:
    image = torch.zeros(3, 20, 40)
    assert v2.RandomShortestSize(10, 15)(image).shape == (3, 7, 15)
    assert v2.ScaleJitter((40, 20), (0.5, 0.5))(image).shape == (3, 10, 20)
    assert 10 <= v2.RandomResize(10, 12)(image).shape[1] < 12


def test_a_users_kind_does_what_it_registered() -> None:
    class Own(tv_tensors.TVTensor):
        pass

    own = tv_tensors.wrap(torch.ones(2), like=Own._of_kind(torch.ones(1)))
    assert F.resize(own, [3]) is own
    F.register_kernel("hflip", Own)(lambda inpt: inpt + 1)
    assert F.horizontal_flip(own).tolist() == [2.0, 2.0]


def test_values() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    given = F.permute_channels(torch.from_numpy(image), [2, 0, 1])
    assert np.array_equal(given.numpy(), image[[2, 0, 1]])
    video = tv_tensors.Video(torch.arange(9).reshape(9, 1, 1, 1))
    assert v2.UniformTemporalSubsample(3)(video).flatten().tolist() == [0, 4, 8]
    assert v2.RGB()(tv_tensors.Image(torch.ones(1, 3, 4))).shape == (3, 3, 4)
    with pytest.raises(ValueError, match="from 1 to 100"):
        v2.JPEG(0)
