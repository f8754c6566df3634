"""torchvision.models.quantization: left out; every name of it says so."""

from typing import Any

from rushlight.base.left_out import LeftOut


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise LeftOut(
        f"torchvision.models.quantization.{name} is left out of Rushlight: its networks hold "
        "quantised integers; torchvision.models has them of floats"
    )
