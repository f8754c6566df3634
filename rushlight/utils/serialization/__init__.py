"""torch.utils.serialization: what torch.save and torch.load do unless told otherwise."""

from rushlight.utils.serialization import config

__all__ = ["config"]
