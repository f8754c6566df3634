"""``torch.distributed._tensor``: where libraries of 2023 look for ``torch.distributed.tensor``."""

from rushlight.distributed.tensor import *  # noqa: F403
from rushlight.distributed.tensor import __all__ as __all__
