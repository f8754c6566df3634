"""Keypoint R-CNN: Faster R-CNN and the points of each box (He and others, 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import _ovewrite_value_param
from rushlight.vision.models.construct import takes_all_of
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import need_out_channels, need_type
from rushlight.vision.models.detection.faster_rcnn import (
    FasterRCNN,
    draw_fan_out,
    four_level_pool,
    on_resnet50,
)
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import ResNet50_Weights
from rushlight.vision.ops.poolers import MultiScaleRoIAlign

KeypointRCNN_ResNet50_FPN_Weights = published("KeypointRCNN_ResNet50_FPN_Weights", __name__)
WIDE = 512
PERSON_POINTS = 17


class KeypointRCNN(FasterRCNN):
    """As ``FasterRCNN`` and "keypoints": (L, K, 3) of x, y, visible; "keypoints_scores" (L, K).

    Takes all of ``FasterRCNN``'s arguments, in its order; ``min_size`` is drawn from 640 to 800.
    """

    @takes_all_of(FasterRCNN)
    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int | None = None,
        min_size: int | Sequence[int] | None = None,
        *,
        keypoint_roi_pool: MultiScaleRoIAlign | None = None,
        keypoint_head: nn.Module | None = None,
        keypoint_predictor: nn.Module | None = None,
        num_keypoints: int | None = None,
        **kwargs: Any,
    ) -> None:
        need_type("keypoint_roi_pool", keypoint_roi_pool, MultiScaleRoIAlign)
        if num_keypoints is not None and keypoint_predictor is not None:
            raise ValueError("num_keypoints should be None when keypoint_predictor is specified")
        sides = (640, 672, 704, 736, 768, 800) if min_size is None else min_size
        channels = need_out_channels(backbone)
        # Drawn before the rest.
        if keypoint_head is None:
            keypoint_head = KeypointRCNNHeads(channels, (WIDE,) * 8)
        if keypoint_predictor is None:
            points = PERSON_POINTS if num_keypoints is None else num_keypoints
            keypoint_predictor = KeypointRCNNPredictor(WIDE, points)
        super().__init__(backbone, num_classes, min_size=sides, **kwargs)
        pool = four_level_pool(14) if keypoint_roi_pool is None else keypoint_roi_pool
        self.roi_heads.keypoint_roi_pool = pool
        self.roi_heads.keypoint_head = keypoint_head
        self.roi_heads.keypoint_predictor = keypoint_predictor


class KeypointRCNNHeads(nn.Sequential):
    """3x3 convolutions of these widths."""

    def __init__(self, in_channels: int, layers: Sequence[int]) -> None:
        blocks: list[nn.Module] = []
        for wide in layers:
            blocks += [nn.Conv2d(in_channels, wide, 3, stride=1, padding=1), nn.ReLU(inplace=True)]
            in_channels = wide
        super().__init__(*blocks)
        draw_fan_out(self)


class KeypointRCNNPredictor(nn.Module):
    """(N, in_channels, S, S) -> a heat map of each point (N, num_keypoints, 4 S, 4 S)."""

    def __init__(self, in_channels: int, num_keypoints: int) -> None:
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(in_channels, num_keypoints, 4, 2, 1)
        nn.init.kaiming_normal_(self.kps_score_lowres.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.kps_score_lowres.bias)
        self.up_scale = 2
        self.out_channels = num_keypoints

    def forward(self, x: Tensor) -> Any:
        return F.interpolate(
            self.kps_score_lowres(x),
            scale_factor=float(self.up_scale),
            mode="bilinear",
            align_corners=False,
            recompute_scale_factor=False,
        )


def _pretrained(given: Mapping[str, Any]) -> Any:
    kind = "COCO_LEGACY" if given["pretrained"] == "legacy" else "COCO_V1"
    return KeypointRCNN_ResNet50_FPN_Weights[kind]


@detector(
    KeypointRCNN_ResNet50_FPN_Weights,
    ResNet50_Weights,
    backbone=ResNet50_Weights.IMAGENET1K_V1,
    classes=2,
    first_eps=0.0,
    legacy=_pretrained,
    own_after="num_classes",
)
def keypointrcnn_resnet50_fpn(
    wanted: Wanted, num_keypoints: int | None = None, **kwargs: Any
) -> KeypointRCNN:
    """Keypoint R-CNN on ResNet-50 with a pyramid, 59.1 million parameters."""
    if wanted.weights is not None:
        points = len(wanted.weights.meta["keypoint_names"])
        num_keypoints = _ovewrite_value_param("num_keypoints", num_keypoints, points)
    elif num_keypoints is None:
        num_keypoints = PERSON_POINTS
    backbone = on_resnet50(wanted)
    return KeypointRCNN(backbone, wanted.classes, num_keypoints=num_keypoints, **kwargs)
