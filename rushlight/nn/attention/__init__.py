"""torch.nn.attention: which kernel attention uses. There is one here, whatever is chosen."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

from rushlight.nn.attention import bias

__all__ = ["SDPBackend", "bias", "sdpa_kernel"]


class SDPBackend(enum.IntEnum):
    """PyTorch's kernels for scaled_dot_product_attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value}>"


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[None]:
    """Accepted, so that programs run; results are the same with any choice."""
    given = [backends] if isinstance(backends, SDPBackend) else list(backends)
    for backend in given:
        if not isinstance(backend, SDPBackend):
            raise AssertionError("Backend must be an instance of SDPBackend or a list of them")
    if not given:
        raise AssertionError("Backend must be an instance of SDPBackend or a list of them")
    yield
