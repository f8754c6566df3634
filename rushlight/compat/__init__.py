"""Programs written for PyTorch, run on Rushlight: ``import torch`` finds ``rushlight``.

    rushlight.compat.install()       # from here on, in this process
    import torch                     # the very module object ``rushlight``

``rushlight run SCRIPT`` does this for a whole script (``compat/script.py``).
"""

from __future__ import annotations

from rushlight.compat.finder import install, installed, uninstall

__all__ = ["install", "installed", "uninstall"]
