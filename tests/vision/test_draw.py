"""Drawing into images: sums of the bytes that torchvision 0.28 draws, and corners."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import utils

pytest.importorskip("PIL.Image")

KEYPOINTS = [[[5, 6.5], [40, 20], [70, 50]], [[20, 20], [30.0, 9], [60, 8]]]
VISIBLE = [[True, True, False], [True, False, True]]
CASES = (
    ("draw_bounding_boxes(im, boxes)", 1730879),
    ("draw_bounding_boxes(im[:1], boxes, colors='red', width=3)", 1617555),
    ("draw_segmentation_masks(im, masks)", 1032531),
    ("draw_segmentation_masks(im, masks, 0.5, ['red', 'lime'])", 1544321),
    ("draw_keypoints(im, points)", 1845033),
    ("draw_keypoints(im, points, [(0, 1), (1, 2)], 'red', 4, 2, visible)", 1831624),
)


@pytest.fixture
def names() -> dict[str, object]:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (3, 60, 80), dtype=np.uint8))
    rng.random((3, 60, 80), dtype=np.float32)
    boxes = torch.tensor([[3, 4, 30, 40], [10.7, 5, 70, 50.2], [0, 0, 79, 59]])
    masks = torch.from_numpy(rng.random((2, 60, 80)) > 0.6)
    points, visible = torch.tensor(KEYPOINTS), torch.tensor(VISIBLE)
    return {"im": image, "boxes": boxes, "masks": masks, "points": points, "visible": visible}


@pytest.mark.parametrize(("call", "total"), CASES)
def test_sums(call: str, total: int, names: dict[str, object]) -> None:
    drawn = eval(f"utils.{call}", {"utils": utils, **names})
    assert drawn.dtype == torch.uint8
    assert int(drawn.to(torch.int64).sum()) == total


def test_floats_stay_floats(names: dict[str, object]) -> None:
    image = torch.rand(3, 60, 80)
    drawn = utils.draw_bounding_boxes(image, names["boxes"], ["a", "b", "c"], fill=True)
    assert drawn.dtype == torch.float32
    assert 0 <= drawn.min().item() <= drawn.max().item() <= 1
    kept = utils.draw_segmentation_masks(image, names["masks"], alpha=0.0)
    np.testing.assert_allclose(kept.numpy(), image.numpy(), atol=1e-7)


def test_flow() -> None:
    right = torch.zeros(2, 1, 2)
    right[0, 0, 1] = 3.0
    assert utils.flow_to_image(right).tolist() == [[[255, 255]], [[255, 0]], [[255, 0]]]
    both = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 2, 5, 6)).astype(np.float32))
    assert utils.flow_to_image(both).shape == (2, 3, 5, 6)
    with pytest.raises(ValueError, match="Input flow should have shape"):
        utils.flow_to_image(torch.zeros(3, 4, 4))


def test_nothing_to_draw(names: dict[str, object]) -> None:
    with pytest.warns(UserWarning, match="No box was drawn"):
        assert utils.draw_bounding_boxes(names["im"], torch.zeros(0, 4)) is names["im"]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        ("draw_bounding_boxes(3, boxes)", TypeError, "must be a tensor"),
        ("draw_bounding_boxes(im, boxes[:, [2, 3, 0, 1]])", ValueError, "xmin, ymin"),
        ("draw_bounding_boxes(im, boxes, ['a'])", ValueError, "mismatch"),
        ("draw_bounding_boxes(im, boxes, colors=['red'])", ValueError, "equal or larger"),
        ("draw_bounding_boxes(im[None], boxes)", ValueError, "not batches"),
        ("draw_segmentation_masks(im, masks[:, 1:])", ValueError, "same height and width"),
        ("draw_segmentation_masks(im, boxes)", ValueError, "dtype bool"),
        ("draw_keypoints(im, boxes)", ValueError, "num_instances, K, 2"),
        ("draw_keypoints(im, points, visibility=visible[:1])", ValueError, "same dimensionality"),
    ],
)
def test_errors(call: str, error: type[Exception], says: str, names: dict[str, object]) -> None:
    with pytest.raises(error, match=says):
        eval(f"utils.{call}", {"utils": utils, **names})
