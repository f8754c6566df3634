"""What published weights were trained on: the transforms behind ``weights.transforms()``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms.operations import InterpolationMode

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def _normalised(img: Any, mean: list[float], std: list[float]) -> Any:
    pixels = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
    return F.normalize(F.convert_image_dtype(pixels, torch.float), mean=mean, std=std)


def _form(preset: nn.Module, names: Sequence[str]) -> str:
    lines = "".join(f"\n    {name}={getattr(preset, name)}" for name in names)
    return f"{type(preset).__name__}({lines}\n)"


class ImageClassification(nn.Module):
    """Resize, cut out the middle, to [0, 1], normalise: (C, H, W) or PIL -> (C, crop, crop)."""

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        img = F.resize(
            img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias
        )
        return _normalised(F.center_crop(img, self.crop_size), self.mean, self.std)

    def __repr__(self) -> str:
        return _form(self, ("crop_size", "resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The same in a sentence."""
        return (
            "Takes PIL images and image tensors, single (C, H, W) or batched (B, C, H, W). "
            f"The shorter side becomes {self.resize_size} ({self.interpolation}), of which the "
            f"middle {self.crop_size} stays; values go to [0.0, 1.0] and are normalised with mean "
            f"{self.mean} and std {self.std}."
        )


class ObjectDetection(nn.Module):
    """To [0, 1]: (C, H, W) or PIL -> (C, H, W) float32."""

    def forward(self, img: Any) -> Any:
        pixels = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
        return F.convert_image_dtype(pixels, torch.float)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def describe(self) -> str:
        """The same in a sentence."""
        return (
            "Takes PIL images and image tensors, single (C, H, W) or batched (B, C, H, W). Values "
            "go to [0.0, 1.0]."
        )


class SemanticSegmentation(nn.Module):
    """Resize, to [0, 1], normalise: (C, H, W) or PIL -> (C, H', W')."""

    def __init__(
        self,
        *,
        resize_size: int | None,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        if self.resize_size is not None:
            img = F.resize(
                img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias
            )
        return _normalised(img, self.mean, self.std)

    def __repr__(self) -> str:
        return _form(self, ("resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The same in a sentence."""
        return (
            "Takes PIL images and image tensors, single (C, H, W) or batched (B, C, H, W). "
            f"The shorter side becomes {self.resize_size} ({self.interpolation}); values go to "
            f"[0.0, 1.0] and are normalised with mean {self.mean} and std {self.std}."
        )


class VideoClassification(nn.Module):
    """Every frame as ``ImageClassification`` does it: (*N, T, C, H, W) -> (*N, C, T, *crop_size).

    Frames are resized without anti-aliasing, as what these weights were trained on.
    """

    def __init__(
        self,
        *,
        crop_size: Sequence[int],
        resize_size: Sequence[int],
        mean: Sequence[float] = (0.43216, 0.394666, 0.37645),
        std: Sequence[float] = (0.22803, 0.22145, 0.216989),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    ) -> None:
        super().__init__()
        self.crop_size = list(crop_size)
        self.resize_size = list(resize_size)
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation

    def forward(self, vid: Tensor) -> Any:
        frames = vid.reshape(-1, *vid.shape[-3:])
        frames = F.resize(
            frames, self.resize_size, interpolation=self.interpolation, antialias=False
        )
        frames = _normalised(F.center_crop(frames, self.crop_size), self.mean, self.std)
        return frames.reshape(*vid.shape[:-2], *frames.shape[-2:]).transpose(-4, -3)

    def __repr__(self) -> str:
        return _form(self, ("crop_size", "resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The same in a sentence."""
        return (
            "Takes videos of frames, single (T, C, H, W) or batched (B, T, C, H, W). Frames are "
            f"resized to {self.resize_size} ({self.interpolation}), of which the middle "
            f"{self.crop_size} stays; values go to [0.0, 1.0] and are normalised with mean "
            f"{self.mean} and std {self.std}. The result is (..., C, T, H, W)."
        )


class OpticalFlow(nn.Module):
    """Two images to [-1, 1]: (*N, C, H, W) or PIL -> two of (*N, C, H, W) float32."""

    def forward(self, img1: Any, img2: Any) -> tuple[Any, Any]:
        half = [0.5, 0.5, 0.5]
        first, second = (_normalised(img, half, half).contiguous() for img in (img1, img2))
        return first, second

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def describe(self) -> str:
        """The same in a sentence."""
        return (
            "Takes two PIL images or image tensors, single (C, H, W) or batched (B, C, H, W). "
            "Values go to [-1.0, 1.0]."
        )
