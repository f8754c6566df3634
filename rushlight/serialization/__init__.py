"""torch.save, torch.load and torch.serialization: checkpoints in PyTorch's file format."""

from rushlight.serialization.allowlist import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from rushlight.serialization.load import load
from rushlight.serialization.save import DEFAULT_PROTOCOL, save
from rushlight.serialization.survey import get_unsafe_globals_in_checkpoint

__all__ = [
    "DEFAULT_PROTOCOL",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "safe_globals",
    "save",
]
