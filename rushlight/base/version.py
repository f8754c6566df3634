"""Rushlight's own version: the only place that says it (pyproject.toml reads it from here)."""

VERSION = "0.1.0"
# What ``torch.__version__`` gives: programs compare it, so it is that of the PyTorch whose
# interface this is, with ours behind the plus sign.
__version__ = f"2.13.0+rushlight.{VERSION}"
