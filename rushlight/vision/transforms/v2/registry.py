"""A user's own kinds of tensors: what the functions of v2 do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.vision.tv_tensors import ANNOTATIONS, Image, TVTensor, Video

Kernel = Callable[..., Any]

BUILTIN = (TVTensor, Image, Video, *ANNOTATIONS)
# Functions with two names are known by one.
NAMES = {"hflip": "horizontal_flip", "vflip": "vertical_flip", "elastic": "elastic_transform"}

_kernels: dict[str, dict[type, Kernel]] = {}


def _unchanged(inpt: Any, *args: Any, **options: Any) -> Any:
    return inpt


def kernel_for(name: str, inpt: Any) -> Kernel | None:
    """What a user's kind registered, nothing to be done if nothing; None for the known kinds."""
    if not isinstance(inpt, TVTensor) or type(inpt) in BUILTIN:
        return None
    known = _kernels.get(name, {})
    for kind in type(inpt).__mro__:
        if kind in known:
            return known[kind]
        if kind in BUILTIN and kind is not TVTensor:
            return None
    return _unchanged


def register_kernel(functional: Kernel | str, tv_tensor_cls: Any) -> Callable[[Kernel], Kernel]:
    """A decorator: ``functional`` (or its name) of a ``tv_tensor_cls`` is what this computes.

    Raises ValueError for another function and for the kinds that are built in.
    """
    name = functional if isinstance(functional, str) else getattr(functional, "__name__", "")
    home = "rushlight.vision.transforms.v2"
    if not isinstance(functional, str) and not functional.__module__.startswith(home):
        raise ValueError(
            "Kernels can only be registered on functionals from the "
            f"torchvision.transforms.v2.functional namespace, but got {functional}."
        )
    if not (isinstance(tv_tensor_cls, type) and issubclass(tv_tensor_cls, TVTensor)):
        raise ValueError(
            "Kernels can only be registered for subclasses of torchvision.tv_tensors.TVTensor, "
            f"but got {tv_tensor_cls}."
        )
    if tv_tensor_cls in BUILTIN:
        raise ValueError(
            "Kernels cannot be registered for the builtin tv_tensor classes, but got "
            f"{tv_tensor_cls}"
        )
    known = _kernels.setdefault(NAMES.get(name, name), {})
    if tv_tensor_cls in known:
        raise ValueError(
            f"Functional {functional} already has a kernel registered for type {tv_tensor_cls}."
        )

    def register(kernel: Kernel) -> Kernel:
        known[tv_tensor_cls] = kernel
        return kernel

    return register
