"""torchvision's names: data sets, transforms, models, image grids."""

from rushlight.vision import datasets, io, models, ops, transforms, tv_tensors, utils

__version__ = "0.28.0"  # whose interface this is

__all__ = [
    "datasets", "disable_beta_transforms_warning", "get_image_backend", "get_video_backend", "io",
    "models", "ops", "set_image_backend", "set_video_backend", "transforms", "tv_tensors", "utils",
]  # fmt: skip


def disable_beta_transforms_warning() -> None:
    """Does nothing: transforms.v2 is no longer new."""


def get_video_backend() -> str:
    """What reads films: PyAV."""
    return "pyav"


def set_video_backend(backend: str) -> None:
    """Raises ValueError for an unknown one, NotImplementedError for all but "pyav"."""
    if backend not in ("pyav", "video_reader", "cuda"):
        raise ValueError(
            f"Invalid video backend '{backend}'. Options are 'pyav', 'video_reader' and 'cuda'"
        )
    if backend != "pyav":
        raise NotImplementedError(f"set_video_backend: {backend} is not part of it")


def get_image_backend() -> str:
    """What reads images: "PIL"."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Nothing else than "PIL" is there. Raises ValueError for an unknown one."""
    if backend == "accimage":
        raise NotImplementedError("set_image_backend: accimage is not part of it; use PIL")
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
