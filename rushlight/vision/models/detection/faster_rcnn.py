"""Faster R-CNN: proposals and heads over one set of features (Ren and others, 2015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator
from rushlight.vision.models.detection.backbone_utils import (
    _mobilenet_extractor,
    _resnet_fpn_extractor,
)
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import MEAN, STD, need_out_channels, need_type
from rushlight.vision.models.detection.generalized_rcnn import GeneralizedRCNN
from rushlight.vision.models.detection.roi_heads import RoIHeads
from rushlight.vision.models.detection.rpn import RegionProposalNetwork, RPNHead
from rushlight.vision.models.detection.transform import GeneralizedRCNNTransform
from rushlight.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import ResNet50_Weights, resnet50
from rushlight.vision.ops.blocks import Conv2dNormActivation
from rushlight.vision.ops.feature_pyramid_network import LastLevelP6P7
from rushlight.vision.ops.poolers import MultiScaleRoIAlign

FasterRCNN_ResNet50_FPN_Weights = published("FasterRCNN_ResNet50_FPN_Weights", __name__)
FasterRCNN_ResNet50_FPN_V2_Weights = published("FasterRCNN_ResNet50_FPN_V2_Weights", __name__)
FasterRCNN_MobileNet_V3_Large_FPN_Weights = published(
    "FasterRCNN_MobileNet_V3_Large_FPN_Weights", __name__
)
FasterRCNN_MobileNet_V3_Large_320_FPN_Weights = published(
    "FasterRCNN_MobileNet_V3_Large_320_FPN_Weights", __name__
)
REPRESENTATION = 1024
RATIOS = (0.5, 1.0, 2.0)


def _default_anchorgen() -> AnchorGenerator:
    """One size a level of the pyramid, three shapes each."""
    sizes = ((32,), (64,), (128,), (256,), (512,))
    return AnchorGenerator(sizes, (RATIOS,) * len(sizes))


def four_level_pool(output_size: int) -> MultiScaleRoIAlign:
    """Regions from the levels of a pyramid over a ResNet."""
    names = ["0", "1", "2", "3"]
    return MultiScaleRoIAlign(featmap_names=names, output_size=output_size, sampling_ratio=2)


class FasterRCNN(GeneralizedRCNN):
    """Images [(3, H, W), ...] in [0, 1] -> [{"boxes" (L, 4), "labels" (L), "scores" (L)}, ...].

    In training targets [{"boxes", "labels"}, ...] are needed and a dict of losses is returned.
    ``backbone`` has ``out_channels``; ``num_classes`` counts "nothing" as one.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int | None = None,
        min_size: int | Sequence[int] = 800,
        max_size: int = 1333,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        rpn_anchor_generator: AnchorGenerator | None = None,
        rpn_head: nn.Module | None = None,
        rpn_pre_nms_top_n_train: int = 2000,
        rpn_pre_nms_top_n_test: int = 1000,
        rpn_post_nms_top_n_train: int = 2000,
        rpn_post_nms_top_n_test: int = 1000,
        rpn_nms_thresh: float = 0.7,
        rpn_fg_iou_thresh: float = 0.7,
        rpn_bg_iou_thresh: float = 0.3,
        rpn_batch_size_per_image: int = 256,
        rpn_positive_fraction: float = 0.5,
        rpn_score_thresh: float = 0.0,
        box_roi_pool: MultiScaleRoIAlign | None = None,
        box_head: nn.Module | None = None,
        box_predictor: nn.Module | None = None,
        box_score_thresh: float = 0.05,
        box_nms_thresh: float = 0.5,
        box_detections_per_img: int = 100,
        box_fg_iou_thresh: float = 0.5,
        box_bg_iou_thresh: float = 0.5,
        box_batch_size_per_image: int = 512,
        box_positive_fraction: float = 0.25,
        bbox_reg_weights: tuple[float, float, float, float] | None = None,
        **kwargs: Any,
    ) -> None:
        channels = need_out_channels(backbone)
        need_type("rpn_anchor_generator", rpn_anchor_generator, AnchorGenerator)
        need_type("box_roi_pool", box_roi_pool, MultiScaleRoIAlign)
        if num_classes is not None and box_predictor is not None:
            raise ValueError("num_classes should be None when box_predictor is specified")
        if num_classes is None and box_predictor is None:
            raise ValueError("num_classes should not be None when box_predictor is not specified")
        anchors = _default_anchorgen() if rpn_anchor_generator is None else rpn_anchor_generator
        if rpn_head is None:
            rpn_head = RPNHead(channels, anchors.num_anchors_per_location()[0])
        rpn = RegionProposalNetwork(
            anchors,
            rpn_head,
            rpn_fg_iou_thresh,
            rpn_bg_iou_thresh,
            rpn_batch_size_per_image,
            rpn_positive_fraction,
            {"training": rpn_pre_nms_top_n_train, "testing": rpn_pre_nms_top_n_test},
            {"training": rpn_post_nms_top_n_train, "testing": rpn_post_nms_top_n_test},
            rpn_nms_thresh,
            score_thresh=rpn_score_thresh,
        )
        if box_roi_pool is None:
            box_roi_pool = four_level_pool(7)
        if box_head is None:
            box_head = TwoMLPHead(channels * box_roi_pool.output_size[0] ** 2, REPRESENTATION)
        if box_predictor is None:
            assert num_classes is not None
            box_predictor = FastRCNNPredictor(REPRESENTATION, num_classes)
        roi_heads = RoIHeads(
            box_roi_pool,
            box_head,
            box_predictor,
            box_fg_iou_thresh,
            box_bg_iou_thresh,
            box_batch_size_per_image,
            box_positive_fraction,
            bbox_reg_weights,
            box_score_thresh,
            box_nms_thresh,
            box_detections_per_img,
        )
        mean, std = image_mean or MEAN, image_std or STD
        transform = GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs)
        super().__init__(backbone, rpn, roi_heads, transform)


class TwoMLPHead(nn.Module):
    """Regions (N, C, S, S) -> (N, representation_size)."""

    def __init__(self, in_channels: int, representation_size: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(in_channels, representation_size)
        self.fc7 = nn.Linear(representation_size, representation_size)

    def forward(self, x: Tensor) -> Any:
        return F.relu(self.fc7(F.relu(self.fc6(x.flatten(start_dim=1)))))


class FastRCNNConvFCHead(nn.Sequential):
    """Regions (N, *input_size) through 3x3 convolutions and linear layers -> (N, fc_layers[-1])."""

    def __init__(
        self,
        input_size: tuple[int, int, int],
        conv_layers: Sequence[int],
        fc_layers: Sequence[int],
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        channels, height, width = input_size
        blocks: list[nn.Module] = []
        for wide in conv_layers:
            blocks.append(Conv2dNormActivation(channels, wide, norm_layer=norm_layer))
            channels = wide
        blocks.append(nn.Flatten())
        channels *= height * width
        for wide in fc_layers:
            blocks += [nn.Linear(channels, wide), nn.ReLU(inplace=True)]
            channels = wide
        super().__init__(*blocks)
        draw_fan_out(self)


def draw_fan_out(module: nn.Module) -> None:
    """Convolutions normal by what they lead to, biases 0, in the order of the modules."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class FastRCNNPredictor(nn.Module):
    """(N, in_channels) -> scores (N, num_classes), codes (N, 4 * num_classes)."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(in_channels, num_classes)
        self.bbox_pred = nn.Linear(in_channels, num_classes * 4)

    def forward(self, x: Tensor) -> tuple[Any, Any]:
        if x.dim() == 4 and tuple(x.shape[2:]) != (1, 1):
            raise AssertionError(
                "x has the wrong shape, expecting the last two dimensions to be [1,1] instead of "
                f"{list(x.shape[2:])}"
            )
        x = x.flatten(start_dim=1)
        return self.cls_score(x), self.bbox_pred(x)


def on_resnet50(wanted: Wanted, above: tuple[int, int] | None = None) -> Any:
    """A ResNet-50 with a pyramid, norms fixed if trained before.

    ``above``: channels of two more levels over layers 2 to 4, as detectors of one stage have.
    """
    backbone = resnet50(weights=wanted.below, progress=wanted.progress, norm_layer=wanted.norm)
    if above is None:
        return _resnet_fpn_extractor(backbone, wanted.trainable)
    extra = LastLevelP6P7(*above)
    return _resnet_fpn_extractor(backbone, wanted.trainable, [2, 3, 4], extra)


def second_version(wanted: Wanted) -> tuple[Any, dict[str, Any]]:
    """Backbone and heads of the improved recipe: norms everywhere, deeper heads."""
    backbone = resnet50(weights=wanted.below, progress=wanted.progress)
    pyramid = _resnet_fpn_extractor(backbone, wanted.trainable, norm_layer=nn.BatchNorm2d)
    channels = pyramid.out_channels
    anchors = _default_anchorgen()
    head = RPNHead(channels, anchors.num_anchors_per_location()[0], conv_depth=2)
    box_head = FastRCNNConvFCHead(
        (channels, 7, 7), [256] * 4, [REPRESENTATION], norm_layer=nn.BatchNorm2d
    )
    return pyramid, {"rpn_anchor_generator": anchors, "rpn_head": head, "box_head": box_head}


@detector(
    FasterRCNN_ResNet50_FPN_Weights,
    ResNet50_Weights,
    backbone=ResNet50_Weights.IMAGENET1K_V1,
    first_eps=0.0,
)
def fasterrcnn_resnet50_fpn(wanted: Wanted, **kwargs: Any) -> FasterRCNN:
    """Faster R-CNN on ResNet-50 with a pyramid, 41.8 million parameters."""
    return FasterRCNN(on_resnet50(wanted), num_classes=wanted.classes, **kwargs)


@detector(FasterRCNN_ResNet50_FPN_V2_Weights, ResNet50_Weights, backbone=None)
def fasterrcnn_resnet50_fpn_v2(wanted: Wanted, **kwargs: Any) -> FasterRCNN:
    """Faster R-CNN on ResNet-50, the improved recipe, 43.7 million parameters."""
    pyramid, heads = second_version(wanted)
    return FasterRCNN(pyramid, num_classes=wanted.classes, **heads, **kwargs)


def _on_mobilenet(wanted: Wanted, kwargs: dict[str, Any], defaults: dict[str, Any]) -> FasterRCNN:
    backbone = mobilenet_v3_large(
        weights=wanted.below, progress=wanted.progress, norm_layer=wanted.norm
    )
    pyramid = _mobilenet_extractor(backbone, True, wanted.trainable)
    anchors = AnchorGenerator(((32, 64, 128, 256, 512),) * 3, (RATIOS,) * 3)
    options = {**defaults, **kwargs}
    return FasterRCNN(pyramid, wanted.classes, rpn_anchor_generator=anchors, **options)


@detector(
    FasterRCNN_MobileNet_V3_Large_320_FPN_Weights,
    MobileNet_V3_Large_Weights,
    backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    layers=(6, 3),
)
def fasterrcnn_mobilenet_v3_large_320_fpn(wanted: Wanted, **kwargs: Any) -> FasterRCNN:
    """Faster R-CNN on MobileNetV3-Large for small images, 19.4 million parameters."""
    few = {
        "min_size": 320,
        "max_size": 640,
        "rpn_pre_nms_top_n_test": 150,
        "rpn_post_nms_top_n_test": 150,
        "rpn_score_thresh": 0.05,
    }
    return _on_mobilenet(wanted, kwargs, few)


@detector(
    FasterRCNN_MobileNet_V3_Large_FPN_Weights,
    MobileNet_V3_Large_Weights,
    backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    layers=(6, 3),
)
def fasterrcnn_mobilenet_v3_large_fpn(wanted: Wanted, **kwargs: Any) -> FasterRCNN:
    """Faster R-CNN on MobileNetV3-Large, 19.4 million parameters."""
    return _on_mobilenet(wanted, kwargs, {"rpn_score_thresh": 0.05})
