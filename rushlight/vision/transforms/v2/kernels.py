"""The functions of v2 for one kind each: ``resize_image``, ``crop_mask``, ``pad_bounding_boxes``.

They take and give plain tensors; those of boxes and points are told the format and the image's
size, and give (values, new size) where the size may change.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rushlight.tensor import Tensor
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, Mask

Kernel = Callable[..., Any]

_IMAGE = """
    adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation adjust_sharpness
    affine autocontrast center_crop crop elastic equalize erase five_crop gaussian_blur
    gaussian_noise get_dimensions get_num_channels get_size horizontal_flip invert jpeg normalize
    pad permute_channels perspective posterize resize resized_crop rotate solarize ten_crop to_dtype
    vertical_flip
"""
# What boxes need behind their values, and whether the image changes its size. Points need the
# same without ``format`` and ``clamping_mode``.
MOVES = {
    "horizontal_flip": ("format canvas_size", False),
    "vertical_flip": ("format canvas_size", False),
    "resize": ("canvas_size size max_size=None format=XYXY clamping_mode=soft", True),
    "crop": ("format top left height width clamping_mode=soft", True),
    "center_crop": ("format canvas_size output_size clamping_mode=soft", True),
    "resized_crop": ("format top left height width size clamping_mode=soft", True),
    "pad": ("format canvas_size padding padding_mode=constant clamping_mode=soft", True),
    "rotate": ("format canvas_size angle expand=False center=None clamping_mode=soft", True),
    "affine": (
        "format canvas_size angle translate scale shear center=None clamping_mode=soft", False,
    ),
    "perspective": (
        "format canvas_size startpoints endpoints coefficients=None clamping_mode=soft", False,
    ),
    "elastic": ("format canvas_size displacement clamping_mode=soft", False),
}  # fmt: skip
_DEFAULTS = {
    "None": None, "False": False, "constant": "constant", "soft": "soft",
    "XYXY": BoundingBoxFormat.XYXY,
}  # fmt: skip
# Crops are not told how large the image was: nothing depends on it.
_ANY_SIZE = (0, 0)


def _signature(first: str, words: list[str]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(first, kind)]
    for word in words:
        name, with_default, default = word.partition("=")
        given = _DEFAULTS[default] if with_default else inspect.Parameter.empty
        parameters.append(inspect.Parameter(name, kind, default=given))
    return inspect.Signature(parameters)


def renamed(function: Kernel, first: str, without: Sequence[str] = ()) -> inspect.Signature:
    """The function's signature with another name for what it works on."""
    _, *others = inspect.signature(function).parameters.values()
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    kept = [each for each in others if each.name not in without]
    return inspect.Signature([inspect.Parameter(first, kind), *kept])


def _of_pixels(function: Kernel, first: str, kind: Any = None) -> Kernel:
    """``function`` of a plain tensor, taken for a ``kind``; ``first`` is the argument's name."""

    def kernel(*args: Any, **options: Any) -> Any:
        if first in options:
            args = (options.pop(first), *args)
        values, *args = args
        plain = Tensor.detach(values) if kind is not None else values
        made = function(plain if kind is None else kind(plain), *args, **options)
        return Tensor.detach(made) if kind is not None and isinstance(made, Tensor) else made

    without: tuple[str, ...] = () if kind is None else ("interpolation", "antialias")
    if first == "mask" and function.__name__ == "resize":
        without = ("antialias",)
    kernel.__signature__ = renamed(function, first, without)  # type: ignore[attr-defined]
    return kernel


def _of_places(function: Kernel, move: str, boxes: bool) -> Kernel:
    """``function`` of plain boxes or points."""
    text, sized = MOVES[move]
    words = text.split()
    if not boxes:
        words = [each for each in words if not each.startswith(("format", "clamping_mode"))]
        if move == "resize":
            words = ["size", "canvas_size", "max_size=None"]
    sized = sized or (move == "affine" and not boxes)
    signature = _signature("bounding_boxes" if boxes else "keypoints", words)

    def kernel(*args: Any, **options: Any) -> Any:
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        values, *rest = bound.arguments.values()
        given = dict(zip([*bound.arguments][1:], rest, strict=True))
        about = {"canvas_size": given.pop("canvas_size", _ANY_SIZE)}
        if boxes:
            about["format"] = given.pop("format")
            about["clamping_mode"] = given.pop("clamping_mode", "soft")
        plain = Tensor.detach(values)
        shape = values.shape
        moved = function((BoundingBoxes if boxes else KeyPoints)(plain, **about), **given)
        made = Tensor.detach(moved).reshape(shape)
        return (made, moved.canvas_size) if sized else made

    kernel.__signature__ = signature  # type: ignore[attr-defined]
    return kernel


def kernels(functions: Mapping[str, Any]) -> dict[str, Kernel]:
    """All of them by name, of the ``functions`` of v2."""
    made: dict[str, Kernel] = {}
    for name in (*_IMAGE.split(), "rgb_to_grayscale", "grayscale_to_rgb"):
        made[f"{name}_image"] = _of_pixels(functions[name], "image")
    for name in (*_IMAGE.split(), "get_num_frames", "uniform_temporal_subsample"):
        made[f"{name}_video"] = _of_pixels(functions[name], "video")
    for name in MOVES:
        made[f"{name}_mask"] = _of_pixels(functions[name], "mask", Mask)
        made[f"{name}_bounding_boxes"] = _of_places(functions[name], name, boxes=True)
        made[f"{name}_keypoints"] = _of_places(functions[name], name, boxes=False)
    for kind, first in (("mask", "mask"), ("bounding_boxes", "bounding_box"),
                        ("keypoints", "keypoints")):  # fmt: skip
        made[f"get_size_{kind}"] = _of_pixels(functions["get_size"], first)
    for name, kernel in made.items():
        kernel.__name__ = kernel.__qualname__ = name
        kernel.__doc__ = f"``{name}`` of plain tensors."
    return made
