"""AutoAugment and its kin for samples of v2: one image in it; other draws than in v1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.tensor import Tensor
from rushlight.utils._pytree import tree_flatten, tree_unflatten
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import autoaugment as v1
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.colour import largest
from rushlight.vision.transforms.convert import image_array, pil_to_tensor, to_pil_image
from rushlight.vision.transforms.operations import InterpolationMode, get_dimensions
from rushlight.vision.transforms.policies import policies
from rushlight.vision.transforms.v2 import images
from rushlight.vision.transforms.v2.geometry import fill_for
from rushlight.vision.transforms.v2.transform import Transform
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
    Image,
    wrap,
)

# What v2 computes otherwise than v1.
STRONGER: dict[str, Callable[[Any, float], Any]] = {
    "Color": images.adjust_saturation,
    "Contrast": images.adjust_contrast,
    "Sharpness": images.adjust_sharpness,
}
PLAIN: dict[str, Callable[[Any], Any]] = {
    "AutoContrast": images.autocontrast,
    "Equalize": images.equalize,
}


class AutoAugmentation(Transform):
    """Finds the image of a sample, has ``augment`` change it, and puts it back."""

    def __init__(self, *, interpolation: Any = "nearest", fill: Any = None) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.fill = fill

    def choose(self, height: int, width: int) -> v1.Operations:
        """The operations for an image of that size, with their magnitudes."""
        raise NotImplementedError(f"{type(self).__name__} has no choose")

    def change(self, img: Any, choice: v1.Operations) -> Any:
        """The image (a PIL image or a plain tensor) after all of them."""
        for name, magnitude in choice:
            img = self.apply(img, name, magnitude)
        return img

    def augment(self, img: Any, size: tuple[int, int]) -> Any:
        """The image (a PIL image or a plain tensor), changed."""
        return self.change(img, self.choose(*size))

    def forward(self, *inputs: Any) -> Any:
        flat, structure = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        for each in flat:
            if isinstance(each, ANNOTATIONS):
                raise TypeError(
                    f"Inputs of type {type(each).__name__} are not supported by "
                    f"{type(self).__name__}()"
                )
        places = [place for place, take in enumerate(self._wanted(flat)) if take]
        if not places:
            raise TypeError("Found no image in the sample.")
        if len(places) > 1:
            raise TypeError(
                "Auto augment transformations are only properly defined for a single image or "
                f"video, but found {len(places)}."
            )
        found = flat[places[0]]
        _, height, width = get_dimensions(found)
        plain = Tensor.detach(found) if isinstance(found, Image) else found
        changed = self.augment(plain, (height, width))
        flat[places[0]] = wrap(changed, like=found) if isinstance(found, Image) else changed
        return tree_unflatten(flat, structure)

    def strength(self, magnitudes: tuple[float, ...] | None, signed: bool, level: int) -> float:
        """How strong; the sign is drawn here."""
        if magnitudes is None:
            return 0.0
        value = magnitudes[level]
        return -value if signed and draws.uniform() <= 0.5 else value

    def apply(self, img: Any, name: str, magnitude: float) -> Any:
        """One operation."""
        if name == "Solarize":  # a part of white
            bound = largest(image_array(img, name).dtype) if isinstance(img, Tensor) else 255
            magnitude = bound * magnitude
        if name in STRONGER:
            return STRONGER[name](img, 1.0 + magnitude)
        if name in PLAIN:
            return PLAIN[name](img)
        if name == "Posterize":
            return images.posterize(img, int(magnitude))
        mode = self.interpolation
        mode = InterpolationMode(mode) if isinstance(mode, str) else mode
        return v1._apply_op(img, name, magnitude, mode, fill_for(self.fill, img))


def _space(bins: int, space: v1.Space) -> v1.Space:
    """The table with Solarize as a part of white."""
    return space | {"Solarize": (v1.even_steps(1.0, 0.0, bins), False)}


def _draw_name(space: v1.Space) -> str:
    return list(space)[draws.integer(len(space))]


class AutoAugment(AutoAugmentation):
    """One of 25 learnt pairs of operations."""

    get_params = staticmethod(v1.AutoAugment.get_params)

    def __init__(
        self,
        policy: v1.AutoAugmentPolicy = v1.AutoAugmentPolicy.IMAGENET,
        interpolation: Any = "nearest",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.policy = policy
        self._policies = policies(policy.value)

    def choose(self, height: int, width: int) -> v1.Operations:
        chosen = []
        space = _space(10, v1.augmentation_space(10, v1.reach_of((height, width)))) | v1.INVERT
        for name, p, level in self._policies[draws.integer(len(self._policies))]:
            if not draws.uniform() <= draws.number(p):
                continue
            chosen.append((name, self.strength(*space[name], level or 0)))
        return chosen


class RandAugment(AutoAugmentation):
    """``num_ops`` random operations of one magnitude."""

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = "nearest",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def choose(self, height: int, width: int) -> v1.Operations:
        bins = self.num_magnitude_bins
        reach = v1.reach_of((height, width))
        space = _space(bins, v1.IDENTITY | v1.augmentation_space(bins, reach))
        names = (_draw_name(space) for _ in range(self.num_ops))
        return [(name, self.strength(*space[name], self.magnitude)) for name in names]


class TrivialAugmentWide(AutoAugmentation):
    """One random operation of random magnitude."""

    def __init__(
        self, num_magnitude_bins: int = 31, interpolation: Any = "nearest", fill: Any = None
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.num_magnitude_bins = num_magnitude_bins

    def choose(self, height: int, width: int) -> v1.Operations:
        bins = self.num_magnitude_bins
        usual = v1.augmentation_space(bins, (32.0, 32.0), wide=True)
        space = _space(bins, v1.IDENTITY | usual)
        name = _draw_name(space)
        level = 0 if space[name][0] is None else draws.integer(bins)
        return [(name, self.strength(*space[name], level))]


class AugMix(AutoAugmentation):
    """The image mixed with chains of random operations on it."""

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Any = "bilinear",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self._table = v1.AugMix(severity, all_ops=all_ops)._table
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops

    def _chain(self, img: Any, space: v1.Space) -> Any:
        depth = self.chain_depth if self.chain_depth > 0 else 1 + draws.integer(3)
        for _ in range(depth):
            name = _draw_name(space)
            level = 0 if space[name][0] is None else draws.integer(self.severity)
            img = self.apply(img, name, self.strength(*space[name], level))
        return img

    def augment(self, img: Any, size: tuple[int, int]) -> Any:
        values = image_array(pil_to_tensor(img) if is_image(img) else img, "AugMix")
        space = _space(v1.LEVELS, self._table(v1.LEVELS, size))
        mixed = v1.mixed_chains(
            values, self.alpha, self.mixture_width, lambda each: self._chain(each, space)
        )
        result = wrap_array(mixed)
        return to_pil_image(result) if is_image(img) else result
