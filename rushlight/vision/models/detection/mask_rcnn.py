"""Mask R-CNN: Faster R-CNN and a mask of each box (He and others, 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from rushlight import nn
from rushlight.vision.models.construct import takes_all_of
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import need_out_channels, need_type
from rushlight.vision.models.detection.faster_rcnn import (
    FasterRCNN,
    draw_fan_out,
    four_level_pool,
    on_resnet50,
    second_version,
)
from rushlight.vision.models.detection.old_names import rename_layers
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import ResNet50_Weights
from rushlight.vision.ops.blocks import Conv2dNormActivation
from rushlight.vision.ops.poolers import MultiScaleRoIAlign

MaskRCNN_ResNet50_FPN_Weights = published("MaskRCNN_ResNet50_FPN_Weights", __name__)
MaskRCNN_ResNet50_FPN_V2_Weights = published("MaskRCNN_ResNet50_FPN_V2_Weights", __name__)
WIDE = 256


class MaskRCNN(FasterRCNN):
    """As ``FasterRCNN`` and "masks": (L, 1, H, W) in [0, 1]; targets (T, H, W) of 0 and 1.

    Takes all of ``FasterRCNN``'s arguments, in its order.
    """

    @takes_all_of(FasterRCNN)
    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int | None = None,
        *,
        mask_roi_pool: MultiScaleRoIAlign | None = None,
        mask_head: nn.Module | None = None,
        mask_predictor: nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        need_type("mask_roi_pool", mask_roi_pool, MultiScaleRoIAlign)
        if num_classes is not None and mask_predictor is not None:
            raise ValueError("num_classes should be None when mask_predictor is specified")
        channels = need_out_channels(backbone)
        # Drawn before the rest.
        if mask_head is None:
            mask_head = MaskRCNNHeads(channels, (WIDE,) * 4, 1)
        if mask_predictor is None:
            assert num_classes is not None, "num_classes or mask_predictor must be given"
            mask_predictor = MaskRCNNPredictor(WIDE, WIDE, num_classes)
        super().__init__(backbone, num_classes, **kwargs)
        pool = four_level_pool(14) if mask_roi_pool is None else mask_roi_pool
        self.roi_heads.mask_roi_pool = pool
        self.roi_heads.mask_head = mask_head
        self.roi_heads.mask_predictor = mask_predictor


class MaskRCNNHeads(nn.Sequential):
    """3x3 convolutions of these widths."""

    _version = 2

    def __init__(
        self,
        in_channels: int,
        layers: Sequence[int],
        dilation: int,
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        blocks = []
        for wide in layers:
            blocks.append(
                Conv2dNormActivation(
                    in_channels, wide, kernel_size=3, stride=1, padding=dilation,
                    dilation=dilation, norm_layer=norm_layer,
                )
            )  # fmt: skip
            in_channels = wide
        super().__init__(*blocks)
        draw_fan_out(self)

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        *rest: Any,
    ) -> None:
        old = {f"mask_fcn{place + 1}": f"{place}.0" for place in range(len(self))}
        rename_layers(state_dict, prefix, local_metadata, old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class MaskRCNNPredictor(nn.Sequential):
    """(N, in_channels, S, S) -> a mask of each class (N, num_classes, 2 S, 2 S)."""

    def __init__(self, in_channels: int, dim_reduced: int, num_classes: int) -> None:
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(in_channels, dim_reduced, 2, 2, 0)
        self.relu = nn.ReLU(inplace=True)
        self.mask_fcn_logits = nn.Conv2d(dim_reduced, num_classes, 1, 1, 0)
        for name, parameter in self.named_parameters():
            if "weight" in name:
                nn.init.kaiming_normal_(parameter, mode="fan_out", nonlinearity="relu")


@detector(
    MaskRCNN_ResNet50_FPN_Weights,
    ResNet50_Weights,
    backbone=ResNet50_Weights.IMAGENET1K_V1,
    first_eps=0.0,
)
def maskrcnn_resnet50_fpn(wanted: Wanted, **kwargs: Any) -> MaskRCNN:
    """Mask R-CNN on ResNet-50 with a pyramid, 44.4 million parameters."""
    return MaskRCNN(on_resnet50(wanted), num_classes=wanted.classes, **kwargs)


@detector(MaskRCNN_ResNet50_FPN_V2_Weights, ResNet50_Weights, backbone=None)
def maskrcnn_resnet50_fpn_v2(wanted: Wanted, **kwargs: Any) -> MaskRCNN:
    """Mask R-CNN on ResNet-50, the improved recipe, 46.4 million parameters."""
    pyramid, heads = second_version(wanted)
    masks = MaskRCNNHeads(pyramid.out_channels, [WIDE] * 4, 1, norm_layer=nn.BatchNorm2d)
    return MaskRCNN(pyramid, num_classes=wanted.classes, mask_head=masks, **heads, **kwargs)
