"""``torch.testing``: comparing tensors and what holds them, and drawing some to test with."""

from rushlight.testing.compare import assert_allclose, assert_close
from rushlight.testing.draw import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]
