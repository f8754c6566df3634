"""Transforms of v2 that change values: noise, JPEG, a linear map; and which frames there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.tensor import Tensor
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import draws, linear, warp
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2.parts import has_any, is_pure_tensor
from rushlight.vision.transforms.v2.transform import Transform
from rushlight.vision.tv_tensors import Image, Video, wrap


class GaussianNoise(Transform):
    """Normal noise added to floats in [0, 1], or to bytes as much in their range."""

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        super().__init__()
        self.mean = mean
        self.sigma = sigma
        self.clip = clip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.gaussian_noise(inpt, mean=self.mean, sigma=self.sigma, clip=self.clip)


class JPEG(Transform):
    """Compressed and read back; a pair of qualities (1 to 100) is drawn from, both included."""

    def __init__(self, quality: int | Sequence[int]) -> None:
        super().__init__()
        if isinstance(quality, bool):
            raise TypeError("quality can't be bool")
        if isinstance(quality, int):
            quality = [quality, quality]
        else:
            warp.sequence_of(quality, "quality", (2,))
        low, high = quality
        if not (1 <= low <= high <= 100 and isinstance(low, int) and isinstance(high, int)):
            raise ValueError(f"quality must be an integer from 1 to 100, got {quality =}")
        self.quality = quality

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        low, high = self.quality
        return {"quality": low + draws.integer(high + 1 - low)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.jpeg(inpt, **params)


class LinearTransformation(Transform):
    """All values of an image less a mean, times a (D, D) matrix, D being C * H * W."""

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        linear.LinearTransformation(transformation_matrix, mean_vector)  # raises what cannot be
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def is_transformed(self, inpt: Any) -> bool:
        return is_pure_tensor(inpt) or isinstance(inpt, (Image, Video))

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if has_any(flat_inputs, is_image):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        plain = Tensor.detach(inpt).contiguous() if isinstance(inpt, (Image, Video)) else inpt
        whiten = linear.LinearTransformation(self.transformation_matrix, self.mean_vector)
        return wrap(whiten(plain), like=inpt)


class UniformTemporalSubsample(Transform):
    """``num_samples`` frames at even steps of a video; other images stay."""

    def __init__(self, num_samples: int) -> None:
        super().__init__()
        self.num_samples = num_samples

    def is_transformed(self, inpt: Any) -> bool:
        return is_pure_tensor(inpt) or isinstance(inpt, Video)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.uniform_temporal_subsample(inpt, self.num_samples)
