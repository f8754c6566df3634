"""torchvision's names: data sets, transforms, models, image grids."""

from rushlight.vision import datasets, io, models, ops, transforms, tv_tensors, utils

__version__ = "0.28.0"  # whose interface this is

__all__ = [
    "datasets", "get_image_backend", "io", "models", "ops", "set_image_backend", "transforms",
    "tv_tensors", "utils",
]  # fmt: skip


def get_image_backend() -> str:
    """What reads images: "PIL"."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Nothing else than "PIL" is there. Raises ValueError for an unknown one."""
    if backend == "accimage":
        raise NotImplementedError("set_image_backend: accimage is not part of it; use PIL")
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
