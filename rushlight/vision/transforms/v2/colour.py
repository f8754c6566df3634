"""Transforms of v2 that change colours; masks and boxes stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.vision.transforms import colour as v1
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2.transform import RandomlyApplied, Transform, query_chw
from rushlight.vision.tv_tensors import Video


class Grayscale(Transform):
    """Brightness only, in one channel or three."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.rgb_to_grayscale(inpt, num_output_channels=self.num_output_channels)


class RandomGrayscale(RandomlyApplied):
    """Brightness only, with probability p; the number of channels stays."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p=p)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"num_output_channels": query_chw(flat_inputs)[0]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.rgb_to_grayscale(inpt, **params)


class RGB(Transform):
    """One channel as three equal ones; videos stay."""

    def is_transformed(self, inpt: Any) -> bool:
        return super().is_transformed(inpt) and not isinstance(inpt, Video)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.grayscale_to_rgb(inpt)


class RandomChannelPermutation(Transform):
    """The channels in a random order."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"permutation": draws.permutation(query_chw(flat_inputs)[0])}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.permute_channels(inpt, **params)


class RandomPhotometricDistort(Transform):
    """Brightness, contrast, saturation, hue and the channels' order (Liu and others, 2016, "SSD").

    Each is changed with probability p, by a factor from its range; the contrast is changed before
    the saturation or after the hue.
    """

    def __init__(
        self,
        brightness: tuple[float, float] = (0.875, 1.125),
        contrast: tuple[float, float] = (0.5, 1.5),
        saturation: tuple[float, float] = (0.5, 1.5),
        hue: tuple[float, float] = (-0.05, 0.05),
        p: float = 0.5,
    ) -> None:
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast
        self.hue = hue
        self.saturation = saturation
        self.p = p

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels = query_chw(flat_inputs)[0]
        brightness, contrast, saturation, hue = (
            draws.uniform(low, high) if draws.chance(self.p) else None
            for low, high in (self.brightness, self.contrast, self.saturation, self.hue)
        )
        early = draws.chance(0.5)
        changes = [
            (F.adjust_brightness, brightness),
            (F.adjust_contrast, contrast if early else None),
            (F.adjust_saturation, saturation),
            (F.adjust_hue, hue),
            (F.adjust_contrast, None if early else contrast),
            (F.permute_channels, draws.permutation(channels) if draws.chance(self.p) else None),
        ]
        return {"changes": [each for each in changes if each[1] is not None]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        for change, amount in params["changes"]:
            inpt = change(inpt, amount)
        return inpt


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    get_params = staticmethod(v1.ColorJitter.get_params)

    def __init__(
        self,
        brightness: float | Sequence[float] | None = None,
        contrast: float | Sequence[float] | None = None,
        saturation: float | Sequence[float] | None = None,
        hue: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        checked = v1.ColorJitter(brightness or 0, contrast or 0, saturation or 0, hue or 0)
        self.brightness = checked.brightness
        self.contrast = checked.contrast
        self.saturation = checked.saturation
        self.hue = checked.hue

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        order, factors = v1.drawn_adjustments(ranges)
        return {"order": order, "factors": factors}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for place in params["order"]:
            factor = params["factors"][place]
            if factor is not None:
                inpt = changes[place](inpt, factor)
        return inpt


class RandomEqualize(RandomlyApplied):
    """The histogram made flat."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.equalize(inpt)


class RandomInvert(RandomlyApplied):
    """Colours inverted."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.invert(inpt)


class RandomAutocontrast(RandomlyApplied):
    """Contrast stretched to the whole range."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.autocontrast(inpt)


class RandomPosterize(RandomlyApplied):
    """Only ``bits`` binary digits of each byte."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.bits = bits

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.posterize(inpt, self.bits)


class RandomSolarize(RandomlyApplied):
    """Pixels of at least ``threshold`` inverted."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.threshold = threshold

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.solarize(inpt, self.threshold)


class RandomAdjustSharpness(RandomlyApplied):
    """Sharper or blurred."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.adjust_sharpness(inpt, self.sharpness_factor)
