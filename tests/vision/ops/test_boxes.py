"""Boxes, their losses, and layers of torchvision.ops; numbers made by torchvision 0.28."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import ops

FIRST = [[0.0, 0, 10, 10], [2, 3, 8, 12]]
SECOND = [[5.0, 5, 15, 12], [0, 0, 10, 10], [20, 20, 21, 25]]

EXPECTED = {
    "box_iou": [0.172414, 1.0, 0.0, 0.203883, 0.375, 0.0],
    "generalized_box_iou": [-0.022031, 1.0, -0.8, 0.084225, 0.308333, -0.858852],
    "distance_box_iou": [0.071465, 1.0, -0.512664, 0.099883, 0.349385, -0.550592],
    "complete_box_iou": [0.071283, 1.0, -0.529886, 0.09619, 0.348996, -0.554193],
}
LOSSES = {
    "generalized_box_iou_loss": (0.856849, [0.036235, 0.026786, -0.036235, 0.023934]),
    "distance_box_iou_loss": (0.789575, [0.027902, 0.031909, -0.027902, 0.013908]),
    "complete_box_iou_loss": (0.78986, [0.028053, 0.031808, -0.028053, 0.014009]),
}
FOCAL = [0.41252, 0.283059, 2.7e-05]
DROPPED = 48


def suppressed(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """The definition, box by box."""
    kept: list[int] = []
    for place in sorted(range(len(scores)), key=lambda i: -scores[i]):
        for other in kept:
            sides = np.minimum(boxes[place, 2:], boxes[other, 2:]) - np.maximum(
                boxes[place, :2], boxes[other, :2]
            )
            shared = np.prod(np.maximum(sides, 0))
            areas = [np.prod(boxes[i, 2:] - boxes[i, :2]) for i in (place, other)]
            if shared / (sum(areas) - shared) > threshold:
                break
        else:
            kept.append(place)
    return kept


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_nms(threshold: float) -> None:
    rng = np.random.default_rng(0)
    start = rng.random((200, 2)) * 50
    boxes = np.concatenate([start, start + rng.random((200, 2)) * 30 + 1], axis=1)
    scores = rng.integers(0, 50, 200) / 50  # many are equal
    found = ops.nms(torch.tensor(boxes), torch.tensor(scores), threshold)
    assert found.tolist() == suppressed(boxes, scores, threshold)
    assert found.dtype is torch.int64
    classes = rng.integers(0, 3, 200)
    by_class = [
        np.flatnonzero(classes == c)[
            suppressed(boxes[classes == c], scores[classes == c], threshold)
        ]
        for c in range(3)
    ]
    together = ops.batched_nms(
        torch.tensor(boxes), torch.tensor(scores), torch.tensor(classes), threshold
    )
    assert sorted(together.tolist()) == sorted(np.concatenate(by_class))
    assert np.all(np.diff(scores[together.numpy()]) <= 0)


def test_batched_nms_of_many() -> None:
    """Class by class where there are many boxes; the same boxes stay."""
    rng = np.random.default_rng(1)
    start = rng.random((1100, 2)).astype(np.float32) * 200
    boxes = torch.tensor(np.concatenate([start, start + 20], axis=1))
    scores, classes = torch.rand(1100), torch.randint(0, 4, (1100,))
    kept = ops.batched_nms(boxes, scores, classes, 0.3)
    moved = boxes + classes[:, None] * 1000.0
    assert kept.tolist() == ops.nms(moved, scores, 0.3).tolist()


def test_nms_errors() -> None:
    boxes, scores = torch.rand(3, 4), torch.rand(3)
    assert ops.nms(boxes[:0], scores[:0], 0.5).tolist() == []
    for wrong, text in (
        ((boxes[0], scores), "boxes should be a 2d tensor, got 1D"),
        ((boxes[:, :3], scores), "4 elements in dimension 1, got 3"),
        ((boxes, scores[None]), "scores should be a 1d tensor, got 2D"),
        ((boxes, scores[:2]), "in dimension 0, got 3 and 2"),
        ((boxes, scores.double()), "same type as scores"),
        ((boxes.long(), scores.long()), "make them float32"),
    ):
        with pytest.raises(RuntimeError, match=text):
            ops.nms(*wrong, 0.5)


def test_overlaps() -> None:
    first, second = torch.tensor(FIRST), torch.tensor(SECOND)
    for name, expected in EXPECTED.items():
        found = getattr(ops, name)(first, second)
        assert found.flatten().tolist() == pytest.approx(expected, abs=1e-5), name
    assert ops.box_iou(first.int(), second.int()).dtype is torch.float32
    sides = [ops.box_convert(each, "xyxy", "xywh") for each in (first, second)]
    assert torch.allclose(ops.box_iou(*sides, fmt="xywh"), ops.box_iou(first, second))
    with pytest.raises(NotImplementedError, match="rotated"):
        ops.box_iou(first, second, "xywhr")
    with pytest.raises(ValueError, match="Unsupported format 'xx'"):
        ops.box_iou(first, second, "xx")


def test_box_losses() -> None:
    for name, (expected, slope) in LOSSES.items():
        first = torch.tensor(FIRST, requires_grad=True)
        loss = getattr(ops, name)(first, torch.tensor(SECOND[:2]), reduction="mean")
        loss.backward()
        assert loss.item() == pytest.approx(expected, abs=1e-5), name
        assert first.grad[1].tolist() == pytest.approx(slope, abs=1e-5), name
    empty = torch.zeros(0, 4, requires_grad=True)
    assert ops.generalized_box_iou_loss(empty, empty, reduction="mean").item() == 0.0
    with pytest.raises(ValueError, match="Supported reduction modes"):
        ops.distance_box_iou_loss(empty, empty, reduction="all")


def test_focal_loss() -> None:
    logits = torch.tensor([-2.0, 0.5, 3.0])
    found = ops.sigmoid_focal_loss(logits, torch.tensor([1.0, 0.0, 1.0]))
    assert found.tolist() == pytest.approx(FOCAL, abs=1e-5)
    with pytest.raises(ValueError, match="Invalid alpha value: 2"):
        ops.sigmoid_focal_loss(logits, logits, alpha=2)


def test_conversions_go_back() -> None:
    boxes = torch.rand(4, 4).double() + torch.tensor([0.0, 0, 1, 1])
    for form in ("xywh", "cxcywh"):
        back = ops.box_convert(ops.box_convert(boxes, "xyxy", form), form, "xyxy")
        assert torch.allclose(back, boxes)
    turned = torch.cat([boxes, torch.tensor([[10.0], [30], [-45], [80]]).double()], 1)
    for form in ("cxcywhr", "xyxyxyxy"):
        back = ops.box_convert(ops.box_convert(turned, "xywhr", form), form, "xywhr")
        assert torch.allclose(back, turned)
    with pytest.raises(NotImplementedError, match="xyxy and out_fmt xywhr"):
        ops.box_convert(boxes, "xyxy", "xywhr")


def test_images_and_masks() -> None:
    boxes = torch.tensor([[-5.0, 2, 50, 60], [3, 4, 5, 6]])
    assert ops.clip_boxes_to_image(boxes, (20, 30)).tolist() == [[0, 2, 30, 20], [3, 4, 5, 6]]
    assert ops.remove_small_boxes(boxes, 3).tolist() == [0]
    masks = torch.zeros(2, 5, 6, dtype=torch.bool)
    masks[0, 1:3, 2:6] = True
    assert ops.masks_to_boxes(masks).tolist() == [[2, 1, 5, 2], [0, 0, 0, 0]]
    assert ops.masks_to_boxes(masks[:0]).shape == (0, 4)


def test_drop_block() -> None:
    torch.manual_seed(1)
    dropped = ops.drop_block2d(torch.ones(2, 3, 9, 7), 0.3, 3)
    gone = dropped == 0
    assert int(gone.sum()) == DROPPED
    assert dropped.mean().item() == pytest.approx(1.0, abs=1e-5)
    assert ops.DropBlock3d(0.5, 3).eval()(torch.ones(1, 1, 3, 3, 3)).min().item() == 1.0
    with pytest.raises(ValueError, match="should be odd"):
        ops.drop_block2d(torch.ones(1, 1, 4, 4), 0.5, 2)
    with pytest.raises(ValueError, match="should be 5 dimensional"):
        ops.drop_block3d(torch.ones(1, 1, 4, 4), 0.5, 3)


def test_stochastic_depth() -> None:
    torch.manual_seed(4)
    rows = ops.stochastic_depth(torch.ones(8, 2), 0.4, "row")
    assert rows[:, 0].tolist() == rows[:, 1].tolist()
    assert {round(v, 4) for v in rows[:, 0].tolist()} == {0.0, 1.6667}
    layer = ops.StochasticDepth(1.0, "batch")
    assert layer(torch.ones(3, 2)).sum().item() == 0.0
    assert layer.eval()(torch.ones(3, 2)).sum().item() == 6.0
    with pytest.raises(ValueError, match="either 'batch' or 'row', but got col"):
        ops.stochastic_depth(torch.ones(1), 0.5, "col")


def test_frozen_norm_reads_a_batch_norm() -> None:
    norm = torch.nn.BatchNorm2d(3)
    norm(torch.randn(4, 3, 5, 5))
    frozen = ops.FrozenBatchNorm2d(3)
    frozen.load_state_dict(norm.state_dict())
    x = torch.randn(2, 3, 4, 4)
    assert torch.allclose(frozen(x), norm.eval()(x), atol=1e-6)
    assert list(frozen.parameters()) == []


def test_pyramid() -> None:
    pyramid = ops.FeaturePyramidNetwork([4, 8], 5)
    state = {name.replace(".0.0.", ".0.").replace(".1.0.", ".1."): value
             for name, value in pyramid.state_dict().items()}  # fmt: skip
    pyramid.load_state_dict(state)  # a file from before the blocks had a second number
    x = {"a": torch.rand(1, 4, 7, 7), "b": torch.rand(1, 8, 4, 4)}
    assert {name: tuple(v.shape) for name, v in pyramid(x).items()} == {
        "a": (1, 5, 7, 7), "b": (1, 5, 4, 4),
    }  # fmt: skip


def test_nms_compares_in_double() -> None:
    """Overlap 3 / 10 in float32 is a little more than 0.3: suppressed, as torchvision does."""
    boxes = torch.tensor([[0.0, 0, 10, 1], [0, 0, 3, 1]])
    assert ops.nms(boxes, torch.tensor([0.9, 0.8]), 0.3).tolist() == [0]
    assert ops.nms(boxes, torch.tensor([0.9, 0.8]), 0.31).tolist() == [0, 1]
