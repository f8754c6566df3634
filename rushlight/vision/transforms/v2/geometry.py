"""Transforms of v2 that move pixels, masks and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.vision.transforms import chance, draws, warp
from rushlight.vision.transforms.fixed import two_sizes
from rushlight.vision.transforms.operations import borders
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2.transform import RandomlyApplied, Transform, query_size
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
)

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def fill_for(fill: Any, inpt: Any) -> Any:
    """The fill for this kind of thing: a dict may say one for each class, or for "others"."""
    chosen = fill
    if isinstance(fill, dict):
        chosen = fill.get(type(inpt), fill.get("others"))
    return [float(x) for x in chosen] if isinstance(chosen, (list, tuple)) else chosen


class RandomHorizontalFlip(RandomlyApplied):
    """Left and right exchanged with probability p."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.horizontal_flip(inpt)


class RandomVerticalFlip(RandomlyApplied):
    """Top and bottom exchanged with probability p."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.vertical_flip(inpt)


class Resize(Transform):
    """To (height, width), the shorter edge to one number, or (None) the longer to ``max_size``."""

    def __init__(
        self,
        size: int | Sequence[int] | None,
        interpolation: Any = "bilinear",
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if size is None:
            if not isinstance(max_size, int):
                raise ValueError(
                    f"max_size must be an integer when size is None, but got {max_size} instead."
                )
        elif not isinstance(size, int) and not (isinstance(size, Sequence) and len(size) in (1, 2)):
            raise ValueError(
                f"size can be an integer or a sequence of one or two integers, but got {size} "
                "instead."
            )
        self.size = None if size is None else [size] if isinstance(size, int) else list(size)
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(
            inpt, self.size, interpolation=self.interpolation, max_size=self.max_size,
            antialias=self.antialias,
        )  # fmt: skip


class CenterCrop(Transform):
    """The middle."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = two_sizes(size)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.center_crop(inpt, output_size=self.size)


class _Crops(Transform):
    """Several images of one."""

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if any(isinstance(each, ANNOTATIONS) for each in flat_inputs):
            raise TypeError(
                f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()"
            )


class FiveCrop(_Crops):
    """The four corners and the middle, as a tuple."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = two_sizes(size)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.five_crop(inpt, self.size)


class TenCrop(_Crops):
    """``FiveCrop`` of the image and of its mirror image."""

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = two_sizes(size)
        self.vertical_flip = vertical_flip

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.ten_crop(inpt, self.size, vertical_flip=self.vertical_flip)


class Pad(Transform):
    """A border."""

    def __init__(
        self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        if padding_mode not in PADDING_MODES:
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        if not isinstance(padding, int) and (
            not isinstance(padding, (tuple, list)) or len(padding) not in (1, 2, 4)
        ):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element of tuple or list, got {padding}."
            )
        self.padding = padding if isinstance(padding, int) else list(padding)
        self.fill = fill
        self.padding_mode = padding_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        fill = fill_for(self.fill, inpt)
        return F.pad(inpt, padding=self.padding, fill=fill, padding_mode=self.padding_mode)


class RandomZoomOut(RandomlyApplied):
    """The image on a larger canvas, at a random place."""

    def __init__(
        self, fill: Any = 0, side_range: Sequence[float] = (1.0, 4.0), p: float = 0.5
    ) -> None:
        super().__init__(p=p)
        warp.sequence_of(side_range, "side_range", (2,))
        if side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")
        self.fill = fill
        self.side_range = side_range

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        low, high = self.side_range
        ratio = low + draws.uniforms(1)[0] * (high - low)
        wide, tall = int(width * ratio), int(height * ratio)
        across, down = draws.uniforms(2)
        left, top = int((wide - width) * across), int((tall - height) * down)
        return {"padding": [left, top, wide - (left + width), tall - (top + height)]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pad(inpt, **params, fill=fill_for(self.fill, inpt))


class RandomCrop(Transform):
    """A part at a random place, after an optional border."""

    get_params = staticmethod(chance.RandomCrop.get_params)

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = two_sizes(size)
        if padding_mode not in PADDING_MODES:
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        self._borders = borders(padding) if padding else (0, 0, 0, 0)
        left, top, right, bottom = self._borders
        self.padding = [left, right, top, bottom] if padding else None
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        rows, columns = query_size(flat_inputs)
        left, top, right, bottom = self._borders
        height, width = self.size
        rows, columns = rows + top + bottom, columns + left + right
        if self.pad_if_needed:
            more, wider = max(height - rows, 0), max(width - columns, 0)
            top, bottom, rows = top + more, bottom + more, rows + 2 * more
            left, right, columns = left + wider, right + wider, columns + 2 * wider
        if rows < height or columns < width:
            padded = "padded " if self.padding is not None else ""
            raise ValueError(
                f"Required crop size {(height, width)} is larger than {padded}input image size "
                f"{(rows, columns)}."
            )
        down = draws.integer(rows - height + 1) if rows > height else 0
        across = draws.integer(columns - width + 1) if columns > width else 0
        crop = (rows, columns) != (height, width)
        part = {"top": down, "left": across, "height": height, "width": width}
        return {"padding": [left, top, right, bottom], "part": part if crop else None}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if any(params["padding"]):
            inpt = F.pad(
                inpt, padding=params["padding"], fill=fill_for(self.fill, inpt),
                padding_mode=self.padding_mode,
            )  # fmt: skip
        return F.crop(inpt, **params["part"]) if params["part"] is not None else inpt


class RandomResizedCrop(Transform):
    """A part of random area and aspect ratio, resized."""

    get_params = staticmethod(chance.RandomResizedCrop.get_params)

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        for name, value in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(value, Sequence) or len(value) != 2:
                raise TypeError(f"{name} should be a sequence of two floats.")
        self.size = two_sizes(size)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size = query_size(flat_inputs)
        names = ("top", "left", "height", "width")
        part = chance.resized_part(size, self.scale, self.ratio)
        return dict(zip(names, part, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resized_crop(
            inpt, **params, size=self.size, interpolation=self.interpolation,
            antialias=self.antialias,
        )  # fmt: skip


class RandomRotation(Transform):
    """Rotated by a random angle."""

    get_params = staticmethod(warp.RandomRotation.get_params)

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Any = "nearest",
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = warp.angles(degrees, "degrees")
        self.interpolation = interpolation
        self.expand = expand
        self.fill = fill
        if center is not None:
            warp.sequence_of(center, "center", (2,))
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"angle": warp.RandomRotation.get_params(self.degrees)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.rotate(
            inpt, **params, interpolation=self.interpolation, expand=self.expand,
            center=self.center, fill=fill_for(self.fill, inpt),
        )  # fmt: skip


class RandomAffine(Transform):
    """Rotated, moved, scaled and sheared at random."""

    get_params = staticmethod(warp.RandomAffine.get_params)

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: Any = "nearest",
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        checked = warp.RandomAffine(degrees, translate, scale, shear)
        self.degrees = checked.degrees
        self.translate = translate
        self.scale = scale
        self.shear = checked.shear
        self.interpolation = interpolation
        self.fill = fill
        if center is not None:
            warp.sequence_of(center, "center", (2,))
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        drawn = warp.RandomAffine.get_params(
            self.degrees, self.translate, self.scale, self.shear, (width, height)
        )
        return dict(zip(("angle", "translate", "scale", "shear"), drawn, strict=True))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.affine(
            inpt, **params, interpolation=self.interpolation, fill=fill_for(self.fill, inpt),
            center=self.center,
        )  # fmt: skip


class RandomPerspective(RandomlyApplied):
    """Seen from a random side, with probability p."""

    get_params = staticmethod(warp.RandomPerspective.get_params)

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__(p=p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation
        self.fill = fill

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        start, end = warp.RandomPerspective.get_params(width, height, self.distortion_scale)
        return {"startpoints": start, "endpoints": end}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        fill = fill_for(self.fill, inpt)
        return F.perspective(inpt, **params, fill=fill, interpolation=self.interpolation)


class ElasticTransform(Transform):
    """Bent at random."""

    get_params = staticmethod(warp.ElasticTransform.get_params)

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: Any = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = warp.two_numbers(alpha, "alpha")
        self.sigma = warp.two_numbers(sigma, "sigma")
        self.interpolation = interpolation
        self.fill = fill

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size = query_size(flat_inputs)
        return {"displacement": warp.ElasticTransform.get_params(self.alpha, self.sigma, size)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        fill = fill_for(self.fill, inpt)
        return F.elastic(inpt, **params, fill=fill, interpolation=self.interpolation)
