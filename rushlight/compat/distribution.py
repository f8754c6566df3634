"""What ``importlib.metadata.version("torch")`` says where ``import torch`` gives Rushlight."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
from typing import final

from rushlight.compat.names import PACKAGES

_SHOWN = ("torch", "torchvision", "torchaudio", "torchtext")


@final
class Stand(Distribution):
    """An installed package called ``name``, of the version whose interface ours is."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        """The few lines of metadata; None for every other file."""
        if filename != "METADATA":
            return None
        version = importlib.import_module(PACKAGES[self._name]).__version__
        return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {version}\n"

    def locate_file(self, path: object) -> Path:
        """Where ``path`` would be: beside our own package."""
        return Path(__file__).parents[2] / str(path)


def stands(context: DistributionFinder.Context) -> Iterator[Stand]:
    """Those that ``context`` asks for: one by its name, or all."""
    for name in _SHOWN:
        if context.name is None or context.name.lower() == name:
            yield Stand(name)
