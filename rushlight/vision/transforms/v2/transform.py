"""What the transforms of v2 have in common: samples of any structure, one choice for all of it.

PIL images, Images, Masks and BoundingBoxes anywhere in dicts, lists and tuples are transformed
together. A plain tensor counts as the image if there is no other, the first one only.
"""

from __future__ import annotations

import enum
from typing import Any

from rushlight.nn import Module
from rushlight.tensor import Tensor
from rushlight.utils._pytree import tree_flatten, tree_unflatten
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.operations import get_dimensions
from rushlight.vision.transforms.v2.functional import get_size
from rushlight.vision.transforms.v2.parts import is_pure_tensor
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
    Image,
    Video,
)


def query_chw(flat_inputs: list[Any]) -> tuple[int, int, int]:
    """(channels, height, width) of the images, which must agree."""
    found = {
        tuple(get_dimensions(each))
        for each in flat_inputs
        if is_pure_tensor(each) or is_image(each) or isinstance(each, (Image, Video))
    }
    if not found:
        raise TypeError("No image or video was found in the sample")
    if len(found) > 1:
        raise ValueError(f"Found multiple CxHxW dimensions in the sample: {sorted(found)}")
    channels, height, width = found.pop()
    return channels, height, width


def query_size(flat_inputs: list[Any]) -> tuple[int, int]:
    """(height, width) of everything that has one, which must agree."""
    found = {
        tuple(get_size(each))
        for each in flat_inputs
        if is_pure_tensor(each) or is_image(each)
        or isinstance(each, (Image, Video, *ANNOTATIONS))
    }  # fmt: skip
    if not found:
        raise TypeError("No image, video, mask, bounding box of keypoint was found in the sample")
    if len(found) > 1:
        raise ValueError(f"Found multiple HxW dimensions in the sample: {sorted(found)}")
    height, width = found.pop()
    return height, width


class Transform(Module):
    """Subclass it with ``transform(inpt, params)``, and ``make_params`` for what is drawn."""

    def __init__(self) -> None:
        super().__init__()

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """May raise for a sample that does not suit."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What is drawn, once for a sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of the sample."""
        raise NotImplementedError(f"{type(self).__name__} has no transform")

    def is_transformed(self, inpt: Any) -> bool:
        """Whether the transform is for such things at all."""
        return isinstance(inpt, Tensor) or is_image(inpt)

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def forward(self, *inputs: Any) -> Any:
        """The sample, in the structure it came in."""
        sample: Any = inputs if len(inputs) > 1 else inputs[0]
        flat, structure = tree_flatten(sample)
        self.check_inputs(flat)
        return self._apply(flat, structure)

    def _apply(self, flat: list[Any], structure: Any) -> Any:
        wanted = self._wanted(flat)
        chosen = [each for each, take in zip(flat, wanted, strict=True) if take]
        params = self.make_params(chosen)
        done = [
            self.transform(each, params) if take else each
            for each, take in zip(flat, wanted, strict=True)
        ]
        return tree_unflatten(done, structure)

    def _wanted(self, flat: list[Any]) -> list[bool]:
        plain_is_image = not any(is_image(x) or isinstance(x, (Image, Video)) for x in flat)
        wanted = []
        for each in flat:
            take = self.is_transformed(each)
            if take and is_pure_tensor(each):
                take, plain_is_image = plain_is_image, False
            wanted.append(take)
        return wanted

    def extra_repr(self) -> str:
        """The settings, by name."""
        shown = (bool, int, float, str, tuple, list, enum.Enum)
        return ", ".join(
            f"{name}={value}"
            for name, value in self.__dict__.items()
            if not name.startswith("_") and name != "training" and isinstance(value, shown)
        )


class RandomlyApplied(Transform):
    """Something that happens with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        super().__init__()
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        sample: Any = inputs if len(inputs) > 1 else inputs[0]
        flat, structure = tree_flatten(sample)
        self.check_inputs(flat)
        return self._apply(flat, structure) if draws.chance(self.p) else sample
