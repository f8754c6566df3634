"""Augmentation by searched or random policies: AutoAugment, RandAugment, TrivialAugment, AugMix.

Each draws operations and magnitudes out of a table (``Space``) and applies them one after another.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, linspace, tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms import draws, tone
from rushlight.vision.transforms.colour import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
)
from rushlight.vision.transforms.convert import image_array, pil_to_tensor, to_pil_image
from rushlight.vision.transforms.geometry import affine, rotate
from rushlight.vision.transforms.operations import InterpolationMode, get_dimensions
from rushlight.vision.transforms.policies import Step, policies
from rushlight.vision.transforms.transform import Chosen, Transform
from rushlight.vision.transforms.warp import fill_for

# Magnitudes by level, None where the operation has none, and whether the sign is drawn.
Space = dict[str, tuple[tuple[float, ...] | None, bool]]


@functools.lru_cache(maxsize=128)
def even_steps(first: float, last: float, bins: int) -> tuple[float, ...]:
    """``linspace`` as Python numbers."""
    return tuple(linspace(first, last, bins).tolist())


@functools.lru_cache(maxsize=32)
def _bits(most: int, span: int, bins: int) -> tuple[float, ...]:
    """Fewer and fewer binary digits: ``most`` down to ``most - span``."""
    steps = np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / span)
    return tuple(float(most - each) for each in np.rint(steps))


def augmentation_space(bins: int, reach: tuple[float, float], wide: bool = False) -> Space:
    """The usual table: ``reach`` is how far to move along x and y at the highest level."""
    shear = (even_steps(0.0, 0.99 if wide else 0.3, bins), True)
    strength = (even_steps(0.0, 0.99 if wide else 0.9, bins), True)
    none: tuple[None, bool] = (None, False)
    return {
        "ShearX": shear,
        "ShearY": shear,
        "TranslateX": (even_steps(0.0, reach[0], bins), True),
        "TranslateY": (even_steps(0.0, reach[1], bins), True),
        "Rotate": (even_steps(0.0, 135.0 if wide else 30.0, bins), True),
        "Brightness": strength,
        "Color": strength,
        "Contrast": strength,
        "Sharpness": strength,
        "Posterize": (_bits(8, 6 if wide else 4, bins), False),
        "Solarize": (even_steps(255.0, 0.0, bins), False),
        "AutoContrast": none,
        "Equalize": none,
    }


def reach_of(size: tuple[int, int]) -> tuple[float, float]:
    """How far to move along x and y an image of ``size``, (height, width), at the highest level."""
    return 150.0 / 331.0 * size[1], 150.0 / 331.0 * size[0]


IDENTITY: Space = {"Identity": (None, False)}
INVERT: Space = {"Invert": (None, False)}

BY_STRENGTH: dict[str, Callable[[Any, float], Any]] = {
    "Brightness": adjust_brightness,
    "Color": adjust_saturation,
    "Contrast": adjust_contrast,
    "Sharpness": tone.adjust_sharpness,
}
PLAIN: dict[str, Callable[[Any], Any]] = {
    "AutoContrast": tone.autocontrast,
    "Equalize": tone.equalize,
    "Invert": tone.invert,
    "Identity": lambda img: img,
}


def _apply_op(
    img: Any, op_name: str, magnitude: float, interpolation: InterpolationMode, fill: Any
) -> Any:
    """One named operation. Raises ValueError for an unknown name."""
    name = op_name
    if name in PLAIN:
        return PLAIN[name](img)
    if name in BY_STRENGTH:
        return BY_STRENGTH[name](img, 1.0 + magnitude)
    if name == "Rotate":
        return rotate(img, magnitude, interpolation, fill=fill)
    if name == "Posterize":
        return tone.posterize(img, int(magnitude))
    if name == "Solarize":
        return tone.solarize(img, magnitude)
    if name in ("ShearX", "ShearY"):
        degrees = math.degrees(math.atan(magnitude))
        shear = [degrees, 0.0] if name == "ShearX" else [0.0, degrees]
        return affine(img, 0.0, [0, 0], 1.0, shear, interpolation, fill, center=[0, 0])
    if name in ("TranslateX", "TranslateY"):
        moved = int(magnitude)
        by = [moved, 0] if name == "TranslateX" else [0, moved]
        return affine(img, 0.0, by, 1.0, [0.0, 0.0], interpolation, fill)
    raise ValueError(f"The provided operator {name} is not recognized.")


Operations = list[tuple[str, float]]


class Tabled:
    """Draws operations and magnitudes out of a table.

    Programs that want other operations override ``_augmentation_space``, which gives the table as
    torchvision has it: magnitudes as a tensor, of no axis where the operation has none.
    """

    def _table(self, *where: Any) -> Space:
        raise NotImplementedError(f"{type(self).__name__} has no table of operations")

    def _augmentation_space(self, *where: Any) -> dict[str, tuple[Tensor, bool]]:
        return {
            name: (tensor(0.0 if magnitudes is None else magnitudes), signed)
            for name, (magnitudes, signed) in self._table(*where).items()
        }

    def _space(self, *where: Any) -> Space:
        if type(self)._augmentation_space is Tabled._augmentation_space:
            return self._table(*where)
        return {
            name: (tuple(magnitudes.tolist()) if magnitudes.ndim else None, signed)
            for name, (magnitudes, signed) in self._augmentation_space(*where).items()
        }


class Augment(Tabled, Chosen):
    """Draws operations with their magnitudes, and applies them one after another."""

    def __init__(self, interpolation: InterpolationMode, fill: Any) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.fill = fill

    def change(self, img: Any, choice: Operations) -> Any:
        fill = fill_for(img, self.fill)
        for name, magnitude in choice:
            img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img


class AutoAugmentPolicy(enum.Enum):
    """On which data set the policies were learnt."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


class AutoAugment(Augment):
    """One of 25 learnt pairs of operations (Cubuk and others, 2019); bytes or PIL images."""

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy = policy
        self.policies = self._get_policies(policy)

    def _get_policies(self, policy: AutoAugmentPolicy) -> list[tuple[Step, Step]]:
        return policies(policy.value)

    def _table(self, num_bins: int, image_size: tuple[int, int]) -> Space:
        return augmentation_space(num_bins, reach_of(image_size)) | INVERT

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, list[float], list[int]]:
        """(which pair, a chance for each step, a sign for each step)."""
        place = draws.integer(transform_num)
        chances = [float(each) for each in draws.uniforms(2)]
        return place, chances, [draws.integer(2), draws.integer(2)]

    def choose(self, height: int, width: int) -> Operations:
        chosen = []
        place, chances, signs = self.get_params(len(self.policies))
        space = self._space(10, (height, width))
        for (name, p, level), chance, sign in zip(
            self.policies[place], chances, signs, strict=True
        ):
            if not draws.number(chance) <= draws.number(p):
                continue
            magnitudes, signed = space[name]
            magnitude = magnitudes[level] if magnitudes is not None and level is not None else 0.0
            if signed and sign == 0:
                magnitude *= -1.0
            chosen.append((name, magnitude))
        return chosen

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy}, fill={self.fill})"


class RandAugment(Augment):
    """``num_ops`` random operations of one magnitude (Cubuk and others, 2020)."""

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation, fill)
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def _table(self, num_bins: int, image_size: tuple[int, int]) -> Space:
        return IDENTITY | augmentation_space(num_bins, reach_of(image_size))

    def choose(self, height: int, width: int) -> Operations:
        chosen = []
        space = self._space(self.num_magnitude_bins, (height, width))
        for _ in range(self.num_ops):
            name = list(space)[draws.integer(len(space))]
            magnitudes, signed = space[name]
            magnitude = 0.0 if magnitudes is None else magnitudes[self.magnitude]
            if signed and draws.integer(2):
                magnitude *= -1.0
            chosen.append((name, magnitude))
        return chosen

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_ops={self.num_ops}, magnitude={self.magnitude}, "
            f"num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, "
            f"fill={self.fill})"
        )


class TrivialAugmentWide(Augment):
    """One random operation of random magnitude (Müller and Hutter, 2021)."""

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def _table(self, num_bins: int) -> Space:
        return IDENTITY | augmentation_space(num_bins, (32.0, 32.0), wide=True)

    def choose(self, height: int, width: int) -> Operations:
        space = self._space(self.num_magnitude_bins)
        name = list(space)[draws.integer(len(space))]
        magnitudes, signed = space[name]
        magnitude = 0.0 if magnitudes is None else magnitudes[draws.integer(len(magnitudes))]
        if signed and draws.integer(2):
            magnitude *= -1.0
        return [(name, magnitude)]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


LEVELS = 10  # of AugMix


def mixed_chains(
    values: Array, alpha: float, width: int, chain: Callable[[Tensor], Tensor]
) -> Array:
    """(..., C, H, W) mixed with ``width`` results of ``chain``; how much of each is drawn."""
    batch = values.reshape((1,) * max(4 - values.ndim, 0) + values.shape)
    count, ones = len(batch), (1,) * (batch.ndim - 1)
    # How much of the original and of the mixture; then the parts of the chains in it.
    share = draws.dirichlet([alpha] * 2, count)
    parts = draws.dirichlet([alpha] * width, count) * share[:, 1:]
    mixed = share[:, 0].reshape(count, *ones) * batch
    for place in range(width):
        changed = image_array(chain(wrap(batch.copy())), "AugMix")
        mixed += parts[:, place].reshape(count, *ones) * changed
    return mixed.reshape(values.shape).astype(values.dtype)


class AugMix(Tabled, Transform):
    """The image mixed with chains of random operations on it (Hendrycks and others, 2020)."""

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill: Any = None,
    ) -> None:
        super().__init__()
        if not 1 <= severity <= LEVELS:
            raise ValueError(f"The severity must be between [1, {LEVELS}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self.fill = fill

    def _table(self, num_bins: int, image_size: tuple[int, int]) -> Space:
        usual = augmentation_space(num_bins, (image_size[1] / 3.0, image_size[0] / 3.0)) | {
            "Posterize": (_bits(4, 4, num_bins), False)
        }
        last = {name: usual.pop(name) for name in BY_STRENGTH}
        return usual | last if self.all_ops else usual

    def _chain(self, img: Any, space: Space, fill: Any) -> Any:
        depth = self.chain_depth if self.chain_depth > 0 else 1 + draws.integer(3)
        for _ in range(depth):
            name = list(space)[draws.integer(len(space))]
            magnitudes, signed = space[name]
            magnitude = 0.0 if magnitudes is None else magnitudes[draws.integer(self.severity)]
            if signed and draws.integer(2):
                magnitude *= -1.0
            img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img

    def forward(self, orig_img: Any) -> Any:
        picture = isinstance(orig_img, Tensor)
        fill = fill_for(orig_img, self.fill)
        _, height, width = get_dimensions(orig_img)
        space = self._space(LEVELS, (height, width))
        img = orig_img if picture else pil_to_tensor(orig_img)
        mixed = mixed_chains(
            image_array(img, "AugMix"), self.alpha, self.mixture_width,
            lambda each: self._chain(each, space, fill),
        )  # fmt: skip
        result = wrap(mixed)
        return result if picture else to_pil_image(result)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(severity={self.severity}, mixture_width={self.mixture_width}, "
            f"chain_depth={self.chain_depth}, alpha={self.alpha}, all_ops={self.all_ops}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
