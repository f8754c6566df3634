"""``torch.version``."""

from __future__ import annotations

from rushlight.base.version import __version__

cuda = None
hip = None
git_version = None
debug = False

__all__ = ["__version__", "cuda", "debug", "git_version", "hip"]
