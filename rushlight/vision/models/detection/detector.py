"""What every detector does first: check the targets, make a batch, compute features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.detection.image_list import ImageList
from rushlight.vision.models.detection.transform import Target

MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]


def _check_form(targets: Sequence[Target]) -> None:
    for target in targets:
        boxes = target["boxes"]
        if not isinstance(boxes, Tensor):
            raise AssertionError(f"Expected target boxes to be of type Tensor, got {type(boxes)}.")
        if boxes.dim() != 2 or boxes.shape[-1] != 4:
            raise AssertionError(
                f"Expected target boxes to be a tensor of shape [N, 4], got {boxes.shape}."
            )


def _check_sides(targets: Sequence[Target]) -> None:
    for place, target in enumerate(targets):
        boxes = target["boxes"].detach()._array()
        empty = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
        if empty.any():
            raise AssertionError(
                "All bounding boxes should have positive height and width. Found invalid box "
                f"{boxes[empty.argmax()].tolist()} for target at index {place}."
            )


class Detector(nn.Module):
    """Images [(C, H, W), ...] of any sizes -> what is in each: boxes, labels, scores ...

    In training ``targets`` are needed and the result is a dict of losses.
    """

    transform: Any
    backbone: Any

    def _prepare(
        self, images: list[Tensor], targets: list[Target] | None
    ) -> tuple[ImageList, list[Target] | None, list[tuple[int, int]]]:
        """The batch, targets to fit, and how large the images were."""
        if self.training:
            if targets is None:
                raise AssertionError("targets should not be none when in training mode")
            _check_form(targets)
        sizes = [(image.shape[-2], image.shape[-1]) for image in images]
        batch, targets = self.transform(images, targets)
        if targets is not None:
            _check_sides(targets)
        return batch, targets, sizes

    def _features(self, batch: ImageList) -> Mapping[str, Any]:
        found = self.backbone(batch.tensors)
        return {"0": found} if isinstance(found, Tensor) else found

    def eager_outputs(self, losses: dict[str, Any], detections: list[Target]) -> Any:
        """The losses in training, the detections otherwise."""
        return losses if self.training else detections


def need_out_channels(backbone: nn.Module) -> Any:
    """How many channels each feature map of the backbone has; ValueError where it does not say."""
    if not hasattr(backbone, "out_channels"):
        raise ValueError(
            "backbone should contain an attribute out_channels specifying the number of output "
            "channels (assumed to be the same for all the levels)"
        )
    return backbone.out_channels


def need_type(name: str, value: Any, kind: type) -> None:
    """TypeError unless ``value`` is None or of the kind."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(
            f"{name} should be of type {kind.__name__} or None instead of {type(value)}"
        )
