"""torchvision.ops: layers and operations of vision networks."""

from rushlight.vision.ops import (
    boxes,
    ciou_loss,
    diou_loss,
    focal_loss,
    giou_loss,
    misc,
    poolers,
)
from rushlight.vision.ops.blocks import (
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    FrozenBatchNorm2d,
    Permute,
    SqueezeExcitation,
)
from rushlight.vision.ops.boxes import (
    batched_nms,
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    complete_box_iou,
    distance_box_iou,
    generalized_box_iou,
    masks_to_boxes,
    nms,
    remove_small_boxes,
)
from rushlight.vision.ops.deform_conv import DeformConv2d, deform_conv2d
from rushlight.vision.ops.drop_block import (
    DropBlock2d,
    DropBlock3d,
    drop_block2d,
    drop_block3d,
)
from rushlight.vision.ops.feature_pyramid_network import FeaturePyramidNetwork
from rushlight.vision.ops.losses import (
    complete_box_iou_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
    sigmoid_focal_loss,
)
from rushlight.vision.ops.poolers import MultiScaleRoIAlign
from rushlight.vision.ops.roi_align import PSRoIAlign, RoIAlign, ps_roi_align, roi_align
from rushlight.vision.ops.roi_pool import PSRoIPool, RoIPool, ps_roi_pool, roi_pool
from rushlight.vision.ops.stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "MLP",
    "Conv2dNormActivation",
    "Conv3dNormActivation",
    "DeformConv2d",
    "DropBlock2d",
    "DropBlock3d",
    "FeaturePyramidNetwork",
    "FrozenBatchNorm2d",
    "MultiScaleRoIAlign",
    "PSRoIAlign",
    "PSRoIPool",
    "Permute",
    "RoIAlign",
    "RoIPool",
    "SqueezeExcitation",
    "StochasticDepth",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "boxes",
    "ciou_loss",
    "clip_boxes_to_image",
    "complete_box_iou",
    "complete_box_iou_loss",
    "deform_conv2d",
    "diou_loss",
    "distance_box_iou",
    "distance_box_iou_loss",
    "drop_block2d",
    "drop_block3d",
    "focal_loss",
    "generalized_box_iou",
    "generalized_box_iou_loss",
    "giou_loss",
    "masks_to_boxes",
    "misc",
    "nms",
    "poolers",
    "ps_roi_align",
    "ps_roi_pool",
    "remove_small_boxes",
    "roi_align",
    "roi_pool",
    "sigmoid_focal_loss",
    "stochastic_depth",
]
